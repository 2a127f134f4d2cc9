namespace VkInfer.Tokenization;

/// <summary>One message of a chat.</summary>
/// <param name="Role">Who speaks.</param>
/// <param name="Content">What is said; may be empty. It is never trusted to hold control tokens.</param>
public sealed record ChatMessage(ChatRole Role, string Content);
