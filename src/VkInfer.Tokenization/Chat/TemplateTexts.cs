using System.Text;

namespace VkInfer.Tokenization;

/// <summary>The texts that stand in a Jinja template: between its tags, and as string literals within them.</summary>
internal sealed class TemplateTexts
{
    private const char Separator = '\0';

    private static readonly string[] Roles = ["system", "user", "assistant", "tool", "model", "human", "bot", "developer", "function"];

    private readonly string _source;
    private readonly StringBuilder _all = new(Separator.ToString());
    private readonly HashSet<string> _lookedFor = new(StringComparer.Ordinal);

    public TemplateTexts(string source)
    {
        _source = source;
        Read();
        All = _all.ToString();
    }

    /// <summary>All texts, with U+0000 around each.</summary>
    public string All { get; }

    /// <summary>
    /// Whether the template can write a text that is more than white space: it stands there as a whole, or one text ends with what is
    /// before the name of a role in it, and one begins with what is behind.
    /// </summary>
    public bool Writes(string text)
    {
        if (text.All(c => char.IsWhiteSpace(c) || c == SentencePieceNormalizer.Space))
        {
            return false;
        }

        return All.Contains(text, StringComparison.Ordinal) || Array.Exists(Roles, role => WritesAround(text, role));
    }

    /// <summary>Whether the template looks for a text in what it is given: by <c>in</c>, or as the argument of a method.</summary>
    public bool LooksFor(string text) => _lookedFor.Contains(text);

    /// <summary>Names of roles in brackets that the template can put together.</summary>
    public IEnumerable<string> Joined() =>
        from role in Roles
        from name in (string[])[role, role.ToUpperInvariant(), char.ToUpperInvariant(role[0]) + role[1..]]
        from brackets in ((string Open, string Close)[])[("<", ">"), ("<|", "|>"), ("<\uFF5C", "\uFF5C>"), ("[", "]")]
        let text = brackets.Open + name + brackets.Close
        where WritesAround(text, name)
        select text;

    private bool WritesAround(string text, string role)
    {
        int at = text.IndexOf(role, StringComparison.OrdinalIgnoreCase);
        if (at < 0 || text.Length == role.Length)
        {
            return false;
        }

        return All.Contains(text[..at] + Separator, StringComparison.Ordinal)
            && All.Contains(Separator + text[(at + role.Length)..], StringComparison.Ordinal);
    }

    private void Read()
    {
        int at = 0;
        while (at < _source.Length)
        {
            int tag = NextTag(at);
            _all.Append(_source, at, tag - at).Append(Separator);
            at = tag < _source.Length ? ReadTag(tag) : tag;
        }
    }

    private int NextTag(int from)
    {
        for (int at = _source.IndexOf('{', from); at >= 0 && at + 1 < _source.Length; at = _source.IndexOf('{', at + 1))
        {
            if (_source[at + 1] is '{' or '%' or '#')
            {
                return at;
            }
        }

        return _source.Length;
    }

    /// <summary>Reads the strings within a tag; returns where it ends.</summary>
    private int ReadTag(int start)
    {
        string end = _source[start + 1] switch { '{' => "}}", '%' => "%}", _ => "#}" };
        if (end == "#}")
        {
            int close = _source.IndexOf(end, start + 2, StringComparison.Ordinal);
            return close < 0 ? _source.Length : close + 2;
        }

        for (int at = start + 2; at < _source.Length; at++)
        {
            if (string.CompareOrdinal(_source, at, end, 0, 2) == 0)
            {
                return at + 2;
            }

            if (_source[at] is '\'' or '"')
            {
                at = ReadString(at);
            }
        }

        return _source.Length;
    }

    /// <summary>Reads a string literal; returns the place of its closing quote.</summary>
    private int ReadString(int start)
    {
        var text = new StringBuilder();
        int at = start + 1;
        for (; at < _source.Length && _source[at] != _source[start]; at++)
        {
            if (_source[at] != '\\' || at + 1 >= _source.Length)
            {
                text.Append(_source[at]);
                continue;
            }

            at++;
            bool isUnicode = _source[at] == 'u' && at + 4 < _source.Length
                && ushort.TryParse(_source.AsSpan(at + 1, 4), System.Globalization.NumberStyles.AllowHexSpecifier, null, out _);
            if (isUnicode)
            {
                text.Append((char)Convert.ToUInt16(_source.Substring(at + 1, 4), 16));
                at += 4;
                continue;
            }

            text.Append(_source[at] switch { 'n' => '\n', 't' => '\t', 'r' => '\r', var other => other });
        }

        _all.Append(text).Append(Separator);
        if (IsLookedFor(start, at + 1))
        {
            _lookedFor.Add(text.ToString());
        }

        return at;
    }

    private bool IsLookedFor(int start, int end)
    {
        ReadOnlySpan<char> before = _source.AsSpan(0, start).TrimEnd();
        ReadOnlySpan<char> after = end < _source.Length ? _source.AsSpan(end).TrimStart() : default;
        if (after.StartsWith("in ", StringComparison.Ordinal) || after.StartsWith("not in ", StringComparison.Ordinal))
        {
            return true;
        }

        // .split('…') and its like: the bracket of a method before it
        if (before is not [.., '('])
        {
            return false;
        }

        before = before[..^1];
        int name = before.Length;
        while (name > 0 && (char.IsAsciiLetterOrDigit(before[name - 1]) || before[name - 1] == '_'))
        {
            name--;
        }

        return name > 0 && name < before.Length && before[name - 1] == '.';
    }
}
