using System.Runtime.InteropServices;
using VkInfer.Testing;

namespace VkInfer.Kernels.Tests;

/// <summary>A row of logits, and how a token is chosen from it.</summary>
internal sealed record ChoiceRow(float[] Logits, StepState State, ChoiceFeatures Features, float[] Biases, bool[] Allowed)
{
    /// <summary>Any combination of options.</summary>
    public static ChoiceRow Random(Random random, int vocabSize, int seed)
    {
        bool Chance(int of) => random.Next(of) == 0;
        bool greedy = Chance(3);
        LogitAdjustments adjustments = (Chance(3) ? LogitAdjustments.Penalties : 0) | (Chance(3) ? LogitAdjustments.Bias : 0)
            | (Chance(3) ? LogitAdjustments.Mask : 0);
        var state = new StepState
        {
            Position = (uint)random.Next(1, 50),
            StepIndex = (uint)random.Next(100),
            SeedLo = (uint)seed * 77,
            Temperature = greedy ? 0 : 0.5f + random.NextSingle(),
            TopK = Chance(2) ? (uint)random.Next(1, 60) : 0,
            TopP = Chance(2) ? 0.5f + (random.NextSingle() / 2) : 1,
            TypicalP = Chance(4) ? 0.7f : 1,
            MinP = Chance(3) ? 0.03f : 0,
            RepetitionPenalty = 1 + random.NextSingle(),
            FrequencyPenalty = random.NextSingle(),
            PresencePenalty = random.NextSingle(),
            PenaltyWindow = Chance(2) ? 0 : (uint)random.Next(1, 20),
            Adjustments = adjustments,
            Alternatives = (uint)random.Next(0, 6),
        };
        ChoiceFeatures features = (greedy ? ChoiceFeatures.Greedy : ChoiceFeatures.Drawn)
            | (adjustments != 0 ? ChoiceFeatures.Adjusted : 0)
            | (adjustments.HasFlag(LogitAdjustments.Penalties) ? ChoiceFeatures.Counted : 0)
            | (Chance(2) ? ChoiceFeatures.LogProbabilities : 0);
        return new ChoiceRow(
            [.. Enumerable.Range(0, vocabSize).Select(_ => (float)(TestWeights.Normal(random) * 3))], state, features,
            [.. Enumerable.Range(0, vocabSize).Select(_ => random.NextSingle() * 2)],
            [.. Enumerable.Range(0, vocabSize).Select(_ => Chance(2))]);
    }
}

/// <summary>Rows on the device with all that their choices keep, beside what a reference in double precision says of them.</summary>
internal sealed class ChoiceRows : IDisposable
{
    // As in SampleKernelTests: a draw this near to a boundary may fall on either side.
    private const double Boundary = 1e-5;

    private readonly KernelHarness _harness = new();
    private readonly ChoiceRow[] _rows;
    private readonly StepState[] _expected;
    private readonly List<int>[] _texts;
    private readonly GuardedBuffer[] _states;
    private readonly GuardedBuffer[] _rings;
    private readonly GuardedBuffer[] _entries;

    public ChoiceRows(int vocabSize, ChoiceRow[] rows)
    {
        _rows = rows;
        _expected = [.. rows.Select(row => row.State)];
        _texts = [.. rows.Select((row, i) => Enumerable.Range(0, (int)row.State.Position + 1).Select(p => ((p * 31) + i) % 40).ToList())];
        _states = [.. rows.Select(row => _harness.Output<StepState>([row.State]))];
        _rings = [.. rows.Select(_ => _harness.Output<uint>(new uint[StepState.RingSize]))];
        _entries = [.. rows.Select(_ => _harness.Output<uint>(new uint[StepState.RingSize * LogProbabilitiesKernel.EntryWords]))];
        Memory = [.. rows.Select((row, i) => Upload(vocabSize, row, i))];
    }

    public int Count => _rows.Length;

    public Choice[] Memory { get; }

    /// <summary>Choices that the reference decided.</summary>
    public int Compared { get; private set; }

    public ChoiceFeatures Features(int row) => _rows[row].Features;

    public uint Position(int row) => _states[row].Read<StepState>()[0].Position;

    /// <summary>What the row's last step left in the ring.</summary>
    public uint Chosen(int row) => _rings[row].Read<uint>()[(_states[row].Read<StepState>()[0].StepIndex - 1) % StepState.RingSize];

    /// <summary>Checks one more step of a row.</summary>
    public void Check(int row)
    {
        ChoiceRow input = _rows[row];
        StepState before = _expected[row];
        List<int> text = _texts[row];
        StepState after = _states[row].Read<StepState>()[0];
        Assert.That((after.Position, after.StepIndex), Is.EqualTo((before.Position + 1, before.StepIndex + 1)), $"row {row}");
        Assert.That(Chosen(row), Is.EqualTo(after.TokenId), $"row {row}");

        int window = (int)before.PenaltyWindow;
        int[] seen = [.. text.Skip(window == 0 ? 0 : Math.Max(0, text.Count - window))];
        double[] adjusted = ReferenceSampler.Adjust(input.Logits, seen, input.Biases, i => input.Allowed[i], before);
        CheckToken(row, before, [.. adjusted.Select(logit => (float)logit)], (int)after.TokenId);
        if (input.Features.HasFlag(ChoiceFeatures.LogProbabilities))
        {
            CheckLogProbabilities(row, before, (int)after.TokenId);
        }

        text.Add((int)after.TokenId);
        _expected[row] = after;
    }

    public void Dispose() => _harness.Dispose();

    private Choice Upload(int vocabSize, ChoiceRow row, int index)
    {
        List<int> text = _texts[index];
        int window = (int)row.State.PenaltyWindow;
        uint[] counts = new uint[vocabSize];
        uint[] history = new uint[Math.Max(1, window)];
        for (int position = window == 0 ? 0 : Math.Max(0, text.Count - window); position < text.Count; position++)
        {
            counts[text[position]]++;
            history[window == 0 ? 0 : position % window] = (uint)text[position];
        }

        uint[] mask = new uint[AdjustLogitsKernel.MaskBytes(vocabSize) / sizeof(uint)];
        for (int i = 0; i < vocabSize; i++)
        {
            mask[i / 32] |= row.Allowed[i] ? 1u << (i % 32) : 0;
        }

        return new Choice
        {
            Logits = _harness.Upload<float>(row.Logits),
            StepState = _states[index].View,
            Ring = _rings[index].View,
            Counts = _harness.Output<uint>(counts).View,
            History = _harness.Output<uint>(history).View,
            Biases = _harness.Upload<float>(row.Biases),
            Mask = _harness.Upload<uint>(mask),
            Adjusted = _harness.Output<float>(new float[vocabSize]).View,
            Entries = _entries[index].View,
        };
    }

    private void CheckToken(int row, StepState state, float[] logits, int token)
    {
        if (state.Temperature == 0)
        {
            // Adjusted logits are rounded: another token may be as likely.
            Assert.That(logits[token], Is.EqualTo(logits.Max()).Within(1e-5), $"row {row}");
            Compared++;
            return;
        }

        double[] probabilities = ReferenceSampler.Probabilities(logits, state);
        double u = ReferenceSampler.Uniform(state);
        (double sum, double margin, int expected) = (0, double.MaxValue, -1);
        for (int i = 0; i < logits.Length; i++)
        {
            sum += probabilities[i];
            if (probabilities[i] > 0)
            {
                margin = Math.Min(margin, Math.Abs(sum - u));
                expected = expected < 0 && sum > u ? i : expected;
            }
        }

        if (margin > Boundary)
        {
            Compared++;
            Assert.That(token, Is.EqualTo(expected), $"row {row}, u = {u}");
        }
    }

    private void CheckLogProbabilities(int row, StepState state, int token)
    {
        double[] expected = ReferenceSampler.LogProbabilities(_rows[row].Logits);
        int[] order = [.. Enumerable.Range(0, expected.Length).OrderByDescending(i => expected[i]).Take((int)state.Alternatives)];
        uint[] entry = _entries[row].Read<uint>().AsSpan(
            (int)(state.StepIndex % StepState.RingSize) * LogProbabilitiesKernel.EntryWords, LogProbabilitiesKernel.EntryWords).ToArray();
        Assert.That(entry.Skip(1).Take(order.Length).Select(id => (int)id), Is.EqualTo(order), $"row {row}");
        float[] values = MemoryMarshal.Cast<uint, float>(entry).ToArray();
        Comparison.AssertClose(
            [values[0], .. values.Skip(1 + LogProbabilitiesKernel.MaxAlternatives).Take(order.Length)],
            [expected[token], .. order.Select(i => expected[i])], Bounds.LogProbabilities);
    }
}
