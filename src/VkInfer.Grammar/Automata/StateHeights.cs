namespace VkInfer.Grammar.Automata;

/// <summary>
/// For each state, how many rules must be open at a time, at least, on the way to the end of its rule: the shortest path with the
/// maximum in place of the sum (Knuth, "A generalization of Dijkstra's algorithm", 1977).
/// </summary>
internal static class StateHeights
{
    /// <summary>The height of a state from which its rule never ends.</summary>
    public const int Endless = int.MaxValue / 2;

    /// <summary>Computes all heights.</summary>
    /// <param name="states">The states.</param>
    /// <param name="starts">The first state of each rule.</param>
    /// <param name="readsBytes">False: only ways count that read nothing, so that a finite height says that the empty text matches.</param>
    public static int[] Of(State[] states, int[] starts, bool readsBytes)
    {
        List<int>[] dependents = Dependents(states, starts, readsBytes);
        var heights = new int[states.Length];
        Array.Fill(heights, Endless);
        var queue = new PriorityQueue<int, int>();
        var done = new bool[states.Length];
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
            foreach (int dependent in dependents[state])
            {
                State other = states[dependent];
                int through = other.Kind != StateKind.Call ? height : Math.Max(1 + heights[starts[other.Rule]], heights[other.Target]);
                if (!done[dependent] && through < Endless)
                {
                    queue.Enqueue(dependent, through);
                }
            }
        }

        return heights;
    }

    private static List<int>[] Dependents(State[] states, int[] starts, bool readsBytes)
    {
        var dependents = new List<int>[states.Length];
        for (int i = 0; i < states.Length; i++)
        {
            dependents[i] = [];
        }

        for (int i = 0; i < states.Length; i++)
        {
            State state = states[i];
            if (state.Kind == StateKind.Call || (state.Kind == StateKind.Byte && readsBytes))
            {
                dependents[state.Target].Add(i);
            }

            if (state.Kind == StateKind.Call)
            {
                dependents[starts[state.Rule]].Add(i);
            }

            foreach (int target in state.Targets ?? [])
            {
                dependents[target].Add(i);
            }
        }

        return dependents;
    }
}
