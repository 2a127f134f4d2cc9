namespace VkInfer.Jinja;

/// <summary>The tokens of a source, read one after the other.</summary>
internal sealed class TokenStream(List<Token> tokens)
{
    private int _position;

    public Token Current => tokens[_position];

    public Token Following => tokens[Math.Min(_position + 1, tokens.Count - 1)];

    public Token Next()
    {
        Token token = Current;
        if (token.Kind != TokenKind.End)
        {
            _position++;
        }

        return token;
    }

    public bool IsOperator(string text) => Current.Kind == TokenKind.Operator && Current.Text == text;

    public bool IsName(string text) => Current.Kind == TokenKind.Name && Current.Text == text;

    public bool SkipOperator(string text) => Skip(IsOperator(text));

    public bool SkipName(string text) => Skip(IsName(text));

    public void ExpectOperator(string text) => Expect(SkipOperator(text), $"'{text}'");

    public string ExpectName() => Current.Kind == TokenKind.Name ? Next().Text : throw Unexpected("a name");

    public void Expect(TokenKind kind, string what) => Expect(Skip(Current.Kind == kind), what);

    public JinjaException Unexpected(string expected) =>
        JinjaException.Syntax($"unexpected {Current.Describe()}, expected {expected}", Current.Line);

    private void Expect(bool found, string what)
    {
        if (!found)
        {
            throw Unexpected(what);
        }
    }

    private bool Skip(bool matches)
    {
        if (matches)
        {
            Next();
        }

        return matches;
    }
}
