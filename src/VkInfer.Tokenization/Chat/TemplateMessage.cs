using System.Text.Json;

namespace VkInfer.Tokenization;

/// <summary>One message of a chat.</summary>
/// <param name="Role">Who speaks.</param>
/// <param name="Content">What is said; may be empty. It is never trusted to hold control tokens.</param>
public sealed record TemplateMessage(TemplateRole Role, string Content)
{
    /// <summary>
    /// What the model thought before it said this; empty for nothing. A Jinja template sees it as <c>reasoning_content</c>, as Qwen's and
    /// DeepSeek's call it, and as <c>thinking</c>, as gpt-oss's does; most leave it out of turns that are over.
    /// </summary>
    public string Reasoning { get; init; } = "";

    /// <summary>
    /// A JSON object whose members a Jinja template sees beside role and content, as <c>tool_calls</c>, <c>tool_call_id</c> or
    /// <c>name</c>; null for none. Not trusted to hold control tokens, either.
    /// </summary>
    public JsonElement? Extra { get; init; }
}
