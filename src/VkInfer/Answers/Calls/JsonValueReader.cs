namespace VkInfer.Answers.Calls;

/// <summary>Finds the end of one JSON value in a stream, character by character.</summary>
internal struct JsonValueReader
{
    private int _depth;
    private bool _isString;
    private bool _isEscaped;

    /// <summary>Whether anything but white space has come.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>Whether the value is a string at its outermost.</summary>
    public bool IsText { get; private set; }

    /// <summary>What a character does.</summary>
    public enum Effect
    {
        /// <summary>It is part of the value.</summary>
        Inside,

        /// <summary>It is the value's last character.</summary>
        Last,

        /// <summary>The value, a number or a word, ended before it.</summary>
        Behind,

        /// <summary>No JSON has it there.</summary>
        Bad,
    }

    /// <summary>Reads a character.</summary>
    public Effect Read(char c)
    {
        if (_isString)
        {
            bool closes = c == '"' && !_isEscaped;
            _isEscaped = c == '\\' && !_isEscaped;
            _isString = !closes;
            return closes && _depth == 0 ? Effect.Last : Effect.Inside;
        }

        if (!HasBegun)
        {
            if (char.IsWhiteSpace(c))
            {
                return Effect.Inside;
            }

            HasBegun = true;
            IsText = c == '"';
        }

        switch (c)
        {
            case '"':
                _isString = true;
                return Effect.Inside;
            case '{' or '[':
                _depth++;
                return Effect.Inside;
            case '}' or ']':
                return _depth == 0 ? Effect.Behind : --_depth == 0 ? Effect.Last : Effect.Inside;
            case ',' when _depth == 0:
                return Effect.Behind;
            default:
                bool isJson = char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.' or ',' or ':' || char.IsWhiteSpace(c);
                return !isJson ? Effect.Bad : _depth == 0 && char.IsWhiteSpace(c) ? Effect.Behind : Effect.Inside;
        }
    }
}
