using System.Text;

namespace VkInfer.Formats;

/// <summary>
/// An array of strings as the bytes that the file holds, in one block of memory. Tokens of byte-level vocabularies need not be valid
/// UTF-8, so the bytes are the truth and <see cref="GetString"/> is for display. Immutable; safe to use from any thread and after the
/// file is closed.
/// </summary>
public sealed class GgufByteStrings
{
    private readonly byte[] _bytes;
    private readonly int[] _ends;

    internal GgufByteStrings(byte[] bytes, int[] ends)
    {
        _bytes = bytes;
        _ends = ends;
    }

    /// <summary>Number of strings.</summary>
    public int Count => _ends.Length;

    /// <summary>The bytes of a string, unchanged.</summary>
    /// <exception cref="IndexOutOfRangeException">The index is not within [0, <see cref="Count"/>).</exception>
    public ReadOnlySpan<byte> this[int index]
    {
        get
        {
            int end = _ends[index];
            int start = index == 0 ? 0 : _ends[index - 1];
            return _bytes.AsSpan(start, end - start);
        }
    }

    /// <summary>A string decoded as UTF-8; invalid sequences become U+FFFD.</summary>
    /// <exception cref="IndexOutOfRangeException">The index is not within [0, <see cref="Count"/>).</exception>
    public string GetString(int index) => Encoding.UTF8.GetString(this[index]);
}
