namespace VkInfer.Grammar.Automata;

/// <summary>
/// An open rule or loop. Frames are interned: equal stacks are one object, so that they compare by reference and share what they have
/// in common.
/// </summary>
/// <param name="id">Different for different frames of one <see cref="LazyAutomaton"/>; from 1.</param>
/// <param name="at">For a rule, the state to go on with at its end; for a loop, the loop's state.</param>
/// <param name="count">For a loop, the passes made before the present one; −1 for a rule.</param>
/// <param name="below">The rest of the stack; null where the first rule comes next.</param>
internal sealed class StackFrame(int id, int at, int count, StackFrame? below)
{
    /// <summary>The count of a frame that is no loop's.</summary>
    public const int NoLoop = -1;

    public int Id => id;

    public int At => at;

    public int Count => count;

    public bool IsLoop => count != NoLoop;

    public StackFrame? Below => below;

    /// <summary>Rules open from here down.</summary>
    public int Depth { get; } = (below?.Depth ?? 0) + (count == NoLoop ? 1 : 0);

    /// <summary>Rules and loops open from here down.</summary>
    public int Height { get; } = (below?.Height ?? 0) + 1;

    /// <summary>The frame that stands for this one and others in masks; null until that was asked.</summary>
    public StackFrame? Representative { get; set; }
}
