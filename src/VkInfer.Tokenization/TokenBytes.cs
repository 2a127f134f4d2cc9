namespace VkInfer.Tokenization;

/// <summary>What each token stands for in text, as bytes, in one buffer.</summary>
internal sealed class TokenBytes
{
    private readonly byte[] _bytes;
    private readonly int[] _ends;

    private TokenBytes(byte[] bytes, int[] ends)
    {
        _bytes = bytes;
        _ends = ends;
    }

    public ReadOnlySpan<byte> this[int id]
    {
        get
        {
            int start = id == 0 ? 0 : _ends[id - 1];
            return _bytes.AsSpan(start, _ends[id] - start);
        }
    }

    /// <summary>Collects the bytes that <paramref name="append"/> adds for each id.</summary>
    public static TokenBytes Build(int count, Action<int, List<byte>> append)
    {
        var bytes = new List<byte>(count * 8);
        int[] ends = new int[count];
        for (int id = 0; id < count; id++)
        {
            append(id, bytes);
            ends[id] = bytes.Count;
        }

        return new TokenBytes([.. bytes], ends);
    }
}
