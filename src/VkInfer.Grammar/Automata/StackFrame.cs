namespace VkInfer.Grammar.Automata;

/// <summary>
/// Where an open rule goes on when the one above it ends. Frames are interned: equal stacks are one object, so that they compare
/// by reference and share what they have in common.
/// </summary>
/// <param name="Id">Different for different frames of one <see cref="LazyAutomaton"/>.</param>
/// <param name="Return">The state to go on with.</param>
/// <param name="Below">The rest of the stack; null where the first rule comes next.</param>
/// <param name="Depth">Frames from here down.</param>
internal sealed record StackFrame(int Id, int Return, StackFrame? Below, int Depth);
