using System.Globalization;
using System.Text;
using VkInfer.Grammar.Automata;

namespace VkInfer.Grammar.Patterns;

/// <summary>Reads a regular expression by recursive descent.</summary>
/// <param name="pattern">The text.</param>
/// <param name="at">Its place, for messages.</param>
/// <param name="wide">Whether classes are read as widely as any validator reads them.</param>
internal sealed class PatternReader(string pattern, string at, bool wide)
{
    private const int MostRepetitions = 10_000;
    private const int MostNesting = 100;

    private readonly List<(Expression, bool)> _ahead = [];
    private int _at;
    private int _nesting;
    private bool _isWide = wide;
    private bool _isAtStart;

    private bool IsEnd => _at >= pattern.Length;

    private char Current => pattern[_at];

    /// <summary>Reads all of it.</summary>
    /// <exception cref="GrammarException">It is no pattern, or asks for what no automaton has.</exception>
    public Result Read()
    {
        Expression body = Alternatives();
        if (!IsEnd)
        {
            throw Fault("a bracket closes that was not opened");
        }

        return _ahead.Count > 0 && body is Expression.Choice { Alternatives.Count: > 1 }
            ? throw Unsupported("a lookahead beside '|'")
            : new Result(body, _ahead);
    }

    private Expression Alternatives()
    {
        if (++_nesting > MostNesting)
        {
            throw Fault($"groups are nested deeper than {MostNesting}");
        }

        var alternatives = new List<Expression> { Sequence() };
        while (!IsEnd && Current == '|')
        {
            _at++;
            alternatives.Add(Sequence());
        }

        _nesting--;
        return alternatives.Count == 1 ? alternatives[0] : new Expression.Choice(alternatives);
    }

    private Expression.Sequence Sequence()
    {
        var parts = new List<Expression>();
        while (!IsEnd && Current is not ('|' or ')'))
        {
            bool isStart = Current == '^' && _at == 0;
            if (Atom() is { } atom)
            {
                parts.Add(Repeated(atom));
                _isAtStart = isStart;
            }
        }

        return new Expression.Sequence(parts);
    }

    /// <summary>One piece without its quantifier; null for a lookahead, which is kept apart.</summary>
    private Expression? Atom()
    {
        char first = pattern[_at++];
        switch (first)
        {
            case '^':
                return new Expression.Anchor(IsEnd: false);
            case '$':
                // Elsewhere a line end may follow: what must not match may have one.
                return _isWide
                    ? Expression.Of(Expression.Text("\n").Optional(), new Expression.Anchor(IsEnd: true))
                    : new Expression.Anchor(IsEnd: true);
            case '.':
                return new Expression.CodePoints(CharacterClasses.Dot(_isWide));
            case '(':
                return Group();
            case '[':
                return new Expression.CodePoints(Class());
            case '\\':
                return Escaped();
            case '*' or '+' or '?':
                throw Fault($"'{first}' has nothing to repeat");
            default:
                int code = first;
                if (char.IsHighSurrogate(first) && !IsEnd && char.IsLowSurrogate(Current))
                {
                    code = char.ConvertToUtf32(first, pattern[_at++]);
                }

                return Expression.Class((code, code));
        }
    }

    private Expression Repeated(Expression atom)
    {
        while (!IsEnd && TryQuantifier(out int min, out int? max))
        {
            atom = atom is Expression.Anchor ? throw Fault("an anchor is repeated") : atom.Times(min, max);
        }

        return atom;
    }

    private bool TryQuantifier(out int min, out int? max)
    {
        (min, max) = (0, null);
        int start = _at;
        switch (Current)
        {
            case '*':
                _at++;
                break;
            case '+':
                (min, _at) = (1, _at + 1);
                break;
            case '?':
                (max, _at) = (1, _at + 1);
                break;
            case '{' when TryBraces(out min, out max):
                break;
            default:
                _at = start;
                return false;
        }

        // Lazy ones match the same texts.
        if (!IsEnd && Current == '?')
        {
            _at++;
        }

        return true;
    }

    private bool TryBraces(out int min, out int? max)
    {
        (min, max) = (0, null);
        int close = pattern.IndexOf('}', _at);
        string[] counts = close < 0 ? [] : pattern[(_at + 1)..close].Split(',');
        bool isCount = counts.Length is 1 or 2 && counts[0].Length > 0 && counts.All(count => count.All(char.IsAsciiDigit));
        if (!isCount)
        {
            return false;
        }

        min = Count(counts[0]);
        max = counts.Length == 1 ? min : counts[1].Length > 0 ? Count(counts[1]) : null;
        _at = close + 1;
        return max is null || max >= min ? true : throw Fault($"'{{{string.Join(',', counts)}}}' has its bounds the wrong way round");
    }

    private int Count(string digits) => int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int count)
        && count <= MostRepetitions ? count : throw Fault($"a repetition of more than {MostRepetitions} times");

    private Expression? Group()
    {
        if (IsEnd || Current != '?')
        {
            return Closed(Alternatives());
        }

        string rest = pattern[_at..];
        if (rest.StartsWith("?:", StringComparison.Ordinal))
        {
            _at += 2;
            return Closed(Alternatives());
        }

        if (rest.StartsWith("?=", StringComparison.Ordinal) || rest.StartsWith("?!", StringComparison.Ordinal))
        {
            return Ahead(rest[1] == '!');
        }

        int name = rest.IndexOf('>', StringComparison.Ordinal);
        if (rest.StartsWith("?<", StringComparison.Ordinal) && rest is not ['?', '<', '=' or '!', ..] && name > 2)
        {
            _at += name + 1;
            return Closed(Alternatives());
        }

        throw Unsupported($"the group '({rest[..Math.Min(3, rest.Length)]}'");
    }

    private Expression? Ahead(bool isNegated)
    {
        if (!_isAtStart || _nesting > 1)
        {
            throw Unsupported("a lookahead that is not behind a leading '^'");
        }

        _at += 2;
        _isWide ^= isNegated;
        _ahead.Add((Closed(Alternatives()), isNegated));
        _isWide ^= isNegated;
        _isAtStart = true;
        return null;
    }

    private Expression Closed(Expression group)
    {
        if (IsEnd || Current != ')')
        {
            throw Fault("a group does not end");
        }

        _at++;
        return group;
    }

    private Expression.CodePoints Escaped()
    {
        char letter = IsEnd ? throw Fault("it ends with a backslash") : Current;
        return letter switch
        {
            'b' or 'B' => throw Unsupported($"'\\{letter}'"),
            >= '1' and <= '9' or 'k' => throw Unsupported("a reference to a group"),
            _ => new Expression.CodePoints(Escape()),
        };
    }

    /// <summary>What an escape stands for, behind its backslash.</summary>
    private List<(int First, int Last)> Escape()
    {
        char letter = pattern[_at++];
        return letter switch
        {
            'd' or 'D' or 'w' or 'W' or 's' or 'S' => CharacterClasses.Escape(letter, _isWide),
            'p' or 'P' => Property(letter == 'P'),
            't' => One('\t'),
            'n' => One('\n'),
            'r' => One('\r'),
            'f' => One('\f'),
            'v' => One('\v'),
            '0' => One('\0'),
            'x' => One(Hex(2)),
            'u' => One(Unicode()),
            'c' when !IsEnd && char.IsAsciiLetter(Current) => One(pattern[_at++] % 32),
            _ when !char.IsAsciiLetterOrDigit(letter) => One(letter),
            _ => throw Unsupported($"'\\{letter}'"),
        };

        static List<(int First, int Last)> One(int code) => [(code, code)];
    }

    private int Unicode()
    {
        if (!IsEnd && Current == '{')
        {
            int close = pattern.IndexOf('}', _at);
            bool isCode = int.TryParse(
                pattern.AsSpan(_at + 1, Math.Max(0, close - _at - 1)), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
                out int value) && Rune.IsValid(value);
            _at = close + 1;
            return isCode ? value : throw Fault("'\\u{…}' is no code point");
        }

        int unit = Hex(4);
        if (char.IsHighSurrogate((char)unit) && string.CompareOrdinal(pattern, _at, "\\u", 0, 2) == 0)
        {
            _at += 2;
            int low = Hex(4);
            return char.IsLowSurrogate((char)low) ? char.ConvertToUtf32((char)unit, (char)low) : throw Fault("a lone surrogate");
        }

        return char.IsSurrogate((char)unit) ? throw Fault("a lone surrogate") : unit;
    }

    private int Hex(int digits)
    {
        int value = 0;
        bool isHex = _at + digits <= pattern.Length && int.TryParse(
            pattern.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
        _at += digits;
        return isHex ? value : throw Fault($"an escape needs {digits} hexadecimal digits");
    }

    private List<(int First, int Last)> Property(bool isNegated)
    {
        int close = IsEnd || Current != '{' ? -1 : pattern.IndexOf('}', _at);
        string name = close < 0 ? "" : pattern[(_at + 1)..close];
        _at = close + 1;
        name = name.StartsWith("gc=", StringComparison.Ordinal) ? name[3..] : name;
        List<(int First, int Last)> category = CharacterClasses.Category(name) ?? throw Unsupported($"the category '{name}'");
        return isNegated ? CharacterClasses.Not(category, _isWide)
            : _isWide ? category
            : Utf8Ranges.Complement(CharacterClasses.Not(category, false).Append((CharacterClasses.LastUnit + 1, Utf8Ranges.MaxCodePoint)));
    }

    private List<(int First, int Last)> Class()
    {
        bool isNegated = !IsEnd && Current == '^';
        _at += isNegated ? 1 : 0;
        var ranges = new List<(int First, int Last)>();

        // What a negated class leaves out is read the other way round.
        _isWide ^= isNegated;
        while (!IsEnd && Current != ']')
        {
            List<(int First, int Last)> first = ClassPart();
            bool isRange = first is [var from] && from.First == from.Last && _at + 1 < pattern.Length && Current == '-'
                && pattern[_at + 1] != ']';
            if (!isRange)
            {
                ranges.AddRange(first);
                continue;
            }

            _at++;
            List<(int First, int Last)> last = ClassPart();
            if (last is not [var to] || to.First != to.Last)
            {
                throw Unsupported("a range that ends with a class");
            }

            ranges.Add(first[0].First <= to.First ? (first[0].First, to.First) : throw Fault("a range has its ends the wrong way round"));
        }

        _isWide ^= isNegated;
        if (IsEnd)
        {
            throw Fault("a class does not end");
        }

        _at++;
        return isNegated ? CharacterClasses.Not(ranges, _isWide) : Utf8Ranges.Normalize(ranges);
    }

    private List<(int First, int Last)> ClassPart()
    {
        char first = pattern[_at++];
        if (first == '\\' && !IsEnd)
        {
            if (Current == 'b')
            {
                _at++;
                return [('\b', '\b')];
            }

            return Escape();
        }

        if (first == '[' && !IsEnd && Current == ':')
        {
            throw Unsupported("a class of POSIX");
        }

        int code = char.IsHighSurrogate(first) && !IsEnd && char.IsLowSurrogate(Current)
            ? char.ConvertToUtf32(first, pattern[_at++])
            : first;
        return [(code, code)];
    }

    private GrammarException Fault(string problem) => new(at, $"'pattern' is no regular expression: {problem}");

    private GrammarException Unsupported(string what) => new(at, $"{what} in 'pattern' is not supported");

    /// <summary>A pattern that was read.</summary>
    /// <param name="Body">What is looked for.</param>
    /// <param name="Ahead">What must stand, or must not, at the beginning of the text.</param>
    internal readonly record struct Result(Expression Body, IReadOnlyList<(Expression Ahead, bool IsNegated)> Ahead);
}
