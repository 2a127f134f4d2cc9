using System.Globalization;
using System.Text;
using VkInfer.Grammar.Automata;

namespace VkInfer.Grammar;

/// <summary>Reads the rules of a GBNF text by recursive descent.</summary>
internal sealed class GbnfParser(string text)
{
    private const string RootName = "root";

    private readonly RuleSet _rules = new();
    private readonly Dictionary<string, int> _names = [];
    private int _at;
    private int _line = 1;
    private int _nesting;

    private string Location => $"line {_line}";

    private char Current => _at < text.Length ? text[_at] : '\0';

    /// <summary>Reads all rules; the first of the set is <c>root</c>.</summary>
    public RuleSet Parse()
    {
        Rule(RootName);
        SkipSpace();
        while (_at < text.Length)
        {
            string location = Location;
            string name = Name() ?? throw Expected("a rule's name");
            SkipSpace();
            if (!TryTake("::="))
            {
                throw Expected($"'::=' after '{name}'");
            }

            int rule = Rule(name);
            if (_rules[rule].Body is not null)
            {
                throw new GrammarException(location, $"rule '{name}' is defined again; the first is in {_rules[rule].Location}");
            }

            SkipSpace();
            _rules.Define(rule, location, Alternatives());
        }

        for (int rule = 0; rule < _rules.Count; rule++)
        {
            if (_rules[rule].Body is null)
            {
                throw new GrammarException(rule == 0 ? "" : _rules[rule].Location, $"rule '{_rules[rule].Name}' is not defined");
            }
        }

        return _rules;
    }

    private int Rule(string name)
    {
        if (!_names.TryGetValue(name, out int rule))
        {
            rule = _rules.Add(name, Location);
            _names.Add(name, rule);
        }

        return rule;
    }

    private Expression Alternatives()
    {
        if (++_nesting > Limits.Nesting)
        {
            throw new GrammarException(Location, $"groups are nested deeper than {Limits.Nesting}");
        }

        var alternatives = new List<Expression> { Sequence() };
        while (TryTake("|"))
        {
            SkipSpace();
            alternatives.Add(Sequence());
        }

        _nesting--;
        return alternatives.Count == 1 ? alternatives[0] : new Expression.Choice(alternatives);
    }

    private Expression Sequence()
    {
        var parts = new List<Expression>();
        while (Item() is { } item)
        {
            parts.Add(Repetitions(item));
        }

        return parts.Count == 1 ? parts[0] : new Expression.Sequence(parts);
    }

    /// <summary>One literal, class, group or name; null where the sequence ends.</summary>
    private Expression? Item()
    {
        switch (Current)
        {
            case '"':
                return Literal();
            case '[':
                return Class();
            case '.':
                _at++;
                return new Expression.CodePoints(Utf8Ranges.Complement([]));
            case '(':
                _at++;
                SkipSpace();
                Expression group = Alternatives();
                return TryTake(")") ? group : throw Expected("')'");
            default:
                return Reference();
        }
    }

    /// <summary>A rule's name, unless it is the start of the next rule.</summary>
    private Expression.Reference? Reference()
    {
        (int at, int line) = (_at, _line);
        if (Name() is not { } name)
        {
            return null;
        }

        int end = _at;
        int endLine = _line;
        SkipSpace();
        bool isDefinition = text.AsSpan(_at).StartsWith("::=");
        (_at, _line) = isDefinition ? (at, line) : (end, endLine);
        return isDefinition ? null : new Expression.Reference(Rule(name));
    }

    private Expression Repetitions(Expression item)
    {
        for (int chained = 0; ; chained++)
        {
            SkipSpace();
            (int Min, int? Max)? times = Current switch
            {
                '*' => (0, null),
                '+' => (1, null),
                '?' => (0, 1),
                '{' => Counts(),
                _ => null,
            };
            if (times is not { } found)
            {
                return item;
            }

            if (chained == Limits.Nesting)
            {
                throw new GrammarException(Location, $"more than {Limits.Nesting} repetitions of one another");
            }

            _at++;
            item = item.Times(found.Min, found.Max);
        }
    }

    /// <summary>{m}, {m,} or {m,n}; stops at the closing brace.</summary>
    private (int Min, int? Max) Counts()
    {
        _at++;
        SkipSpace();
        int min = Number();
        int? max = min;
        SkipSpace();
        if (TryTake(","))
        {
            SkipSpace();
            max = char.IsAsciiDigit(Current) ? Number() : null;
            SkipSpace();
        }

        if (Current != '}')
        {
            throw Expected("'}'");
        }

        return max is null || max >= min
            ? (min, max)
            : throw new GrammarException(Location, $"{{{min},{max}}} repeats at most less often than at least");
    }

    private int Number()
    {
        int start = _at;
        while (char.IsAsciiDigit(Current))
        {
            _at++;
        }

        ReadOnlySpan<char> digits = text.AsSpan(start, _at - start);
        if (digits.IsEmpty)
        {
            throw Expected("a number");
        }

        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value <= Limits.Repetitions
            ? value
            : throw new GrammarException(Location, $"{Shown(digits)} repetitions are more than {Limits.Repetitions}");
    }

    private Expression.Literal Literal()
    {
        _at++;
        var bytes = new List<byte>();
        Span<byte> utf8 = stackalloc byte[4];
        while (Current != '"')
        {
            Rune rune = Character("'\"'");
            bytes.AddRange(utf8[..rune.EncodeToUtf8(utf8)]);
        }

        _at++;
        return new Expression.Literal(bytes.ToArray());
    }

    private Expression.CodePoints Class()
    {
        _at++;
        bool isComplement = TryTake("^");
        var ranges = new List<(int First, int Last)>();
        while (Current != ']')
        {
            int first = Character("']'").Value;
            int last = first;
            if (Current == '-' && _at + 1 < text.Length && text[_at + 1] != ']')
            {
                _at++;
                last = Character("']'").Value;
            }

            if (last < first)
            {
                throw new GrammarException(Location, $"the range U+{first:X4} to U+{last:X4} is backwards");
            }

            ranges.Add((first, last));
        }

        _at++;
        return new Expression.CodePoints(isComplement ? Utf8Ranges.Complement(ranges) : Utf8Ranges.Normalize(ranges));
    }

    /// <summary>One character of a literal or class, escaped or not.</summary>
    private Rune Character(string end)
    {
        if (_at >= text.Length || text[_at] == '\n')
        {
            throw Expected(end);
        }

        if (text[_at] != '\\')
        {
            if (Rune.DecodeFromUtf16(text.AsSpan(_at), out Rune rune, out int length) != System.Buffers.OperationStatus.Done)
            {
                throw new GrammarException(Location, "a lone surrogate is no character");
            }

            _at += length;
            return rune;
        }

        _at++;
        char escape = Current;
        _at++;
        return escape switch
        {
            'n' => new Rune('\n'),
            'r' => new Rune('\r'),
            't' => new Rune('\t'),
            '\\' or '"' or '[' or ']' or '-' or '^' => new Rune(escape),
            'x' => Hexadecimal(2),
            'u' => Hexadecimal(4),
            'U' => Hexadecimal(8),
            _ => throw new GrammarException(Location, $"unknown escape '\\{Shown(escape)}'"),
        };
    }

    private Rune Hexadecimal(int digits)
    {
        if (_at + digits > text.Length
            || !uint.TryParse(text.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint value))
        {
            throw Expected($"{digits} hexadecimal digits");
        }

        _at += digits;
        return Rune.IsValid(value) ? new Rune(value) : throw new GrammarException(Location, $"U+{value:X4} is no character");
    }

    private string? Name()
    {
        int start = _at;
        while (char.IsAsciiLetterOrDigit(Current) || Current is '-' or '_')
        {
            _at++;
        }

        return _at > start ? text[start.._at] : null;
    }

    private void SkipSpace()
    {
        for (; _at < text.Length; _at++)
        {
            if (text[_at] == '#')
            {
                int end = text.IndexOf('\n', _at);
                _at = end < 0 ? text.Length : end;
            }

            if (_at < text.Length && text[_at] == '\n')
            {
                _line++;
            }
            else if (_at == text.Length || !char.IsWhiteSpace(text[_at]))
            {
                break;
            }
        }
    }

    private bool TryTake(string token)
    {
        bool found = text.AsSpan(_at).StartsWith(token, StringComparison.Ordinal);
        _at += found ? token.Length : 0;
        return found;
    }

    private GrammarException Expected(string what) =>
        new(Location, $"expected {what}, found {(_at < text.Length ? $"'{Shown(text[_at])}'" : "the end")}");

    private static string Shown(ReadOnlySpan<char> digits) => digits.Length <= 20 ? digits.ToString() : $"{digits[..20]}…";

    private static string Shown(char c) => char.IsControl(c) || char.IsSurrogate(c) ? $"U+{(int)c:X4}" : c.ToString();
}
