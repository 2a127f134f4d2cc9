namespace VkInfer.Samples.Desktop.Conversations;

/// <summary>A conversation, without its messages.</summary>
/// <param name="Id">Its number in the store.</param>
/// <param name="Title">What it is about: the beginning of its first message.</param>
/// <param name="Updated">When it last changed.</param>
public sealed record Conversation(long Id, string Title, DateTimeOffset Updated);
