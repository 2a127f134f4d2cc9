using System.Collections;

namespace VkInfer;

/// <summary>Texts in their order. A copy that nobody changes, compared by what is in it.</summary>
internal sealed class TextList : IReadOnlyList<string>, IEquatable<TextList>
{
    private readonly string[] _texts;

    private TextList(IEnumerable<string> texts) => _texts = [.. texts];

    public int Count => _texts.Length;

    public string this[int index] => _texts[index];

    /// <summary>The texts, copied unless nobody can change them.</summary>
    public static TextList Of(IReadOnlyList<string> texts) => texts as TextList ?? new TextList(texts);

    public bool Equals(TextList? other) => other is not null && _texts.AsSpan().SequenceEqual(other._texts);

    public override bool Equals(object? obj) => Equals(obj as TextList);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (string text in _texts)
        {
            hash.Add(text, StringComparer.Ordinal);
        }

        return hash.ToHashCode();
    }

    public override string ToString() => string.Join(", ", _texts.Select(text => $"\"{text}\""));

    public IEnumerator<string> GetEnumerator() => ((IEnumerable<string>)_texts).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _texts.GetEnumerator();
}
