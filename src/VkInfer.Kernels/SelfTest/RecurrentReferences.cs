namespace VkInfer.Kernels;

/// <summary>
/// What kernels with a state compute, row after row, on the CPU in double precision. States are changed where they stand.
/// </summary>
internal static class RecurrentReferences
{
    /// <summary>A causal convolution of channels; rows [b | c | x] where it is gated.</summary>
    public static double[] Convolve(ShortConvShape shape, float[] x, float[] weights, float[]? bias, double[] state)
    {
        (int rows, int channels, int known) = (x.Length / shape.InputWidth, shape.Channels, shape.Taps - 1);
        double[] result = new double[rows * channels];
        for (int row = 0; row < rows; row++)
        {
            int at = row * shape.InputWidth;
            for (int c = 0; c < channels; c++)
            {
                double input = shape.IsGated ? (double)x[at + c] * x[at + (2 * channels) + c] : x[at + c];
                double sum = (bias?[c] ?? 0) + (weights[(c * shape.Taps) + known] * input);
                for (int tap = 0; tap < known; tap++)
                {
                    sum += weights[(c * shape.Taps) + tap] * state[(tap * channels) + c];
                    state[(tap * channels) + c] = tap + 1 < known ? state[((tap + 1) * channels) + c] : input;
                }

                result[(row * channels) + c] = shape.IsGated ? sum * x[at + channels + c] : sum / (1 + Math.Exp(-sum));
            }
        }

        return result;
    }

    /// <summary>The gated delta rule (Yang et al. 2025) of rows [q | k | v] with rates [b | a].</summary>
    public static double[] GatedDelta(GatedDeltaShape shape, float[] qkv, float[] rates, float[] decay, float[] shift, double[] state)
    {
        (int rows, int keyDim, int valueDim) = (qkv.Length / shape.InputWidth, shape.KeyDim, shape.ValueDim);
        double[] result = new double[rows * shape.ValueWidth];
        int perKey = shape.ValueHeads / shape.KeyHeads;
        for (int row = 0; row < rows; row++)
        {
            float[] input = qkv[(row * shape.InputWidth)..][..shape.InputWidth];
            float[] rate = rates[(row * shape.RateWidth)..][..shape.RateWidth];
            for (int head = 0; head < shape.ValueHeads; head++)
            {
                int keyHead = shape.IsTiled ? head % shape.KeyHeads : head / perKey;
                int b = shape.InterleavesRates ? (keyHead * 2 * perKey) + (head % perKey) : head;
                int a = b + (shape.InterleavesRates ? perKey : shape.ValueHeads);
                double[] query = Unit(input, keyHead * keyDim, keyDim);
                double[] key = Unit(input, (shape.KeyHeads + keyHead) * keyDim, keyDim);
                double kept = Math.Exp(decay[head] * Softplus(rate[a] + (double)shift[head]));
                for (int column = 0; column < valueDim; column++)
                {
                    int At(int i) => (((head * keyDim) + i) * valueDim) + column;
                    int value = (head * valueDim) + column;
                    double known = Enumerable.Range(0, keyDim).Sum(i => kept * state[At(i)] * key[i]);
                    double change = (input[(2 * shape.KeyHeads * keyDim) + value] - known) / (1 + Math.Exp(-rate[b]));
                    double sum = 0;
                    for (int i = 0; i < keyDim; i++)
                    {
                        state[At(i)] = (kept * state[At(i)]) + (key[i] * change);
                        sum += state[At(i)] * query[i];
                    }

                    result[(row * shape.ValueWidth) + value] = sum / Math.Sqrt(keyDim);
                }
            }
        }

        return result;
    }

    /// <summary>Mamba-2 (Dao and Gu 2024) of rows [x | B | C] with a rate for each head, and its bounds of time steps.</summary>
    public static double[] Mamba2(
        Mamba2Shape shape, float[] xbc, float[] rates, float[] decay, float[] shift, float[] skip, double[] state)
    {
        int rows = xbc.Length / shape.InputWidth;
        double[] result = new double[rows * shape.InnerWidth];
        for (int row = 0; row < rows; row++)
        {
            float[] input = xbc[(row * shape.InputWidth)..][..shape.InputWidth];
            for (int head = 0; head < shape.Heads; head++)
            {
                int group = head * shape.Groups / shape.Heads;
                int b = shape.InnerWidth + (group * shape.StateDim);
                int c = b + (shape.Groups * shape.StateDim);
                double time = Math.Clamp(
                    Softplus(rates[(row * shape.Heads) + head] + (double)shift[head]), shape.LeastStep, shape.MostStep);
                double kept = Math.Exp(decay[head] * time);
                for (int column = 0; column < shape.HeadDim; column++)
                {
                    double x = input[(head * shape.HeadDim) + column];
                    double sum = skip[head] * x;
                    for (int i = 0; i < shape.StateDim; i++)
                    {
                        int at = (((head * shape.StateDim) + i) * shape.HeadDim) + column;
                        state[at] = (kept * state[at]) + (time * x * input[b + i]);
                        sum += state[at] * input[c + i];
                    }

                    result[(row * shape.InnerWidth) + (head * shape.HeadDim) + column] = sum;
                }
            }
        }

        return result;
    }

    private static double Softplus(double x) => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x)));

    private static double[] Unit(float[] values, int first, int count)
    {
        float[] part = values[first..][..count];
        double length = Math.Sqrt(part.Sum(value => (double)value * value) + 1e-6);
        return [.. part.Select(value => value / length)];
    }
}
