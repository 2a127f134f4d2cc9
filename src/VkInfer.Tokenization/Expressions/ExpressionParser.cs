using System.Globalization;
using System.Text;

namespace VkInfer.Tokenization;

/// <summary>
/// Reads regular expressions in Oniguruma's dialect, which <c>tokenizer.json</c> files are written in. What it does not know it refuses.
/// Source: Oniguruma 6.9, doc/RE, ONIG_SYNTAX_ONIGURUMA with UTF-8.
/// </summary>
internal sealed class ExpressionParser
{
    /// <summary>Deeper nesting has no expression of a tokenizer, and would cost stack.</summary>
    private const int MaxDepth = 64;

    /// <summary>Highest count of a quantifier, as Oniguruma has it.</summary>
    private const int MaxCount = 100_000;

    private static readonly CodePointSet LineFeed = CodePointSet.Of('\n');

    /// <summary>What <c>\w</c> takes outside a class, and what <c>\b</c> looks for.</summary>
    public static CodePointSet WordCharacters { get; } =
        UnicodeProperties.Word.Or(CodePointSet.Of([(0xB2, 0xB3), (0xB9, 0xB9), (0xBC, 0xBE)]));

    private readonly int[] _pattern;
    private readonly string _place;
    private readonly string _source;
    private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);
    private readonly bool _hasNames;
    private int _at;
    private int _depth;
    private int _captures;
    private bool _ignoreCase;
    private bool _dotMatchesLineFeed;
    private bool _extended;

    private ExpressionParser(string pattern, string place)
    {
        _source = pattern;
        _place = place;
        _pattern = [.. pattern.EnumerateRunes().Select(rune => rune.Value)];

        // Oniguruma: where there are named groups, plain ones capture nothing.
        _hasNames = pattern.Contains("(?<", StringComparison.Ordinal) && HasNamedGroup(pattern);
    }

    private bool AtEnd => _at >= _pattern.Length;

    private int Current => _at < _pattern.Length ? _pattern[_at] : -1;

    /// <summary>Reads an expression.</summary>
    /// <param name="pattern">The expression.</param>
    /// <param name="place">Where it stands in its file.</param>
    /// <exception cref="TokenizerException">It is no expression of the dialect, or asks for what is not supported.</exception>
    public static Node Parse(string pattern, string place)
    {
        var parser = new ExpressionParser(pattern, place);
        Node node = parser.ReadAlternatives();
        return parser.AtEnd ? node : throw parser.Wrong("no closing parenthesis without an opening one");
    }

    private static bool HasNamedGroup(string pattern)
    {
        for (int at = pattern.IndexOf("(?<", StringComparison.Ordinal); at >= 0; at =
            pattern.IndexOf("(?<", at + 1, StringComparison.Ordinal))
        {
            if (at + 3 < pattern.Length && pattern[at + 3] is not ('=' or '!'))
            {
                return true;
            }
        }

        return false;
    }

    private Node ReadAlternatives()
    {
        if (++_depth > MaxDepth)
        {
            throw Wrong($"at most {MaxDepth} groups within each other");
        }

        (bool ignoreCase, bool dot, bool extended) = (_ignoreCase, _dotMatchesLineFeed, _extended);
        var options = new List<Node> { ReadSequence() };
        while (TryTake('|'))
        {
            options.Add(ReadSequence());
        }

        (_ignoreCase, _dotMatchesLineFeed, _extended) = (ignoreCase, dot, extended);
        _depth--;
        return options is [var only] ? only : new AlternativesNode(options);
    }

    private Node ReadSequence()
    {
        var parts = new List<Node>();
        while (true)
        {
            SkipComments();
            if (AtEnd || Current is '|' or ')')
            {
                break;
            }

            parts.Add(ReadQuantified());
        }

        return parts switch
        {
            [] => new EmptyNode(),
            [var only] => only,
            _ => new SequenceNode(parts),
        };
    }

    private void SkipComments()
    {
        while (_extended && !AtEnd)
        {
            if (Current is ' ' or '\t' or '\n' or '\r' or '\f' or '\v')
            {
                _at++;
            }
            else if (TryTake('#'))
            {
                while (!AtEnd && Current != '\n')
                {
                    _at++;
                }
            }
            else
            {
                break;
            }
        }
    }

    private Node ReadQuantified()
    {
        Node node = ReadAtom();
        while (true)
        {
            SkipComments();
            if (TryReadQuantifier() is not var (min, max, isInterval, isExact))
            {
                return node;
            }

            if (node is AnchorNode)
            {
                throw Wrong("something to repeat before a quantifier");
            }

            RepeatKind kind = TryTake('?') ? RepeatKind.Lazy : !isInterval && TryTake('+') ? RepeatKind.Possessive : RepeatKind.Greedy;
            if (isExact && kind == RepeatKind.Lazy)
            {
                // a{n}? is a{n} or nothing, greedily.
                node = new RepeatNode(new RepeatNode(node, min, max, RepeatKind.Greedy), 0, 1, RepeatKind.Greedy);
                continue;
            }

            node = new RepeatNode(node, min, max, kind);
        }
    }

    private (int Min, int Max, bool IsInterval, bool IsExact)? TryReadQuantifier()
    {
        if (TryTake('*'))
        {
            return (0, RepeatNode.Unlimited, false, false);
        }

        if (TryTake('+'))
        {
            return (1, RepeatNode.Unlimited, false, false);
        }

        if (TryTake('?'))
        {
            return (0, 1, false, false);
        }

        return Current == '{' ? TryReadInterval() : null;
    }

    /// <summary><c>{n}</c>, <c>{n,}</c>, <c>{,m}</c> or <c>{n,m}</c>; anything else is text.</summary>
    private (int Min, int Max, bool IsInterval, bool IsExact)? TryReadInterval()
    {
        int start = _at++;
        int? min = TryReadNumber();
        int? max = min;
        bool hasComma = TryTake(',');
        if (hasComma)
        {
            max = TryReadNumber();
        }

        if ((min is null && max is null) || !TryTake('}'))
        {
            _at = start;
            return null;
        }

        if (min > MaxCount || (hasComma && max > MaxCount) || min > max)
        {
            throw Wrong($"counts of at most {MaxCount}, the lower first");
        }

        return (min ?? 0, max ?? RepeatNode.Unlimited, true, !hasComma);
    }

    private int? TryReadNumber()
    {
        int start = _at;
        int number = 0;
        while (Current is >= '0' and <= '9')
        {
            number = Math.Min((number * 10) + Current - '0', MaxCount + 1);
            _at++;
        }

        return _at == start ? null : number;
    }

    private Node ReadAtom()
    {
        int c = _pattern[_at++];
        switch (c)
        {
            case '(':
                return ReadGroup();
            case '[':
                return new SetNode(ReadClass());
            case '.':
                return new SetNode(_dotMatchesLineFeed ? CodePointSet.All : LineFeed.Not());
            case '^':
                return new AnchorNode(Anchor.LineBegin);
            case '$':
                return new AnchorNode(Anchor.LineEnd);
            case '*' or '+' or '?':
                throw Wrong("something to repeat before a quantifier");
            case '\\':
                return ReadEscape();
            default:
                return Set(CodePointSet.Of(c));
        }
    }

    private Node ReadGroup()
    {
        if (!TryTake('?'))
        {
            int number = _hasNames ? 0 : ++_captures;
            Node body = CloseGroup(ReadAlternatives());
            return number == 0 ? body : new CaptureNode(body, number);
        }

        int kind = AtEnd ? -1 : _pattern[_at++];
        switch (kind)
        {
            case ':':
                return CloseGroup(ReadAlternatives());
            case '>':
                return new AtomicNode(CloseGroup(ReadAlternatives()));
            case '=' or '!':
                return new LookNode(CloseGroup(ReadAlternatives()), false, kind == '!');
            case '#':
                while (!AtEnd && Current != ')')
                {
                    _at++;
                }

                return CloseGroup(new EmptyNode());
            case '<' when TryTake('='):
                return new LookNode(CloseGroup(ReadAlternatives()), true, false);
            case '<' when TryTake('!'):
                return new LookNode(CloseGroup(ReadAlternatives()), true, true);
            case '<':
                string name = ReadUntil('>');
                _names[name] = ++_captures;
                return new CaptureNode(CloseGroup(ReadAlternatives()), _captures);
            case 'i' or 'm' or 'x' or '-':
                _at--;
                return ReadOptions();
            default:
                throw Wrong("a group of the kinds (?: (?> (?= (?! (?<= (?<! (?<name> (?# or (?imx-imx");
        }
    }

    /// <summary><c>(?i:…)</c> for a group, <c>(?i)</c> up to the end of the group that it stands in.</summary>
    private Node ReadOptions()
    {
        (bool ignoreCase, bool dot, bool extended) = (_ignoreCase, _dotMatchesLineFeed, _extended);
        bool isOn = true;
        while (true)
        {
            int c = AtEnd ? -1 : _pattern[_at++];
            switch (c)
            {
                case '-':
                    isOn = false;
                    break;
                case 'i':
                    _ignoreCase = isOn;
                    break;
                case 'm':
                    _dotMatchesLineFeed = isOn;
                    break;
                case 'x':
                    _extended = isOn;
                    break;
                case ')':
                    // The rest of the group, with its alternatives, is the body.
                    return ReadAlternatives();
                case ':':
                    Node body = CloseGroup(ReadAlternatives());
                    (_ignoreCase, _dotMatchesLineFeed, _extended) = (ignoreCase, dot, extended);
                    return body;
                default:
                    throw Wrong("options i, m and x");
            }
        }
    }

    private Node CloseGroup(Node node) => TryTake(')') ? node : throw Wrong("a closing parenthesis");

    private Node ReadEscape()
    {
        int c = AtEnd ? throw Wrong("a character after the backslash") : Current;
        Anchor? anchor = c switch
        {
            'A' => Anchor.TextBegin,
            'z' => Anchor.TextEnd,
            'Z' => Anchor.LastLineEnd,
            'b' => Anchor.WordBoundary,
            'B' => Anchor.NoWordBoundary,
            'G' => Anchor.SearchBegin,
            _ => null,
        };
        if (anchor is { } known)
        {
            _at++;
            return new AnchorNode(known);
        }

        switch (c)
        {
            case 'R':
                _at++;
                var pair = new SequenceNode([new SetNode(CodePointSet.Of('\r')), new SetNode(LineFeed)]);
                var single = new SetNode(CodePointSet.Of([('\n', '\r'), (0x85, 0x85), (0x2028, 0x2029)]));
                return new AtomicNode(new AlternativesNode([pair, single]));
            case 'N' or 'O':
                _at++;
                return new SetNode(c == 'N' ? LineFeed.Not() : CodePointSet.All);
            case 'k':
                _at++;
                return ReadNamedReference();
            case >= '1' and <= '9':
                int number = TryReadNumber()!.Value;
                return number <= _captures && !_hasNames
                    ? new ReferenceNode(number, _ignoreCase)
                    : throw Wrong("a reference to an earlier group");
            case 'K' or 'X' or 'y' or 'Y' or 'g':
                throw Wrong($"no \\{(char)c}, which is not supported");
            default:
                return ReadPlainEscape();
        }
    }

    /// <summary>
    /// An escape outside a class: case is disregarded for characters only, and words have Latin-1's small numbers in them.
    /// </summary>
    private SetNode ReadPlainEscape() => Current switch
    {
        'w' or 'W' => new SetNode(_pattern[_at++] == 'w' ? WordCharacters : WordCharacters.Not()),
        'd' or 'D' or 's' or 'S' or 'h' or 'H' or 'p' or 'P' => new SetNode(ReadSetEscape(isInClass: false)),
        _ => Set(ReadSetEscape(isInClass: false)),
    };

    private ReferenceNode ReadNamedReference()
    {
        string name = TryTake('<') ? ReadUntil('>') : TryTake('\'') ? ReadUntil('\'') : throw Wrong("a name after \\k");
        if (_names.TryGetValue(name, out int number)
            || (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number > 0 && number <= _captures))
        {
            return new ReferenceNode(number, _ignoreCase);
        }

        throw Wrong("a reference to an earlier group");
    }

    /// <summary>An escape that stands for a set or a character; the backslash is read.</summary>
    private CodePointSet ReadSetEscape(bool isInClass)
    {
        int c = AtEnd ? throw Wrong("a character after the backslash") : _pattern[_at++];
        switch (c)
        {
            case 'd':
                return UnicodeProperties.Get("nd");
            case 'D':
                return UnicodeProperties.Get("nd").Not();
            case 'w':
                return UnicodeProperties.Word;
            case 'W':
                return UnicodeProperties.Word.Not();
            case 's':
                return UnicodeProperties.Space;
            case 'S':
                return UnicodeProperties.Space.Not();
            case 'h':
                return UnicodeProperties.Get("xdigit");
            case 'H':
                return UnicodeProperties.Get("xdigit").Not();
            case 'p' or 'P':
                return ReadProperty(c == 'P');
            default:
                return CodePointSet.Of(ReadCharacterEscape(c, isInClass));
        }
    }

    private CodePointSet ReadProperty(bool isNegative)
    {
        if (!TryTake('{'))
        {
            throw Wrong("a property in braces after \\p");
        }

        string name = ReadUntil('}');
        if (name is ['^', .. var rest])
        {
            (name, isNegative) = (rest, !isNegative);
        }

        int equals = name.IndexOf('=', StringComparison.Ordinal);
        if (equals > 0)
        {
            string kind = name[..equals].Trim().ToUpperInvariant();
            name = kind is "SCRIPT" or "SC" or "GENERAL_CATEGORY" or "GC" ? name[(equals + 1)..] : throw Wrong("a property that is known");
        }

        CodePointSet set = UnicodeProperties.TryFind(name) ?? throw Wrong($"a property that is known, not {TokenizerException.Show(name)}");
        return isNegative ? set.Not() : set;
    }

    private int ReadCharacterEscape(int c, bool isInClass)
    {
        switch (c)
        {
            case 't':
                return '\t';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 'f':
                return '\f';
            case 'v':
                return '\v';
            case 'a':
                return '\a';
            case 'e':
                return 0x1B;
            case 'b' when isInClass:
                return '\b';
            case 'x' when TryTake('{'):
                return Scalar(ReadHex(1, 8), TryTake('}'));
            case 'x':
                return Scalar(ReadHex(0, 2), true);
            case 'u':
                return Scalar(ReadHex(4, 4), true);
            case 'o' when TryTake('{'):
                return Scalar(ReadDigits(8, 1, 11), TryTake('}'));
            case >= '0' and <= '7':
                _at--;
                return Scalar(ReadDigits(8, 1, 3), true);
            case >= 'A' and <= 'Z' or >= 'a' and <= 'z':
                // Letters that have a meaning are not taken for themselves.
                return c is 'c' or 'C' or 'M' || (isInClass && c is 'R' or 'X' or 'N' or 'O')
                    ? throw Wrong($"no \\{(char)c}, which is not supported")
                    : c;
            default:
                return c;
        }
    }

    private int Scalar(long value, bool isClosed) => isClosed && value <= int.MaxValue && Rune.IsValid((int)value)
        ? (int)value
        : throw Wrong("the number of a code point");

    private long ReadHex(int atLeast, int atMost) => ReadDigits(16, atLeast, atMost);

    private long ReadDigits(int radix, int atLeast, int atMost)
    {
        long value = 0;
        int count = 0;
        for (; count < atMost && !AtEnd; count++, _at++)
        {
            int digit = Current < 128 && char.IsAsciiHexDigit((char)Current) ? Convert.ToInt32($"{(char)Current}", 16) : radix;
            if (digit >= radix)
            {
                break;
            }

            value = (value * radix) + digit;
        }

        return count >= atLeast ? value : throw Wrong("the number of a code point");
    }

    /// <summary>A character class; its opening bracket is read.</summary>
    private CodePointSet ReadClass(bool isNested = false)
    {
        if (++_depth > MaxDepth)
        {
            throw Wrong($"at most {MaxDepth} classes within each other");
        }

        bool isNegative = TryTake('^');
        CodePointSet? intersection = null;
        var runs = new List<(int, int)>();
        bool isFirst = true;
        while (true)
        {
            if (AtEnd)
            {
                throw Wrong("a closing bracket");
            }

            int c = _pattern[_at++];
            if (c == ']' && !(isFirst && _pattern.AsSpan(_at).Contains(']')))
            {
                break;
            }

            isFirst = false;
            if (c == '&' && TryTake('&'))
            {
                CodePointSet left = CodePointSet.Of(runs);
                intersection = intersection?.And(left) ?? left;
                runs.Clear();
                continue;
            }

            if (c == '[')
            {
                runs.AddRange((TryReadPosix() ?? ReadClass(isNested: true)).Runs);
                continue;
            }

            ReadRange(c, runs);
        }

        CodePointSet set = CodePointSet.Of(runs);
        set = intersection?.And(set) ?? set;
        if (_ignoreCase && !isNested)
        {
            set = UnicodeProperties.WithoutCase(set);
        }

        _depth--;
        return isNegative ? set.Not() : set;
    }

    /// <summary>A character, an escape, or a range of them within a class.</summary>
    private void ReadRange(int c, List<(int, int)> runs)
    {
        CodePointSet first = c == '\\' ? ReadSetEscape(isInClass: true) : CodePointSet.Of(c);
        bool isRange = Current == '-' && _at + 1 < _pattern.Length && _pattern[_at + 1] is not ']';
        if (!isRange || first.Runs.ToArray() is not [var low] || low.First != low.Last || IsOperator(_at + 1))
        {
            runs.AddRange(first.Runs);
            return;
        }

        int hyphen = _at++;
        int next = _pattern[_at++];
        if (next == '[')
        {
            // The hyphen stands for itself.
            runs.AddRange([(low.First, low.First), ('-', '-')]);
            _at = hyphen + 1;
            return;
        }

        CodePointSet second = next == '\\' ? ReadSetEscape(isInClass: true) : CodePointSet.Of(next);
        if (second.Runs.ToArray() is not [var high] || high.First != high.Last)
        {
            runs.AddRange([(low.First, low.First), ('-', '-'), .. second.Runs]);
            return;
        }

        runs.Add(low.First <= high.First ? (low.First, high.First) : throw Wrong("a range whose first character comes before its last"));
    }

    private bool IsOperator(int at) => at + 1 < _pattern.Length && _pattern[at] == '&' && _pattern[at + 1] == '&';

    /// <summary><c>[:alpha:]</c> and its like; the opening bracket is read. Null, and nothing read, where it is another class.</summary>
    private CodePointSet? TryReadPosix()
    {
        int start = _at;
        if (!TryTake(':'))
        {
            return null;
        }

        bool isNegative = TryTake('^');
        var name = new StringBuilder();
        while (Current is >= 'a' and <= 'z')
        {
            name.Append((char)_pattern[_at++]);
        }

        bool isKnown = name.ToString() is "alnum" or "alpha" or "ascii" or "blank" or "cntrl" or "digit" or "graph" or "lower" or "print"
            or "punct" or "space" or "upper" or "xdigit" or "word";
        if (!isKnown || !TryTake(':') || !TryTake(']'))
        {
            _at = start;
            return null;
        }

        CodePointSet set = UnicodeProperties.Get(name.ToString() is "punct" ? "posixpunct" : name.ToString());
        return isNegative ? set.Not() : set;
    }

    private SetNode Set(CodePointSet set) => new(_ignoreCase ? UnicodeProperties.WithoutCase(set) : set);

    private string ReadUntil(char end)
    {
        var text = new StringBuilder();
        while (!AtEnd && Current != end)
        {
            text.Append(new Rune(_pattern[_at++]));
        }

        return TryTake(end) && text.Length > 0 ? text.ToString() : throw Wrong($"a name and {end}");
    }

    private bool TryTake(char c)
    {
        if (Current != c)
        {
            return false;
        }

        _at++;
        return true;
    }

    private TokenizerException Wrong(string expected) =>
        new(_place, $"a regular expression with {expected}", $"{TokenizerException.Show(_source)}, character {_at}");
}
