using System.Text;

namespace VkInfer.Jinja;

/// <summary>Builds a string within the limits.</summary>
internal sealed class TextBuilder(Budget budget)
{
    private readonly StringBuilder _text = new();

    public int Length => _text.Length;

    public TextBuilder Append(ReadOnlySpan<char> text)
    {
        Count(text.Length);
        _text.Append(text);
        return this;
    }

    public TextBuilder Append(char character) => Append(character, 1);

    public TextBuilder Append(char character, long count)
    {
        if (count > 0)
        {
            Count(count);
            _text.Append(character, (int)count);
        }

        return this;
    }

    public override string ToString() => _text.ToString();

    private void Count(long added)
    {
        if (_text.Length + added > budget.Limits.TextLength)
        {
            budget.Text(_text.Length + added);
        }

        budget.Text(added);
    }
}
