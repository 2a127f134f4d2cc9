namespace VkInfer.Answers;

/// <summary>A piece of an answer as it comes: text, reasoning, or part of a tool call.</summary>
public abstract record AnswerPiece
{
    private protected AnswerPiece()
    {
    }
}

/// <summary>Text that is meant for the user.</summary>
/// <param name="Text">What is added to it.</param>
public sealed record TextPiece(string Text) : AnswerPiece;

/// <summary>What the model thinks before it answers.</summary>
/// <param name="Text">What is added to it.</param>
public sealed record ReasoningPiece(string Text) : AnswerPiece;

/// <summary>The beginning of a tool call.</summary>
/// <param name="Index">Its number within the answer, from 0.</param>
/// <param name="Name">The tool's name.</param>
public sealed record ToolCallPiece(int Index, string Name) : AnswerPiece;

/// <summary>Part of a tool call's arguments. All parts joined are a JSON object where the model kept to its format.</summary>
/// <param name="Index">The call's number.</param>
/// <param name="Json">What is added to them.</param>
public sealed record ToolArgumentsPiece(int Index, string Json) : AnswerPiece;

/// <summary>The end of a tool call.</summary>
/// <param name="Index">The call's number.</param>
/// <param name="Id">The call's id where the model gives one; else null.</param>
/// <param name="IsWhole">False where the answer ended before the call did.</param>
public sealed record ToolCallEndPiece(int Index, string? Id, bool IsWhole) : AnswerPiece;
