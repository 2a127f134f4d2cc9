namespace VkInfer.Grammar.Automata;

/// <summary>
/// For each state, how many rules must be open at a time, at least, on the way to the end of its rule or loop body: the shortest path
/// with the maximum in place of the sum (Knuth, "A generalization of Dijkstra's algorithm", 1977).
/// </summary>
internal static class StateHeights
{
    /// <summary>The height of a state from which its rule never ends.</summary>
    public const int Endless = int.MaxValue / 2;

    /// <summary>Computes all heights.</summary>
    /// <param name="states">The states.</param>
    /// <param name="loops">The loops.</param>
    /// <param name="starts">The first state of each rule.</param>
    /// <param name="readsBytes">False: only ways count that read nothing, so that a finite height says that the empty text matches.</param>
    public static int[] Of(State[] states, Loop[] loops, int[] starts, bool readsBytes)
    {
        var dependents = new Dependents(states, loops, starts, readsBytes);
        int[] heights = new int[states.Length];
        Array.Fill(heights, Endless);
        var queue = new PriorityQueue<int, int>();
        bool[] done = new bool[states.Length];
        for (int i = 0; i < states.Length; i++)
        {
            if (states[i].Kind == StateKind.End)
            {
                queue.Enqueue(i, 0);
            }
        }

        while (queue.TryDequeue(out int state, out int height))
        {
            if (done[state])
            {
                continue;
            }

            done[state] = true;
            heights[state] = height;
            foreach (int dependent in dependents.Of(state))
            {
                int through = Through(states[dependent], height);
                if (!done[dependent] && through < Endless)
                {
                    queue.Enqueue(dependent, through);
                }
            }
        }

        return heights;

        int Through(State state, int height) => state.Kind switch
        {
            // A call at a rule's end opens its rule in place of its own.
            StateKind.Call => Math.Max(
                heights[starts[state.Index]] + (states[state.Target].Kind == StateKind.End ? 0 : 1), heights[state.Target]),
            StateKind.Loop => loops[state.Index].Min == 0
                ? heights[state.Target]
                : Math.Max(heights[loops[state.Index].Body], heights[state.Target]),
            _ => height,
        };
    }

    /// <summary>The states whose heights depend on each one's: one list after another in one array.</summary>
    private readonly struct Dependents
    {
        private readonly int[] _first;
        private readonly int[] _all;

        public Dependents(State[] states, Loop[] loops, int[] starts, bool readsBytes)
        {
            int[] first = new int[states.Length + 1];
            ForEach(states, loops, starts, readsBytes, (target, _) => first[target + 1]++);
            for (int i = 0; i < states.Length; i++)
            {
                first[i + 1] += first[i];
            }

            int[] next = first[..^1];
            int[] all = new int[first[^1]];
            ForEach(states, loops, starts, readsBytes, (target, dependent) => all[next[target]++] = dependent);
            (_first, _all) = (first, all);
        }

        public ReadOnlySpan<int> Of(int state) => _all.AsSpan(_first[state].._first[state + 1]);

        private static void ForEach(State[] states, Loop[] loops, int[] starts, bool readsBytes, Action<int, int> add)
        {
            for (int i = 0; i < states.Length; i++)
            {
                State state = states[i];
                switch (state.Kind)
                {
                    case StateKind.Byte when readsBytes:
                        add(state.Target, i);
                        break;
                    case StateKind.Call:
                        add(state.Target, i);
                        add(starts[state.Index], i);
                        break;
                    case StateKind.Loop:
                        add(state.Target, i);
                        add(loops[state.Index].Body, i);
                        break;
                    case StateKind.Split:
                        Array.ForEach(state.Targets!, target => add(target, i));
                        break;
                }
            }
        }
    }
}
