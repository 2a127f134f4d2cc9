using VkInfer.Grammar;
using VkInfer.Tokenization;

namespace VkInfer.Answers.Formats;

/// <summary>A marker as a vocabulary has it: a control token, with a word behind it or none; or text.</summary>
internal readonly record struct Marker(string Token, bool IsControl, string Word = "")
{
    /// <summary>As a template writes it.</summary>
    public string Text => Token + Word;

    /// <summary>As it stands in a stream.</summary>
    public string InStream => (IsControl ? AnswerBuffer.Control(Token) : Token) + Word;

    /// <summary>As a part of a grammar.</summary>
    public GrammarPart Part => IsControl
        ? GrammarPart.Sequence(GrammarPart.Control(Token), GrammarPart.Text(Word)) : GrammarPart.Text(Text);

    /// <summary>What free text before it may not have in it: control tokens are in no text.</summary>
    public string[] Excluded => IsControl ? [] : [Text];

    public static Marker Of(string text, Tokenizer tokenizer) =>
        new(text, tokenizer.TryGetSpecialTokenId(text, out int id) && tokenizer.IsControl(id));
}
