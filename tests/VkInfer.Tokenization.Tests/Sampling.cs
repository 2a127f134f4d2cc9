using System.Text.Json;
using CsCheck;

namespace VkInfer.Tokenization.Tests;

/// <summary>Property tests that see the same samples in each run.</summary>
internal static class Sampling
{
    public static void Check<T>(this Gen<T> generator, int count, Func<T, bool> holds)
    {
        var random = new PCG(1, 20_240_229);
        for (int i = 0; i < count; i++)
        {
            T? sample = generator.Generate(random, null, out _);
            if (!holds(sample))
            {
                Assert.Fail($"sample {i}: {JsonSerializer.Serialize(sample, JsonSerializerOptions.Default)}");
            }
        }
    }
}
