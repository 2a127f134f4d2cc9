using System.Text;
using VkInfer.Grammar.Automata;

namespace VkInfer.Grammar.Regular;

/// <summary>Makes a <see cref="Dfa"/> of an expression without references (Thompson's construction, then sets of states).</summary>
internal sealed class DfaBuilder
{
    private const int MostNodes = 20_000;
    private const int MostWork = 20_000_000;

    private readonly List<Node> _nodes = [new Node(NodeKind.Final, null, -1, -1)];
    private int _work;

    private enum NodeKind
    {
        Final,
        Read,
        Split,
        Start,
        End,
    }

    /// <summary>The texts that an expression matches as a whole.</summary>
    /// <exception cref="DfaTooLargeException">It needs too many states.</exception>
    public static Dfa Of(Expression expression)
    {
        var builder = new DfaBuilder();
        return builder.Determine(builder.Add(expression, 0));
    }

    private int Add(Expression expression, int next)
    {
        switch (expression)
        {
            case Expression.Literal literal:
                foreach (Rune rune in Encoding.UTF8.GetString(literal.Bytes.Span).EnumerateRunes().Reverse())
                {
                    next = New(new Node(NodeKind.Read, [(rune.Value, rune.Value)], next, -1));
                }

                return next;
            case Expression.CodePoints codePoints:
                return New(new Node(NodeKind.Read, codePoints.Ranges, next, -1));
            case Expression.Sequence sequence:
                return sequence.Parts.Reverse().Aggregate(next, (to, part) => Add(part, to));
            case Expression.Choice choice:
                // A split without targets reads nothing and leads nowhere.
                int split = New(new Node(NodeKind.Split, null, -1, -1));
                return choice.Alternatives.Aggregate(
                    split, (other, alternative) => New(new Node(NodeKind.Split, null, Add(alternative, next), other)));
            case Expression.Repeat repeat:
                return AddRepeat(repeat, next);
            case Expression.Anchor anchor:
                return New(new Node(anchor.IsEnd ? NodeKind.End : NodeKind.Start, null, next, -1));
            default:
                throw new ArgumentOutOfRangeException(nameof(expression));
        }
    }

    private int AddRepeat(Expression.Repeat repeat, int next)
    {
        if (repeat.Max is { } max)
        {
            // Each may be left out only with all behind it: x{0,2} is (x x?)?.
            int end = next;
            for (int i = repeat.Min; i < max; i++)
            {
                next = New(new Node(NodeKind.Split, null, Add(repeat.Body, next), end));
            }
        }
        else
        {
            int loop = New(new Node(NodeKind.Split, null, -1, next));
            _nodes[loop] = new Node(NodeKind.Split, null, Add(repeat.Body, loop), next);
            next = loop;
        }

        for (int i = 0; i < repeat.Min; i++)
        {
            next = Add(repeat.Body, next);
        }

        return next;
    }

    private int New(Node node)
    {
        if (_nodes.Count >= MostNodes)
        {
            throw new DfaTooLargeException();
        }

        _nodes.Add(node);
        return _nodes.Count - 1;
    }

    private Dfa Determine(int start)
    {
        int[] firsts =
        [
            .. _nodes.Where(n => n.Ranges is not null).SelectMany(n => n.Ranges!).SelectMany(range => new[] { range.First, range.Last + 1 })
                .Append(0).Where(first => first <= Utf8Ranges.MaxCodePoint).Distinct().Order(),
        ];
        var sets = new Dictionary<string, int>();
        var open = new List<int[]>();
        var next = new List<int[]>();
        var accepts = new List<bool>();
        Number(Closure([start], atStart: true, atEnd: false));
        for (int i = 0; i < open.Count; i++)
        {
            int[] set = open[i];
            accepts.Add(Closure(set, atStart: i == 0, atEnd: true).Contains(0));
            var targets = new HashSet<int>?[firsts.Length];
            foreach (int node in set.Where(node => _nodes[node].Kind == NodeKind.Read))
            {
                foreach ((int first, int last) in _nodes[node].Ranges!)
                {
                    for (int atom = Array.BinarySearch(firsts, first); atom < firsts.Length && firsts[atom] <= last; atom++)
                    {
                        Spend(1);
                        (targets[atom] ??= []).Add(_nodes[node].Next);
                    }
                }
            }

            next.Add([.. targets.Select(t => t is null ? Dfa.Dead : Number(Closure(t, atStart: false, atEnd: false)))]);
        }

        return new Dfa(firsts, [.. next], [.. accepts]).Minimize();

        int Number(int[] set)
        {
            string key = string.Join(',', set);
            if (!sets.TryGetValue(key, out int number))
            {
                number = open.Count;
                if (number >= Dfa.MostStates)
                {
                    throw new DfaTooLargeException();
                }

                sets.Add(key, number);
                open.Add(set);
            }

            return number;
        }
    }

    /// <summary>All nodes that are reached without reading; what waits for the end of the text stays in the set.</summary>
    private int[] Closure(IEnumerable<int> from, bool atStart, bool atEnd)
    {
        var seen = new HashSet<int>();
        var open = new Stack<int>(from);
        while (open.TryPop(out int at))
        {
            if (at < 0 || !seen.Add(at))
            {
                continue;
            }

            Spend(1);
            Node node = _nodes[at];
            bool follows = node.Kind == NodeKind.Split || (node.Kind == NodeKind.Start && atStart) || (node.Kind == NodeKind.End && atEnd);
            if (follows)
            {
                open.Push(node.Next);
                open.Push(node.Other);
            }
        }

        return [.. seen.Where(at => _nodes[at].Kind is NodeKind.Read or NodeKind.Final or NodeKind.End).Order()];
    }

    private void Spend(int steps)
    {
        _work += steps;
        if (_work > MostWork)
        {
            throw new DfaTooLargeException();
        }
    }

    private readonly record struct Node(NodeKind Kind, IReadOnlyList<(int First, int Last)>? Ranges, int Next, int Other);
}
