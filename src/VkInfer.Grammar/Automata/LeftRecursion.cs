namespace VkInfer.Grammar.Automata;

/// <summary>Refuses rules that open themselves again before anything is read.</summary>
internal static class LeftRecursion
{
    /// <summary>Checks all rules.</summary>
    /// <param name="rules">The rules, for messages.</param>
    /// <param name="states">The states.</param>
    /// <param name="loops">The loops.</param>
    /// <param name="starts">The first state of each rule.</param>
    /// <param name="emptyHeights">The heights of ways that read nothing: finite where the empty text matches.</param>
    /// <exception cref="GrammarException">There is such a rule; the message names it and the rules between.</exception>
    public static void Check(RuleSet rules, State[] states, Loop[] loops, int[] starts, int[] emptyHeights)
    {
        var first = new List<int>[starts.Length];
        int[] seen = new int[states.Length];
        for (int rule = 0; rule < starts.Length; rule++)
        {
            first[rule] = OpenedFirst(rule, states, loops, starts, emptyHeights, seen);
        }

        bool[] finished = new bool[starts.Length];
        bool[] onPath = new bool[starts.Length];
        for (int rule = 0; rule < starts.Length; rule++)
        {
            FindCycle(rule, rules, first, finished, onPath);
        }
    }

    /// <summary>The rules that a rule may open before it has read anything.</summary>
    private static List<int> OpenedFirst(int rule, State[] states, Loop[] loops, int[] starts, int[] emptyHeights, int[] seen)
    {
        var opened = new List<int>();
        var open = new Stack<int>([starts[rule]]);
        while (open.TryPop(out int at))
        {
            if (seen[at] == rule + 1)
            {
                continue;
            }

            seen[at] = rule + 1;
            State state = states[at];
            if (state.Kind is StateKind.Call or StateKind.Loop)
            {
                int inner = state.Kind == StateKind.Call ? starts[state.Index] : loops[state.Index].Body;
                if (state.Kind == StateKind.Call)
                {
                    opened.Add(state.Index);
                }
                else
                {
                    open.Push(inner);
                }

                if (emptyHeights[inner] < StateHeights.Endless || (state.Kind == StateKind.Loop && loops[state.Index].Min == 0))
                {
                    open.Push(state.Target);
                }
            }

            foreach (int target in state.Targets ?? [])
            {
                open.Push(target);
            }
        }

        return opened;
    }

    /// <summary>Depth-first, without the call stack: there may be many rules.</summary>
    private static void FindCycle(int start, RuleSet rules, List<int>[] first, bool[] finished, bool[] onPath)
    {
        if (finished[start])
        {
            return;
        }

        var path = new Stack<(int Rule, int Next)>([(start, 0)]);
        onPath[start] = true;
        while (path.TryPop(out (int Rule, int Next) at))
        {
            if (at.Next == first[at.Rule].Count)
            {
                (onPath[at.Rule], finished[at.Rule]) = (false, true);
                continue;
            }

            int next = first[at.Rule][at.Next];
            path.Push((at.Rule, at.Next + 1));
            if (onPath[next])
            {
                string[] between = [.. path.TakeWhile(step => step.Rule != next).Select(step => $"'{rules[step.Rule].Name}'").Reverse()];
                string through = between.Length == 0 ? "" : $" through {string.Join(", ", between.Take(5))}";
                throw new GrammarException(
                    rules[next].Location, $"rule '{rules[next].Name}' begins with itself{through}: left recursion never ends");
            }

            if (!finished[next])
            {
                onPath[next] = true;
                path.Push((next, 0));
            }
        }
    }
}
