namespace VkInfer.Tokenization;

/// <summary>An entry of <c>added_tokens</c>: a token that is found by its text before the model sees it.</summary>
/// <param name="Id">The token.</param>
/// <param name="Text">Its text.</param>
/// <param name="IsSpecial">Whether it steers the model and is no text.</param>
/// <param name="IsNormalized">Whether it is looked for in normalised text.</param>
/// <param name="StripLeft">Whether white space in front belongs to it.</param>
/// <param name="StripRight">Whether white space behind belongs to it.</param>
/// <param name="SingleWord">Whether it must not stand within a word.</param>
internal sealed record AddedToken(
    int Id, string Text, bool IsSpecial, bool IsNormalized, bool StripLeft, bool StripRight, bool SingleWord)
{
    /// <summary>Reads an entry.</summary>
    public static AddedToken Read(JsonField node)
    {
        bool isSpecial = node.Bool("special", false);
        JsonField content = node.Required("content");
        return new AddedToken(
            node.Required("id").AsInt(),
            content.AsString() is { Length: > 0 and <= TokenizerLimits.MaxSpecialLength } text
                ? text
                : throw content.Wrong($"a text of 1 to {TokenizerLimits.MaxSpecialLength} characters"),
            isSpecial,
            node.Bool("normalized", !isSpecial),
            node.Bool("lstrip", false),
            node.Bool("rstrip", false),
            node.Bool("single_word", false));
    }

    /// <summary>The token as it is looked for.</summary>
    /// <param name="text">Its text, normalised or not.</param>
    public SpecialToken ToSpecial(string text) => new(text, Id, IsSpecial, StripLeft, StripRight, SingleWord);
}
