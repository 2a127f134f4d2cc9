namespace VkInfer.Tokenization;

/// <summary>What can be said of a <see cref="Node"/> without matching.</summary>
internal static class NodeFacts
{
    private const int Unlimited = RepeatNode.Unlimited;

    /// <summary>How many code points a match has at least and at most.</summary>
    public static (int Min, int Max) Width(Node node)
    {
        switch (node)
        {
            case SetNode:
                return (1, 1);
            case SequenceNode sequence:
                (int Min, int Max)[] parts = [.. sequence.Parts.Select(Width)];
                return (parts.Aggregate(0, (sum, part) => Add(sum, part.Min)), parts.Aggregate(0, (sum, part) => Add(sum, part.Max)));
            case AlternativesNode alternatives:
                (int Min, int Max)[] options = [.. alternatives.Options.Select(Width)];
                return (options.Min(option => option.Min), options.Max(option => option.Max));
            case RepeatNode repeat:
                (int min, int max) = Width(repeat.Body);
                return (Multiply(min, repeat.Min), Multiply(max, repeat.Max));
            case AtomicNode atomic:
                return Width(atomic.Body);
            case CaptureNode capture:
                return Width(capture.Body);
            case ReferenceNode:
                return (0, Unlimited);
            default:
                return (0, 0);
        }
    }

    /// <summary>What a match begins with; null where it may be empty.</summary>
    public static CodePointSet? First(Node node)
    {
        switch (node)
        {
            case SetNode set:
                return set.Set;
            case SequenceNode sequence:
                CodePointSet first = CodePointSet.Empty;
                foreach (Node part in sequence.Parts)
                {
                    if (First(part) is { } sure)
                    {
                        return first.Or(sure);
                    }

                    if (MayBeginWith(part) is not { } possible)
                    {
                        return null;
                    }

                    first = first.Or(possible);
                }

                return null;
            case AlternativesNode alternatives:
                CodePointSet?[] options = [.. alternatives.Options.Select(First)];
                return options.Contains(null) ? null : CodePointSet.Of(options.SelectMany(option => option!.Runs));
            case RepeatNode { Min: > 0 } repeat:
                return First(repeat.Body);
            case AtomicNode atomic:
                return First(atomic.Body);
            case CaptureNode capture:
                return First(capture.Body);
            default:
                return null;
        }
    }

    /// <summary>What a match begins with that may also be empty; null where that cannot be said.</summary>
    private static CodePointSet? MayBeginWith(Node node) => node switch
    {
        EmptyNode or AnchorNode or LookNode => CodePointSet.Empty,
        RepeatNode { Min: 0 } repeat => First(repeat.Body),
        _ => null,
    };

    private static int Add(int a, int b) => a == Unlimited || b == Unlimited ? Unlimited : (int)Math.Min((long)a + b, Unlimited);

    private static int Multiply(int a, int b) => a == 0 || b == 0 ? 0
        : a == Unlimited || b == Unlimited ? Unlimited : (int)Math.Min((long)a * b, Unlimited);
}
