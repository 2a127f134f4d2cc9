using System.Runtime.CompilerServices;
using VkInfer.Answers;
using VkInfer.Tokenization;

namespace VkInfer.Extensions.AI;

/// <summary>What a model has to do with text.</summary>
/// <param name="Name">The model's name.</param>
/// <param name="Tokenizer">Its tokenizer.</param>
/// <param name="Template">Its chat template.</param>
/// <param name="Source">The template's source; empty where it has none of its own.</param>
/// <param name="Format">How it writes reasoning and calls.</param>
internal sealed record ModelText(string Name, Tokenizer Tokenizer, ChatTemplate Template, string Source, AnswerFormat Format)
{
    private static int _count;

    private static readonly ConditionalWeakTable<Model, ModelText> Known = [];

    /// <summary>A number of its own: grammars depend on the vocabulary.</summary>
    public int Id { get; } = Interlocked.Increment(ref _count);

    /// <summary>That of a model.</summary>
    public static ModelText Of(Model model) => Known.GetValue(model, key => new ModelText(
        key.Name, key.Tokenizer, key.ChatTemplate, key.ChatTemplateSource ?? "", key.AnswerFormat));
}
