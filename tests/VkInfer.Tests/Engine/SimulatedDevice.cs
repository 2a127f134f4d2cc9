using VkInfer.Engine.Cache;
using VkInfer.Engine.Scheduling;
using VkInfer.Engine.Sequences;

namespace VkInfer.Tests.Engine;

/// <summary>
/// Runs step plans as a device would, in the order of their submission. What it writes into a page for a token depends on all tokens before
/// it, and each row checks all that it can see, so that a page that is shared, dropped or written wrongly is found at once.
/// </summary>
internal sealed class SimulatedDevice(CacheGroup[] groups, int pages, int states = 0)
{
    public const int Vocabulary = 50;

    private readonly ulong[,] _memory = new ulong[pages, KvPool.PageTokens];

    // A recurrent state depends on all tokens that went through it.
    private readonly ulong?[] _states = new ulong?[states];

    // What the sequences' tokens really are, those included that the host has not seen.
    private readonly Dictionary<Sequence, List<int>> _texts = [];

    public int Rows { get; private set; }

    /// <summary>Which token a sequence gets behind so many guesses where this one is likeliest; null: that one.</summary>
    public Func<Sequence, int, int, int>? Select { get; init; }

    /// <summary>The text of a prompt run alone, up to a length.</summary>
    public static List<int> Alone(IEnumerable<int> prompt, int length)
    {
        List<int> text = [.. prompt];
        ulong content = Contents(text, 0)[^1];
        while (text.Count < length)
        {
            text.Add(Next(content));
            content = Append(content, text[^1]);
        }

        return text;
    }

    /// <summary>Runs a step, and returns for each of its rows the tokens that were chosen.</summary>
    public List<int[]> Run(StepPlan plan)
    {
        foreach (PageCopy copy in plan.Copies)
        {
            for (int i = 0; i < KvPool.PageTokens; i++)
            {
                _memory[copy.To, i] = _memory[copy.From, i];
            }
        }

        foreach (StateChange change in plan.StateChanges)
        {
            _states[change.To] = change.From == StatePool.None ? 0 : _states[change.From];
        }

        // All rows are stored before any attends.
        List<List<int>> inputs = [.. plan.Rows.Select(Store)];
        return [.. plan.Rows.Select((rows, index) => Choose(rows, inputs[index]))];
    }

    public void Forget(Sequence sequence) => _texts.Remove(sequence);

    private static int Next(ulong content) => (int)(content >> 20 & 0xFFFF) % Vocabulary;

    private static ulong Append(ulong content, int token)
    {
        ulong hash = (content ^ (uint)token) * 1099511628211;
        return hash ^ (hash >> 29);
    }

    /// <summary>What a page holds of each token of a text.</summary>
    private static ulong[] Contents(List<int> text, int group)
    {
        ulong content = 14695981039346656037 + (ulong)group;
        return [.. text.Select(token => content = Append(content, token))];
    }

    private List<int> Store(StepRows rows)
    {
        Sequence sequence = rows.Sequence;
        if (!_texts.TryGetValue(sequence, out List<int>? text))
        {
            _texts.Add(sequence, text = [.. sequence.Tokens]);
        }

        // A new turn: the host knows more than the device chose.
        if (sequence.InFlight <= 1 && sequence.Tokens.Length > text.Count)
        {
            text.Clear();
            text.AddRange(sequence.Tokens);
        }

        List<int> input = [.. text.Take(rows.First + rows.Count - rows.Drafts), .. sequence.Drafts.Take(rows.Drafts)];
        Assert.That(input, Has.Count.EqualTo(rows.First + rows.Count), "a row's token is known when its step runs");
        for (int group = 0; group < groups.Length; group++)
        {
            ulong[] contents = Contents(input, group);
            for (int position = rows.First; position < input.Count; position++)
            {
                Cell(sequence, group, position) = contents[position];
            }
        }

        PassState(rows, input);
        Rows += rows.Count;
        return input;
    }

    private void PassState(StepRows rows, List<int> input)
    {
        if (states == 0)
        {
            return;
        }

        ulong[] contents = Contents(input, groups.Length);
        ulong before = rows.First == 0 ? 0 : contents[rows.First - 1];
        Assert.That(
            _states[rows.Sequence.RecurrentState], Is.EqualTo(before), $"the state behind {rows.First} tokens is the sequence's own");
        _states[rows.Sequence.RecurrentState] = rows.Count == 0 ? before : contents[^1];
    }

    private int[] Choose(StepRows rows, List<int> input)
    {
        for (int group = 0; group < groups.Length; group++)
        {
            ulong[] contents = Contents(input, group);
            int window = groups[group].Window;
            for (int position = window == 0 ? 0 : Math.Max(0, rows.First + 1 - window); position < input.Count; position++)
            {
                if (Cell(rows.Sequence, group, position) != contents[position])
                {
                    Assert.Fail(
                        $"Position {position} of {input.Count} in group {group} is not the sequence's own; first row {rows.First}.");
                }
            }
        }

        if (!rows.WantsLogits)
        {
            return [];
        }

        List<int> text = _texts[rows.Sequence];
        ulong[] rowContents = Contents(input, 0);
        var chosen = new List<int>();
        for (int known = input.Count - rows.Drafts; ; known++)
        {
            int likeliest = Next(rowContents[known - 1]);
            chosen.Add(Select?.Invoke(rows.Sequence, known - (input.Count - rows.Drafts), likeliest) ?? likeliest);
            text.Add(chosen[^1]);
            if (known == input.Count || input[known] != chosen[^1])
            {
                return [.. chosen];
            }
        }
    }

    private ref ulong Cell(Sequence sequence, int group, int position)
    {
        int page = sequence.Tables[group].Pages[position / KvPool.PageTokens];
        if (page == BlockTable.None)
        {
            Assert.Fail($"Position {position} in group {group} has no page.");
        }

        return ref _memory[page, position % KvPool.PageTokens];
    }
}
