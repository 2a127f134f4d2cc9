namespace VkInfer.Tokenization;

/// <summary>Turns the parts of an expression into instructions.</summary>
internal sealed class ExpressionCompiler
{
    /// <summary>Most instructions; those of published tokenizers have about a hundred.</summary>
    private const int MaxInstructions = 20_000;

    private readonly List<Instruction> _program = [];
    private readonly string _place;
    private int _slots;
    private int _memos;

    private ExpressionCompiler(string place, int captures)
    {
        _place = place;
        _slots = 2 * (captures + 1);
    }

    /// <summary>Compiles an expression.</summary>
    /// <exception cref="TokenizerException">It is too large.</exception>
    public static ExpressionProgram Compile(Node node, string place)
    {
        (int captures, bool hasReferences) = Captures(node);
        var compiler = new ExpressionCompiler(place, captures);
        compiler.Emit(node, hasReferences);
        compiler.Add(new Instruction { Operation = Operation.Accept });
        bool isPure = !compiler._program.Exists(step =>
            step.Operation is Operation.Reference or Operation.LeaveIfEmpty
                || step is { Operation: Operation.Anchor, X: (int)Anchor.SearchBegin });
        return new ExpressionProgram(
            [.. compiler._program], NodeFacts.First(node), compiler._slots, isPure ? compiler._memos : 0, hasReferences);
    }

    private static (int Captures, bool HasReferences) Captures(Node node) => node switch
    {
        CaptureNode capture => Max((capture.Number, false), Captures(capture.Body)),
        ReferenceNode => (0, true),
        SequenceNode sequence => sequence.Parts.Select(Captures).Aggregate((0, false), Max),
        AlternativesNode alternatives => alternatives.Options.Select(Captures).Aggregate((0, false), Max),
        RepeatNode repeat => Captures(repeat.Body),
        AtomicNode atomic => Captures(atomic.Body),
        LookNode look => Captures(look.Body),
        _ => (0, false),
    };

    private static (int Captures, bool HasReferences) Max((int Captures, bool HasReferences) a, (int Captures, bool HasReferences) b) =>
        (Math.Max(a.Captures, b.Captures), a.HasReferences || b.HasReferences);

    private Instruction Add(Instruction instruction)
    {
        if (_program.Count >= MaxInstructions)
        {
            throw new TokenizerException(_place, $"a regular expression of at most {MaxInstructions} steps", "more");
        }

        if (instruction.Operation is Operation.Split or Operation.Loop)
        {
            instruction.Memo = _memos++;
        }

        _program.Add(instruction);
        return instruction;
    }

    private void Emit(Node node, bool captures)
    {
        switch (node)
        {
            case SetNode set:
                Add(new Instruction { Operation = Operation.Set, Set = set.Set });
                break;
            case SequenceNode sequence:
                foreach (Node part in sequence.Parts)
                {
                    Emit(part, captures);
                }

                break;
            case AlternativesNode alternatives:
                EmitAlternatives(alternatives.Options, captures);
                break;
            case RepeatNode { Kind: RepeatKind.Possessive, Body: not SetNode } repeat:
                Emit(new AtomicNode(repeat with { Kind = RepeatKind.Greedy }), captures);
                break;
            case RepeatNode repeat:
                EmitRepeat(Simplify(repeat), captures);
                break;
            case AtomicNode atomic:
                EmitPart(new Instruction { Operation = Operation.Atomic }, atomic.Body, captures);
                break;
            case LookNode { IsBehind: false } look:
                EmitPart(new Instruction { Operation = Operation.LookAhead, IsNegative = look.IsNegative }, look.Body, captures);
                break;
            case LookNode look:
                EmitPart(
                    new Instruction { Operation = Operation.LookBehind, IsNegative = look.IsNegative, Width = NodeFacts.Width(look.Body) },
                    look.Body,
                    captures);
                break;
            case AnchorNode anchor:
                Add(new Instruction { Operation = Operation.Anchor, X = (int)anchor.Anchor });
                break;
            case CaptureNode capture when captures:
                Add(new Instruction { Operation = Operation.Store, X = 2 * capture.Number });
                Emit(capture.Body, captures);
                Add(new Instruction { Operation = Operation.Store, X = (2 * capture.Number) + 1 });
                break;
            case CaptureNode capture:
                Emit(capture.Body, captures);
                break;
            case ReferenceNode reference:
                Add(new Instruction { Operation = Operation.Reference, X = 2 * reference.Number, IsNegative = reference.IgnoresCase });
                break;
            default:
                break;
        }
    }

    /// <summary>A part that is matched on its own, and then goes on behind it.</summary>
    private void EmitPart(Instruction head, Node body, bool captures)
    {
        Add(head);
        Emit(body, captures);
        Add(new Instruction { Operation = Operation.Accept });
        head.Y = _program.Count;
    }

    private void EmitAlternatives(IReadOnlyList<Node> options, bool captures)
    {
        // Each split needs to know whether any of those behind it can begin here.
        var firsts = new CodePointSet?[options.Count];
        var rests = new CodePointSet?[options.Count];
        for (int i = options.Count - 1; i >= 0; i--)
        {
            firsts[i] = NodeFacts.First(options[i]);
            rests[i] = i == options.Count - 1 ? firsts[i] : firsts[i] is { } first && rests[i + 1] is { } rest ? first.Or(rest) : null;
        }

        var jumps = new List<Instruction>();
        for (int i = 0; i < options.Count - 1; i++)
        {
            Instruction split = Add(new Instruction { Operation = Operation.Split, Set = firsts[i], Other = rests[i + 1] });
            split.X = _program.Count;
            Emit(options[i], captures);
            jumps.Add(Add(new Instruction { Operation = Operation.Jump }));
            split.Y = _program.Count;
        }

        Emit(options[^1], captures);
        jumps.ForEach(jump => jump.X = _program.Count);
    }

    /// <summary><c>(x*)*</c> and its like, which would take exponential time, as <c>x*</c>.</summary>
    private static RepeatNode Simplify(RepeatNode repeat) =>
        repeat is { Kind: RepeatKind.Greedy, Min: 0 or 1, Max: RepeatNode.Unlimited, Body: RepeatNode inner }
        && inner is { Kind: RepeatKind.Greedy, Min: 0 or 1, Max: 1 or RepeatNode.Unlimited }
            ? Simplify(inner with { Min = Math.Min(repeat.Min, inner.Min), Max = RepeatNode.Unlimited })
            : repeat;

    private void EmitRepeat(RepeatNode repeat, bool captures)
    {
        if (repeat.Body is SetNode set)
        {
            Add(new Instruction { Operation = Operation.Loop, Set = set.Set, X = repeat.Min, Y = repeat.Max, Kind = repeat.Kind });
            return;
        }

        for (int i = 0; i < repeat.Min; i++)
        {
            Emit(repeat.Body, captures);
        }

        CodePointSet? first = NodeFacts.First(repeat.Body);
        bool isGreedy = repeat.Kind == RepeatKind.Greedy;
        if (repeat.Max == RepeatNode.Unlimited)
        {
            EmitEndless(repeat.Body, first, isGreedy, captures);
            return;
        }

        var splits = new List<Instruction>();
        for (int i = repeat.Min; i < repeat.Max; i++)
        {
            splits.Add(Choice(first, isGreedy, _program.Count + 1));
            Emit(repeat.Body, captures);
        }

        splits.ForEach(split => Leave(split, isGreedy, _program.Count));
    }

    private void EmitEndless(Node body, CodePointSet? first, bool isGreedy, bool captures)
    {
        int start = _program.Count;
        Instruction split = Choice(first, isGreedy, start + 1);
        int slot = NodeFacts.Width(body).Min == 0 ? _slots++ : -1;
        if (slot >= 0)
        {
            Add(new Instruction { Operation = Operation.Store, X = slot });
        }

        Emit(body, captures);
        Instruction? check = slot >= 0 ? Add(new Instruction { Operation = Operation.LeaveIfEmpty, X = slot }) : null;
        Add(new Instruction { Operation = Operation.Jump, X = start });
        Leave(split, isGreedy, _program.Count);
        if (check is not null)
        {
            check.Y = _program.Count;
        }
    }

    /// <summary>Into a repetition or past it.</summary>
    private Instruction Choice(CodePointSet? first, bool isGreedy, int body) => Add(new Instruction
    {
        Operation = Operation.Split,
        Set = isGreedy ? first : null,
        Other = isGreedy ? null : first,
        X = isGreedy ? body : 0,
        Y = isGreedy ? 0 : body,
    });

    private static void Leave(Instruction split, bool isGreedy, int target)
    {
        if (isGreedy)
        {
            split.Y = target;
        }
        else
        {
            split.X = target;
        }
    }
}

/// <summary>A compiled expression.</summary>
/// <param name="Steps">The instructions; matching begins with the first.</param>
/// <param name="First">What a match begins with; null where it may be empty.</param>
/// <param name="Slots">How many positions are kept.</param>
/// <param name="Memos">How many splits and loops fail at a place whatever came before; 0 where that depends on what came before.</param>
/// <param name="HasReferences">Whether slots hold captures.</param>
internal sealed record ExpressionProgram(Instruction[] Steps, CodePointSet? First, int Slots, int Memos, bool HasReferences);
