using System.Globalization;

namespace VkInfer.Jinja;

/// <summary>Cuts a source into text and tags, with the blanks around tags already dropped, and tags into tokens.</summary>
internal sealed class Lexer
{
    private static readonly string[] LongOperators = ["**", "//", "==", "!=", ">=", "<="];

    private readonly string _source;
    private readonly JinjaOptions _options;
    private readonly List<Token> _tokens = [];
    private int _position;
    private int _line = 1;
    private bool _atLineStart = true;

    public Lexer(string source, JinjaOptions options)
    {
        string normal = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        _source = normal.EndsWith('\n') ? normal[..^1] : normal;
        _options = options;
    }

    public List<Token> Read()
    {
        while (_position < _source.Length)
        {
            int begin = FindTag(_position);
            if (begin < 0)
            {
                AddData(_source[_position..]);
                break;
            }

            ReadTag(begin);
        }

        _tokens.Add(new Token(TokenKind.End, "", _line));
        return _tokens;
    }

    private int FindTag(int from)
    {
        for (int i = _source.IndexOf('{', from); i >= 0 && i + 1 < _source.Length; i = _source.IndexOf('{', i + 1))
        {
            if (_source[i + 1] is '{' or '%' or '#')
            {
                return i;
            }
        }

        return -1;
    }

    private void ReadTag(int begin)
    {
        char kind = _source[begin + 1];
        char sign = begin + 2 < _source.Length && _source[begin + 2] is '-' or '+' ? _source[begin + 2] : ' ';
        AddData(Before(begin, sign, canLstrip: kind != '{'));
        int after = begin + (sign == ' ' ? 2 : 3);
        Advance(after);
        switch (kind)
        {
            case '#':
                SkipComment();
                break;
            case '%' when ReadRaw():
                break;
            default:
                ReadExpression(kind == '%');
                break;
        }
    }

    /// <summary>The text before a tag, without what the tag takes away.</summary>
    private string Before(int begin, char sign, bool canLstrip)
    {
        string text = _source[_position..begin];
        if (sign == '-')
        {
            return Strings.TrimEnd(text);
        }

        int lineStart = text.LastIndexOf('\n') + 1;
        return sign != '+' && canLstrip && _options.LstripBlocks && (lineStart > 0 || _atLineStart)
            && Strings.IsBlank(text.AsSpan(lineStart)) ? text[..lineStart] : text;
    }

    private void SkipComment()
    {
        int end = _source.IndexOf("#}", _position, StringComparison.Ordinal);
        if (end < 0)
        {
            // With nothing behind its beginning there is nothing that jinja2 would complain about.
            if (_position < _source.Length)
            {
                throw Error("a comment that does not end");
            }

            return;
        }

        // a sign that stands between {# and #} alone belongs to the beginning
        char sign = end > _position ? _source[end - 1] : ' ';
        EndTag(end + 2, sign);
    }

    /// <summary>Goes on after a tag's end: past all blanks after a minus, past one line break where blocks are trimmed.</summary>
    private void EndTag(int end, char sign, bool trims = true)
    {
        int next = end;
        if (sign == '-')
        {
            while (next < _source.Length && Strings.IsSpace(_source[next]))
            {
                next++;
            }
        }
        else if (sign != '+' && trims && _options.TrimBlocks && next < _source.Length && _source[next] == '\n')
        {
            next++;
        }

        Advance(next);
        _atLineStart = _source[next - 1] == '\n';
    }

    private bool ReadRaw()
    {
        if (!TryMatch(_position, "raw", out int begin, out char sign) || sign == '+')
        {
            return false;
        }

        EndTag(begin, sign, trims: false);
        for (int tag = _source.IndexOf("{%", _position, StringComparison.Ordinal); tag >= 0;
            tag = _source.IndexOf("{%", tag + 2, StringComparison.Ordinal))
        {
            char open = tag + 2 < _source.Length && _source[tag + 2] is '-' or '+' ? _source[tag + 2] : ' ';
            if (TryMatch(tag + (open == ' ' ? 2 : 3), "endraw", out int end, out sign))
            {
                AddData(Before(tag, open, canLstrip: true));
                EndTag(end, sign);
                return true;
            }
        }

        return _position == _source.Length ? true : throw Error("a raw block that does not end");
    }

    /// <summary>Whether a block that says only one word goes on at a position; says where it ends, and its sign.</summary>
    private bool TryMatch(int position, string word, out int end, out char sign)
    {
        (end, sign) = (position, ' ');
        SkipBlanks(ref end);
        if (string.CompareOrdinal(_source, end, word, 0, word.Length) != 0)
        {
            return false;
        }

        end += word.Length;
        SkipBlanks(ref end);
        if (end < _source.Length && _source[end] is '-' or '+')
        {
            sign = _source[end++];
        }

        if (string.CompareOrdinal(_source, end, "%}", 0, 2) != 0)
        {
            return false;
        }

        end += 2;
        return true;
    }

    private void SkipBlanks(ref int position)
    {
        while (position < _source.Length && Strings.IsSpace(_source[position]))
        {
            position++;
        }
    }

    private void ReadExpression(bool isBlock)
    {
        string close = isBlock ? "%}" : "}}";
        Add(isBlock ? TokenKind.BlockBegin : TokenKind.VariableBegin, "");
        var open = new Stack<char>();
        while (true)
        {
            int start = _position;
            SkipBlanks(ref start);
            Advance(start);
            if (_position >= _source.Length)
            {
                throw Error("a tag that does not end");
            }

            char sign = _source[_position] == '-' || (isBlock && _source[_position] == '+') ? _source[_position] : ' ';
            int end = _position + (sign == ' ' ? 0 : 1);
            if (open.Count == 0 && string.CompareOrdinal(_source, end, close, 0, 2) == 0)
            {
                Add(isBlock ? TokenKind.BlockEnd : TokenKind.VariableEnd, "");
                EndTag(end + 2, sign, trims: isBlock);
                return;
            }

            ReadToken(open);
        }
    }

    private void ReadToken(Stack<char> open)
    {
        char first = _source[_position];
        if (first is '\'' or '"')
        {
            ReadString(first);
        }
        else if (char.IsAsciiDigit(first))
        {
            ReadNumber();
        }
        else if (first == '_' || char.IsLetter(first))
        {
            int end = _position + 1;
            while (end < _source.Length && (_source[end] == '_' || char.IsLetterOrDigit(_source[end])))
            {
                end++;
            }

            Add(TokenKind.Name, _source[_position..end]);
            _position = end;
        }
        else
        {
            ReadOperator(first, open);
        }
    }

    private void ReadOperator(char first, Stack<char> open)
    {
        string text = LongOperators.FirstOrDefault(known => string.CompareOrdinal(_source, _position, known, 0, 2) == 0)
            ?? first.ToString();
        if (text.Length == 1 && !"+-/*%~[](){}<>=.:|,;".Contains(first, StringComparison.Ordinal))
        {
            throw Error($"unexpected character {Shown(first)}");
        }

        if (first is '(' or '[' or '{')
        {
            open.Push(first == '(' ? ')' : first == '[' ? ']' : '}');
        }
        else if (first is ')' or ']' or '}')
        {
            if (!open.TryPop(out char expected) || expected != first)
            {
                throw Error($"unexpected '{first}'{(expected == 0 ? "" : $", expected '{expected}'")}");
            }
        }

        Add(TokenKind.Operator, text);
        _position += text.Length;
    }

    private void ReadString(char quote)
    {
        int end = _position + 1;
        while (end < _source.Length && _source[end] != quote)
        {
            end += _source[end] == '\\' ? 2 : 1;
        }

        if (end >= _source.Length)
        {
            throw Error("a string that does not end");
        }

        Add(TokenKind.String, StringLiteral.Decode(_source.AsSpan(_position + 1, end - _position - 1), _line));
        Advance(end + 1);
    }

    private void ReadNumber()
    {
        bool isElement = _position > 0 && _source[_position - 1] == '.';
        if (!isElement && NumberLiteral.TryReadFloat(_source, _position, out int end, out double number))
        {
            _tokens.Add(new Token(TokenKind.Float, _source[_position..end], _line, number));
        }
        else
        {
            end = NumberLiteral.ReadInteger(_source, _position, out long? integer);
            _tokens.Add(new Token(
                TokenKind.Integer, _source[_position..end], _line, integer ?? throw Error("an integer beyond 64 bits")));
        }

        _position = end;
    }

    private void AddData(string text)
    {
        if (text.Length > 0)
        {
            Add(TokenKind.Data, text);
        }
    }

    private void Add(TokenKind kind, string text) => _tokens.Add(new Token(kind, text, _line));

    private void Advance(int position)
    {
        _line += _source.AsSpan(_position, position - _position).Count('\n');
        _position = position;
    }

    private JinjaException Error(string reason) => JinjaException.Syntax(reason, _line);

    private static string Shown(char character) =>
        character is > ' ' and <= '~' ? $"'{character}'" : string.Create(CultureInfo.InvariantCulture, $"U+{(int)character:X4}");
}
