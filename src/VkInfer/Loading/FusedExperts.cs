using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>
/// One half of a tensor in which each expert's gate and up matrices stand behind one another, as transformers 5 and some GGUF files store
/// them: [experts, 2 × width, hidden]. Here a tensor of each is planned.
/// </summary>
/// <param name="Stored">The tensor with both.</param>
/// <param name="Part">The half under GGUF's name.</param>
/// <param name="Index">0: gate; 1: up.</param>
internal sealed record FusedExperts(GgufTensor Stored, GgufTensor Part, int Index)
{
    private const string Fused = ".ffn_gate_up_exps";
    private static readonly string[] Halves = [".ffn_gate_exps", ".ffn_up_exps"];

    /// <summary>Whether a GGUF name without <c>.weight</c> is that of a parameter that transformers saves without that, too.</summary>
    public static bool HasNoSuffix(string name) => name.EndsWith("_exps", StringComparison.Ordinal);

    /// <summary>The halves of a tensor under GGUF's name; null where it is none of these.</summary>
    public static FusedExperts[]? Split(GgufTensor tensor)
    {
        if (!tensor.Name.EndsWith(Fused + ".weight", StringComparison.Ordinal)
            || tensor.Dimensions is not [var hidden, var rows, var experts] || rows % 2 != 0)
        {
            return null;
        }

        return
        [
            .. Halves.Select((half, index) => new FusedExperts(
                tensor,
                tensor with
                {
                    Name = tensor.Name.Replace(Fused, half, StringComparison.Ordinal),
                    Dimensions = [hidden, rows / 2, experts],
                    ByteSize = tensor.ByteSize / 2,
                },
                index)),
        ];
    }

    /// <summary>Reads bytes of the half, expert by expert.</summary>
    public void Read(IWeightSource file, long offset, Span<byte> destination)
    {
        if (offset < 0 || offset > Part.ByteSize - destination.Length)
        {
            throw new ArgumentOutOfRangeException(
                nameof(offset), $"{destination.Length} bytes at {offset} lie outside {Part} of {Part.ByteSize} bytes");
        }

        long size = Part.ByteSize / Part.Dimensions[2];
        while (destination.Length > 0)
        {
            (long expert, long within) = Math.DivRem(offset, size);
            int length = (int)Math.Min(destination.Length, size - within);
            file.ReadTensor(Stored, (((2 * expert) + Index) * size) + within, destination[..length]);
            offset += length;
            destination = destination[length..];
        }
    }
}
