using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests;

/// <summary>
/// No shader has a constant that is an infinity or a NaN: a compiler may reason as if there were none, and folds comparisons with them.
/// </summary>
[Category("Host")]
public sealed class FiniteConstantTests
{
    private const uint TypeFloat = 22;
    private const uint Constant = 43;
    private const uint Bitcast = 124;
    private const uint Exponent = 0x7F80_0000;

    // Poisons a row on purpose, and compares nothing with it.
    private static bool MayHaveNaN(string name) => name.StartsWith("attention_prefill_", StringComparison.Ordinal);

    [Test]
    public void Constants_are_finite() => Assert.That(
        ShaderLibrary.Names.Where(name => !MayHaveNaN(name) && HasOther(ShaderLibrary.Get(name))), Is.Empty);

    // A constant float32, or bits that become one.
    private static bool HasOther(ShaderCode shader)
    {
        ReadOnlySpan<uint> words = MemoryMarshal.Cast<byte, uint>(shader.SpirV.ToArray());
        (HashSet<uint> floats, HashSet<uint> suspects) = ([], []);
        for (int at = 5; at < words.Length; at += (int)(words[at] >> 16))
        {
            switch (words[at] & 0xFFFF)
            {
                case TypeFloat when words[at + 2] == 32:
                    floats.Add(words[at + 1]);
                    break;
                case Constant when (words[at + 3] & Exponent) == Exponent:
                    if (floats.Contains(words[at + 1]))
                    {
                        return true;
                    }

                    suspects.Add(words[at + 2]);
                    break;
                case Bitcast when floats.Contains(words[at + 1]) && suspects.Contains(words[at + 3]):
                    return true;
            }
        }

        return false;
    }
}
