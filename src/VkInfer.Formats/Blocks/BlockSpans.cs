namespace VkInfer.Formats.Blocks;

/// <summary>Checks that elements and bytes are the same number of whole blocks.</summary>
internal static class BlockSpans
{
    public static void Check(GgufTensorType type, int elements, int bytes, string parameter)
    {
        int size = GgufTensorTypes.BlockSize(type);
        if (elements % size != 0)
        {
            throw new ArgumentException($"{elements} elements of {type}: expected a multiple of {size}", parameter);
        }

        long expected = (long)elements / size * GgufTensorTypes.BlockBytes(type);
        if (bytes != expected)
        {
            throw new ArgumentException($"{elements} elements of {type}: expected {expected} bytes, got {bytes}", parameter);
        }
    }
}
