using System.Runtime.InteropServices;
using VkInfer.Engine.Execution;
using VkInfer.Engine.Sequences;
using VkInfer.Kernels;
using VkInfer.Testing;
using VkInfer.Tests.Embedded;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer.Tests.Engine;

/// <summary>The choices of an engine's steps: whoever takes part gets what they would get alone.</summary>
public sealed class StepChoicesTests : EmbeddedFixture
{
    private const int MaxRows = 70;
    private const int MaxLength = 256;

    [Test]
    public void Each_gets_what_it_would_get_alone_whoever_takes_part([Values(1, 2)] int seed)
    {
        var random = new Random(seed);
        using var slots = new SamplerSlots(Model.Gpu, Model.Config.VocabSize, MaxLength);
        using GpuBuffer logits = Logits(random);
        using var choices = new StepChoices(Model.Gpu, Model.Kernels, slots, Model.Config.VocabSize, MaxRows, underWay: 2);
        Sampled[] all = [.. Enumerable.Range(0, MaxRows).Select(i => new Sampled(Model, slots.Acquire(), logits, OptionsOf(i), i))];
        try
        {
            for (int step = 0; step < 8; step++)
            {
                (Sampled Who, int Row)[] members = Draw(random, all, step == 0 ? 1 : random.Next(1, MaxRows));
                choices.Begin();
                foreach ((Sampled who, int row) in members)
                {
                    choices.Add(who.Slot, Row(logits, row));
                }

                Model.Gpu.Wait(Model.Gpu.Submit(choices.Commands()!));
                foreach ((Sampled who, int row) in members)
                {
                    who.Check(row);
                }
            }
        }
        finally
        {
            Array.ForEach(all, sampled => sampled.Dispose());
        }
    }

    [Test]
    public void A_step_in_which_nobody_chooses_has_no_commands()
    {
        using var slots = new SamplerSlots(Model.Gpu, Model.Config.VocabSize, MaxLength);
        using GpuBuffer logits = Logits(new Random(1));
        using var choices = new StepChoices(Model.Gpu, Model.Kernels, slots, Model.Config.VocabSize, 4, underWay: 2);
        choices.Begin();
        Assert.That(choices.Commands(), Is.Null);
    }

    [Test]
    public void What_nobody_asks_for_is_not_dispatched()
    {
        using var slots = new SamplerSlots(Model.Gpu, Model.Config.VocabSize, MaxLength);
        using GpuBuffer logits = Logits(new Random(1));
        using var choices = new StepChoices(Model.Gpu, Model.Kernels, slots, Model.Config.VocabSize, 8, underWay: 2);
        SamplerSlot[] taken = [.. Enumerable.Range(0, 8).Select(_ => slots.Acquire())];
        int Dispatches(params SamplingOptions[] options)
        {
            choices.Begin();
            foreach ((int i, SamplingOptions sampling) in options.Index())
            {
                taken[i].Reset([1], new(sampling), false, 1, 0);
                choices.Add(taken[i], Row(logits, i));
            }

            int count = choices.Commands()!.DispatchCount;
            Model.Gpu.Wait(Model.Gpu.Submit(choices.Commands()!));
            return count;
        }

        SamplingOptions greedy = SamplingOptions.Greedy;
        Assert.That(Dispatches(greedy, greedy, greedy), Is.EqualTo(1));
        Assert.That(Dispatches(Drawn, Drawn), Is.EqualTo(3));
        Assert.That(Dispatches(greedy, Drawn, greedy), Is.EqualTo(4));
        Assert.That(Dispatches(greedy, greedy with { LogitBias = new Dictionary<int, float> { [3] = 1 } }), Is.EqualTo(2));
        Assert.That(Dispatches(greedy, greedy with { FrequencyPenalty = 1 }), Is.EqualTo(3));
        Assert.That(Dispatches(greedy, greedy with { LogProbabilities = 2 }), Is.EqualTo(3));
    }

    [Test]
    public void A_step_allocates_nothing_on_the_managed_heap()
    {
        using var slots = new SamplerSlots(Model.Gpu, Model.Config.VocabSize, MaxLength);
        using GpuBuffer logits = Logits(new Random(1));
        using var choices = new StepChoices(Model.Gpu, Model.Kernels, slots, Model.Config.VocabSize, 8, underWay: 2);
        SamplerSlot[] taken = [.. Enumerable.Range(0, 8).Select(_ => slots.Acquire())];
        foreach ((int i, SamplerSlot slot) in taken.Index())
        {
            slot.Reset([1, 2], new(i % 2 == 0 ? Drawn : SamplingOptions.Greedy with { RepetitionPenalty = 1.1f }), false, (ulong)i, 0);
        }

        int first = 0;
        long allocated = Least.Allocated(() =>
        {
            for (int step = first; step < first + 10; step++)
            {
                choices.Begin();
                for (int i = 0; i < taken.Length - (step % 2); i++)
                {
                    choices.Add(taken[i], Row(logits, i));
                }

                Model.Gpu.Wait(Model.Gpu.Submit(choices.Commands()!));
                taken[0].ReadId(step);
            }

            first += 10;
        });
        Assert.That(allocated, Is.Zero);
    }

    [Test]
    public void A_slot_is_given_out_again_when_no_step_uses_it_any_more()
    {
        using var slots = new SequenceSlots(
            Model.Gpu, Model.KvStores.Of(Model.Options.KvType), Model.Softmax, Model.Config.VocabSize, MaxLength, most: 4);
        (Sequence gone, Sequence soon, Sequence later) = (new Sequence(), new Sequence(), new Sequence());
        SequenceSlot first = slots.For(gone, ended: -1);
        first.Sampler.Reset([1], new(SamplingOptions.Greedy with { LogProbabilities = 3, FrequencyPenalty = 1 }), false, 1, 0);
        first.LastStep = 7;
        slots.Forget(gone);
        Assert.That(slots.For(soon, ended: 6), Is.Not.SameAs(first));
        int buffers = Model.Gpu.LiveBufferCount;
        Assert.That(slots.For(later, ended: 7), Is.SameAs(first));
        Model.Gpu.Settle();
        Assert.That(Model.Gpu.LiveBufferCount, Is.EqualTo(buffers - 3), "counts, adjusted logits, log-probabilities");
    }

    [Test]
    public void Samplers_are_made_in_blocks()
    {
        using var slots = new SamplerSlots(Model.Gpu, Model.Config.VocabSize, MaxLength);
        for (int i = 0; i < 101; i++)
        {
            slots.Acquire();
        }

        Assert.That(slots.Count, Is.EqualTo(128));
    }

    [TestCase(1, 1)]
    [TestCase(3, 4)]
    [TestCase(24, 24)]
    [TestCase(49, 64)]
    [TestCase(65, 128)]
    [TestCase(1000, 1024)]
    public void Rows_take_the_least_bucket_that_holds_them(int rows, int bucket) => Assert.That(RowBuckets.Of(rows), Is.EqualTo(bucket));

    private static SamplingOptions OptionsOf(int i) => (i % 6) switch
    {
        0 => SamplingOptions.Greedy,
        1 => Drawn with { Seed = (ulong)i },
        2 => Drawn with { TopK = 5 + i, TopP = 0.9f, LogProbabilities = i % 4 },
        3 => SamplingOptions.Greedy with { RepetitionPenalty = 1.3f, PenaltyWindow = i % 2 == 0 ? 0 : 4 },
        4 => Drawn with { LogitBias = new Dictionary<int, float> { [i] = 5, [i + 1] = float.NegativeInfinity }, FrequencyPenalty = 0.5f },
        _ => SamplingOptions.Greedy with { LogitBias = new Dictionary<int, float> { [i] = 30 }, LogProbabilities = 2 },
    };

    private static (Sampled Who, int Row)[] Draw(Random random, Sampled[] all, int count)
    {
        int[] rows = [.. Enumerable.Range(0, MaxRows)];
        random.Shuffle(rows);
        random.Shuffle(all);
        return [.. all[..count].Zip(rows)];
    }

    private GpuBuffer Logits(Random random)
    {
        int stride = Activations.Stride(Model.Config.VocabSize);
        float[] values = [.. Enumerable.Range(0, MaxRows * stride).Select(_ => random.NextSingle() * 10)];
        GpuBuffer buffer = Model.Gpu.CreateBuffer(values.Length * sizeof(float), BufferKind.DeviceLocal, "logits");
        Model.Gpu.Upload(buffer, 0, MemoryMarshal.AsBytes(values.AsSpan()));
        return buffer;
    }

    private BufferView Row(GpuBuffer logits, int row) => Activations.Row(logits, ActivationType.F32, row, Model.Config.VocabSize);

    /// <summary>A sequence in the crowd, and its twin, which chooses alone.</summary>
    private sealed class Sampled : IDisposable
    {
        private readonly Model _model;
        private readonly GpuBuffer _logits;
        private readonly SamplerSlots _ownSlots;
        private readonly SamplerSlot _alone;
        private readonly StepChoices _choices;
        private int _step;

        public Sampled(Model model, SamplerSlot slot, GpuBuffer logits, SamplingOptions options, int index)
        {
            _model = model;
            _logits = logits;
            Slot = slot;
            _ownSlots = new SamplerSlots(model.Gpu, model.Config.VocabSize, MaxLength);
            _alone = _ownSlots.Acquire();
            _choices = new StepChoices(model.Gpu, model.Kernels, _ownSlots, model.Config.VocabSize, 1, underWay: 1);
            int[] tokens = [1, 2, index, 2];
            slot.Reset(tokens, new(options), false, 9, 0);
            _alone.Reset(tokens, new(options), false, 9, 0);
        }

        public SamplerSlot Slot { get; }

        public void Check(int row)
        {
            _choices.Begin();
            _choices.Add(_alone, Activations.Row(_logits, ActivationType.F32, row, _model.Config.VocabSize));
            _model.Gpu.Wait(_model.Gpu.Submit(_choices.Commands()!));
            uint token = _alone.ReadId(_step);
            Assert.That(Slot.ReadId(_step), Is.EqualTo(token), $"step {_step}");
            TokenLogProbabilities? expected = _alone.ReadLogProbabilities(_step, (int)token);
            TokenLogProbabilities? actual = Slot.ReadLogProbabilities(_step, (int)token);
            Assert.That(actual?.Chosen, Is.EqualTo(expected?.Chosen));
            Assert.That(actual?.Top, Is.EqualTo(expected?.Top));
            _step++;
        }

        public void Dispose()
        {
            _choices.Dispose();
            _ownSlots.Dispose();
        }
    }
}
