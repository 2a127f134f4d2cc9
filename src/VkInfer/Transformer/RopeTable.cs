namespace VkInfer.Transformer;

/// <summary>
/// The rotary embedding as a table: entry [position, pair] holds (cos, sin) of position · θ^(−2·pair/RotaryDim), computed in
/// double precision so that far positions keep their angle. Source: Su et al., "RoFormer", eq. 15.
/// </summary>
internal static class RopeTable
{
    /// <summary>Computes the table.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="positions">Number of positions.</param>
    /// <param name="frequencyFactors">One divisor per pair, or empty.</param>
    /// <returns>Float32 [positions, RotaryDim / 2, 2].</returns>
    public static float[] Compute(ModelConfig config, int positions, ReadOnlySpan<float> frequencyFactors)
    {
        int pairs = config.RotaryDim / 2;
        var table = new float[checked(positions * pairs * 2)];
        var frequencies = new double[pairs];
        for (int pair = 0; pair < pairs; pair++)
        {
            double factor = frequencyFactors.IsEmpty ? 1.0 : frequencyFactors[pair];
            frequencies[pair] = Math.Pow(config.RopeTheta, -2.0 * pair / config.RotaryDim) / factor / config.RopeLinearFactor;
        }

        for (int position = 0; position < positions; position++)
        {
            for (int pair = 0; pair < pairs; pair++)
            {
                (double sin, double cos) = Math.SinCos(position * frequencies[pair]);
                int at = ((position * pairs) + pair) * 2;
                table[at] = (float)cos;
                table[at + 1] = (float)sin;
            }
        }

        return table;
    }
}
