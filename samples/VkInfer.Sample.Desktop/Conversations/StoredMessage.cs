using Microsoft.Extensions.AI;

namespace VkInfer.Samples.Desktop.Conversations;

/// <summary>A message of a conversation.</summary>
/// <param name="Position">Its place, from 0.</param>
/// <param name="Message">Who said what, with reasoning and tool calls.</param>
/// <param name="Note">What is to be known about it, as its speed; null: nothing.</param>
public sealed record StoredMessage(int Position, ChatMessage Message, string? Note);
