namespace VkInfer.Kernels.Tests;

/// <summary>Seeded random activations.</summary>
internal static class TestValues
{
    /// <summary>Normal values of the given deviation, rounded to what the type can hold.</summary>
    public static float[] Normal(int count, int seed, ActivationType type = ActivationType.F32, double deviation = 1)
    {
        var random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
        {
            double value = deviation * TestWeights.Normal(random);
            values[i] = type == ActivationType.F16 ? (float)(Half)value : (float)value;
        }

        return values;
    }
}
