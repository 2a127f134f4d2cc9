using VkInfer.Grammar.Automata;

namespace VkInfer.Grammar.Regular;

/// <summary>
/// A regular language over code points as a deterministic automaton. State 0 begins; <see cref="Dead"/> rejects. Immutable.
/// </summary>
internal sealed class Dfa
{
    /// <summary>The state from which nothing is accepted.</summary>
    public const int Dead = -1;

    /// <summary>States of one automaton, at most.</summary>
    public const int MostStates = 20_000;

    private const int MostToMinimize = 4000;

    private readonly int[] _firsts;
    private readonly int[][] _next;
    private readonly bool[] _accepts;

    /// <param name="firsts">The first code point of each range; a range ends before the next, the last with the last code point.</param>
    /// <param name="next">For each state, the state after a code point of each range.</param>
    /// <param name="accepts">Whether a text may end in each state.</param>
    public Dfa(int[] firsts, int[][] next, bool[] accepts) => (_firsts, _next, _accepts) = (firsts, next, accepts);

    /// <summary>All texts.</summary>
    public static Dfa Any { get; } = new([0], [[0]], [true]);

    /// <summary>Number of states.</summary>
    public int Count => _next.Length;

    /// <summary>Whether no text is accepted.</summary>
    public bool IsEmpty => !Array.Exists(_accepts, accepts => accepts);

    /// <summary>The texts of so many code points; the counts are bounded by <see cref="MostStates"/>.</summary>
    public static Dfa OfLength(int min, int? max)
    {
        int count = (max ?? Math.Max(0, min - 1)) + 1;
        if (max is null && min > 0)
        {
            count = min + 1;
        }

        return new Dfa(
            [0],
            [.. Enumerable.Range(0, count).Select(i => new[] { i + 1 < count ? i + 1 : max is null ? i : Dead })],
            [.. Enumerable.Range(0, count).Select(i => i >= min)]);
    }

    /// <summary>Whether a text is accepted.</summary>
    public bool IsMatch(string text)
    {
        int state = 0;
        foreach (System.Text.Rune rune in text.EnumerateRunes())
        {
            int atom = Array.BinarySearch(_firsts, rune.Value);
            state = _next[state][atom >= 0 ? atom : ~atom - 1];
            if (state == Dead)
            {
                return false;
            }
        }

        return _accepts[state];
    }

    /// <summary>The texts that both accept.</summary>
    /// <exception cref="DfaTooLargeException">It needs too many states.</exception>
    public Dfa And(Dfa other) => Product(other, (a, b) => a && b);

    /// <summary>The texts that one of them accepts.</summary>
    /// <exception cref="DfaTooLargeException">It needs too many states.</exception>
    public Dfa Or(Dfa other) => Product(other, (a, b) => a || b);

    /// <summary>The texts that it does not accept.</summary>
    public Dfa Not()
    {
        int sink = Count;
        int[][] next = [.. _next.Append([.. _firsts.Select(_ => Dead)]).Select(row => row.Select(to => to == Dead ? sink : to).ToArray())];
        return new Dfa(_firsts, next, [.. _accepts.Select(accepts => !accepts), true]).Trim();
    }

    /// <summary>Code points of the shortest and the longest text; a longest of null: there is none.</summary>
    public (int Min, int? Max) Lengths()
    {
        Dfa trimmed = Trim();
        int[] least = [.. Enumerable.Repeat(int.MaxValue, trimmed.Count)];
        int min = int.MaxValue;
        var queue = new Queue<int>([0]);
        least[0] = 0;
        while (queue.TryDequeue(out int state))
        {
            min = trimmed._accepts[state] ? Math.Min(min, least[state]) : min;
            foreach (int to in trimmed._next[state].Where(to => to != Dead && least[to] == int.MaxValue).Distinct())
            {
                least[to] = least[state] + 1;
                queue.Enqueue(to);
            }
        }

        return (min, trimmed.Longest());
    }

    /// <summary>The same language with the fewest states, where it has not too many to find them.</summary>
    public Dfa Minimize()
    {
        Dfa trimmed = Trim();
        if (trimmed.Count > MostToMinimize)
        {
            return trimmed;
        }

        // Moore's refinement: states are told apart by what they accept, then by where they lead.
        int[] classes = [.. trimmed._accepts.Select(accepts => accepts ? 1 : 0)];
        for (int count = 0; ;)
        {
            var known = new Dictionary<Signature, int>();
            int[] refined = new int[classes.Length];
            for (int state = 0; state < classes.Length; state++)
            {
                int[] row = [classes[state], .. trimmed._next[state].Select(to => to == Dead ? Dead : classes[to])];
                var signature = new Signature(row);
                if (!known.TryGetValue(signature, out refined[state]))
                {
                    refined[state] = known.Count;
                    known.Add(signature, known.Count);
                }
            }

            classes = refined;
            if (known.Count == count)
            {
                return trimmed.Merge(classes, count);
            }

            count = known.Count;
        }
    }

    /// <summary>Calls back for each state with its successors by ranges of code points, and whether a text may end there.</summary>
    public IEnumerable<(bool Accepts, IEnumerable<(int Target, List<(int First, int Last)> Ranges)> Steps)> States()
    {
        for (int state = 0; state < Count; state++)
        {
            int[] row = _next[state];
            yield return (_accepts[state],
                from atom in Enumerable.Range(0, _firsts.Length)
                where row[atom] != Dead
                group (_firsts[atom], Last(atom)) by row[atom] into step
                select (step.Key, Utf8Ranges.Normalize(step)));
        }
    }

    private int Last(int atom) => atom + 1 < _firsts.Length ? _firsts[atom + 1] - 1 : Utf8Ranges.MaxCodePoint;

    private Dfa Product(Dfa other, Func<bool, bool, bool> accepts)
    {
        int[] firsts = [.. _firsts.Union(other._firsts).Order()];
        int[] mine = [.. firsts.Select(first => Atom(first))], theirs = [.. firsts.Select(other.Atom)];
        var numbers = new Dictionary<(int, int), int> { [(0, 0)] = 0 };
        var pairs = new List<(int Mine, int Theirs)> { (0, 0) };
        var next = new List<int[]>();
        for (int i = 0; i < pairs.Count; i++)
        {
            (int a, int b) = pairs[i];
            int[] row = new int[firsts.Length];
            for (int atom = 0; atom < row.Length; atom++)
            {
                (int, int) to = (a == Dead ? Dead : _next[a][mine[atom]], b == Dead ? Dead : other._next[b][theirs[atom]]);
                bool isDead = (to.Item1 == Dead && !accepts(false, true)) || (to.Item2 == Dead && !accepts(true, false))
                    || to == (Dead, Dead);
                if (isDead)
                {
                    row[atom] = Dead;
                    continue;
                }

                if (!numbers.TryGetValue(to, out row[atom]))
                {
                    row[atom] = pairs.Count;
                    numbers.Add(to, pairs.Count);
                    pairs.Add(to);
                    if (pairs.Count > MostStates)
                    {
                        throw new DfaTooLargeException();
                    }
                }
            }

            next.Add(row);
        }

        return new Dfa(
            firsts, [.. next],
            [.. pairs.Select(p => accepts(p.Mine != Dead && _accepts[p.Mine], p.Theirs != Dead && other._accepts[p.Theirs]))])
            .Trim();
    }

    private int Atom(int codePoint)
    {
        int atom = Array.BinarySearch(_firsts, codePoint);
        return atom >= 0 ? atom : ~atom - 1;
    }

    /// <summary>Without the states from which nothing is accepted, and those that nothing leads to.</summary>
    private Dfa Trim()
    {
        List<int>[] before = [.. Enumerable.Range(0, Count).Select(_ => new List<int>())];
        for (int state = 0; state < Count; state++)
        {
            foreach (int to in _next[state].Where(to => to != Dead).Distinct())
            {
                before[to].Add(state);
            }
        }

        bool[] lives = new bool[Count];
        var open = new Stack<int>(Enumerable.Range(0, Count).Where(state => _accepts[state]));
        while (open.TryPop(out int state))
        {
            if (!lives[state])
            {
                lives[state] = true;
                before[state].ForEach(open.Push);
            }
        }

        int[] numbers = [.. Enumerable.Repeat(Dead, Count)];
        var order = new List<int> { 0 };
        numbers[0] = 0;
        for (int i = 0; i < order.Count; i++)
        {
            foreach (int to in _next[order[i]].Where(to => to != Dead && lives[to] && numbers[to] == Dead))
            {
                if (numbers[to] == Dead)
                {
                    numbers[to] = order.Count;
                    order.Add(to);
                }
            }
        }

        return new Dfa(
            _firsts, [.. order.Select(state => _next[state].Select(to => to == Dead || !lives[to] ? Dead : numbers[to]).ToArray())],
            [.. order.Select(state => _accepts[state])]);
    }

    private Dfa Merge(int[] classes, int count)
    {
        int[] sample = new int[count];
        for (int state = classes.Length - 1; state >= 0; state--)
        {
            sample[classes[state]] = state;
        }

        // Neighbouring ranges that no state tells apart become one.
        int[][] rows = [.. sample.Select(state => _next[state].Select(to => to == Dead ? Dead : classes[to]).ToArray())];
        int[] kept = [.. Enumerable.Range(0, _firsts.Length).Where(a => a == 0 || Array.Exists(rows, row => row[a] != row[a - 1]))];
        return new Dfa(
            [.. kept.Select(atom => _firsts[atom])], [.. rows.Select(row => kept.Select(atom => row[atom]).ToArray())],
            [.. sample.Select(state => _accepts[state])]).Trim();
    }

    /// <summary>The longest way through a trimmed automaton; null where it has a circle.</summary>
    private int? Longest()
    {
        const int Unknown = -1, Open = -2;
        int[] longest = [.. Enumerable.Repeat(Unknown, Count)];
        var stack = new Stack<int>([0]);
        while (stack.TryPeek(out int state))
        {
            if (longest[state] == Unknown)
            {
                longest[state] = Open;
                foreach (int to in _next[state].Where(to => to != Dead).Distinct())
                {
                    if (longest[to] == Open)
                    {
                        return null;
                    }

                    if (longest[to] == Unknown)
                    {
                        stack.Push(to);
                    }
                }

                continue;
            }

            stack.Pop();
            if (longest[state] == Open)
            {
                longest[state] = _next[state].Where(to => to != Dead).Select(to => longest[to] + 1).DefaultIfEmpty(0).Max();
            }
        }

        return longest[0];
    }

    private readonly struct Signature(int[] row) : IEquatable<Signature>
    {
        private readonly int[] _row = row;

        public bool Equals(Signature other) => _row.AsSpan().SequenceEqual(other._row);

        public override bool Equals(object? obj) => obj is Signature other && Equals(other);

        public override int GetHashCode()
        {
            var hash = default(HashCode);
            hash.AddBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(_row.AsSpan()));
            return hash.ToHashCode();
        }
    }
}

/// <summary>A regular language takes more states than a grammar may cost; caught where the place is known.</summary>
internal sealed class DfaTooLargeException() : VkInferException("The language needs too many states.");
