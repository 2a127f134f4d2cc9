using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests;

/// <summary>Many rows with different options in one chain of dispatches.</summary>
public sealed class ChoiceStepsTests : GpuTest
{
    private const int VocabSize = 5003;
    private const int Steps = 3;

    [Test]
    public void Each_row_is_chosen_by_its_own_options([Values(1, 2, 3)] int seed)
    {
        var random = new Random(seed);
        using var rows = new ChoiceRows(VocabSize, [.. Enumerable.Range(0, 37).Select(i => ChoiceRow.Random(random, VocabSize, i))]);
        using var chain = new ChoiceChain(rows, capacity: 48);
        for (int step = 0; step < Steps; step++)
        {
            chain.Run(Enumerable.Range(0, rows.Count));
            for (int i = 0; i < rows.Count; i++)
            {
                rows.Check(i);
            }
        }

        Assert.That(rows.Compared, Is.GreaterThan(rows.Count), "draws that a reference decides");
    }

    [Test]
    public void A_recording_serves_whoever_stands_in_its_table()
    {
        var random = new Random(4);
        using var rows = new ChoiceRows(VocabSize, [.. Enumerable.Range(0, 16).Select(i => ChoiceRow.Random(random, VocabSize, i))]);
        using var chain = new ChoiceChain(rows, capacity: 16);
        foreach (int[] members in new int[][] { [3], [15, 0, 7], [.. Enumerable.Range(0, 16)], [8, 9], [] })
        {
            uint[] before = [.. Enumerable.Range(0, rows.Count).Select(rows.Position)];
            chain.Run(members);
            for (int i = 0; i < rows.Count; i++)
            {
                if (members.Contains(i))
                {
                    rows.Check(i);
                }
                else
                {
                    Assert.That(rows.Position(i), Is.EqualTo(before[i]), $"row {i} takes no part");
                }
            }
        }
    }

    [Test]
    public void Recordings_for_more_and_for_fewer_rows_share_their_scratch()
    {
        var random = new Random(7);
        using var rows = new ChoiceRows(VocabSize, [.. Enumerable.Range(0, 24).Select(i => ChoiceRow.Random(random, VocabSize, i))]);
        using var chain = new ChoiceChain(rows, capacity: 24, 1, 5, 24);
        foreach (int count in new[] { 1, 24, 5, 24, 1, 5, 24 })
        {
            chain.Run(Enumerable.Range(0, count));
            for (int i = 0; i < count; i++)
            {
                rows.Check(i);
            }
        }
    }

    [Test]
    public void A_row_without_a_choice_leaves_the_others_alone()
    {
        var random = new Random(5);
        ChoiceRow[] all = [.. Enumerable.Range(0, 12).Select(i => ChoiceRow.Random(random, VocabSize, i))];
        all[2].Logits[17] = float.NaN;
        all[7].Logits[VocabSize - 1] = float.PositiveInfinity;
        Array.Fill(all[9].Logits, float.NegativeInfinity);
        using var rows = new ChoiceRows(VocabSize, all);
        using var chain = new ChoiceChain(rows, capacity: 12);
        chain.Run(Enumerable.Range(0, rows.Count));
        for (int i = 0; i < rows.Count; i++)
        {
            if (i is 2 or 7)
            {
                Assert.That(rows.Chosen(i), Is.EqualTo(StepState.LogitsNotFinite));
            }
            else if (i == 9 && !all[9].State.Adjustments.HasFlag(LogitAdjustments.Mask))
            {
                Assert.That(rows.Chosen(i), Is.EqualTo(StepState.NoTokenAllowed));
            }
            else if (i != 9)
            {
                rows.Check(i);
            }
        }
    }

    [Test]
    public void More_draws_than_hold_their_candidates_at_once_take_turns()
    {
        const int Large = 262_208;
        const int Count = 35;
        var random = new Random(6);
        float[] logits = [.. Enumerable.Range(0, Large).Select(_ => (float)TestWeights.Normal(random))];
        StepState[] states =
            [.. Enumerable.Range(0, Count).Select(i => new StepState { SeedLo = (uint)i, Temperature = 1, TopP = 1, TypicalP = 1 })];
        var kernel = new SampleKernel(new KernelContext(Device));
        using GpuBuffer logitsBuffer = Buffers.Create<float>(Device, logits);
        using GpuBuffer stateBuffer = Buffers.Create<StepState>(Device, states);
        using GpuBuffer rings = Buffers.Create<uint>(Device, new uint[Count * StepState.RingSize]);
        SamplerRun.Run(
            kernel.Record,
            [
                .. Enumerable.Range(0, Count).Select(i => (
                    new Choice
                    {
                        Logits = logitsBuffer,
                        StepState = stateBuffer.View(i * StepState.SizeInBytes, StepState.SizeInBytes),
                        Ring = rings.View(i * StepState.RingSize * sizeof(uint), StepState.RingSize * sizeof(uint)),
                    },
                    ChoiceFeatures.Drawn)),
            ],
            Large);
        StepState[] after = Buffers.Read<StepState>(Device, stateBuffer);
        foreach (int i in new[] { 0, 31, 32, Count - 1 })
        {
            (StepState alone, _) = SamplerRun.Run(kernel.Record, ChoiceFeatures.Drawn, logits, states[i]);
            Assert.That(after[i].TokenId, Is.EqualTo(alone.TokenId), $"row {i}");
        }

        Assert.That(after.Select(state => state.TokenId).Distinct().Count(), Is.GreaterThan(Count / 2), "each draws for itself");
    }

    [Test]
    public void A_table_refuses_more_choices_than_it_holds()
    {
        using var table = new ChoiceTable(Device, 1, BufferKind.HostWritable);
        table.Add(default, ChoiceFeatures.Greedy);
        table.Add(default, ChoiceFeatures.Drawn);
        Assert.That(() => table.Add(default, ChoiceFeatures.Greedy), Throws.InvalidOperationException.With.Message.Contains("capacity"));
        table.Clear();
        Assert.That(table.Features, Is.EqualTo((ChoiceFeatures)0));
        table.Add(default, ChoiceFeatures.Greedy);
    }

    [Test]
    public void Filling_and_writing_a_table_allocates_nothing()
    {
        using var table = new ChoiceTable(Device, 64, BufferKind.HostWritable);
        void Fill()
        {
            table.Clear();
            for (int i = 0; i < 64; i++)
            {
                table.Add(default, ChoiceFeatures.Drawn | ChoiceFeatures.Adjusted);
            }

            table.Write();
        }

        Assert.That(Least.Allocated(Fill), Is.Zero);
    }

    /// <summary>The whole chain, recorded once over a table that the host writes anew.</summary>
    private sealed class ChoiceChain : IDisposable
    {
        private readonly ChoiceRows _rows;
        private readonly ChoiceTable _table;
        private readonly GpuBuffer _scratch;
        private readonly GpuBuffer _slices;
        private readonly Dictionary<int, CommandList> _commands = [];

        /// <param name="rows">The rows.</param>
        /// <param name="capacity">Of the table.</param>
        /// <param name="recorded">Rows to record for; none: the capacity.</param>
        public ChoiceChain(ChoiceRows rows, int capacity, params int[] recorded)
        {
            _rows = rows;
            _table = new ChoiceTable(Device, capacity, BufferKind.HostWritable);
            _scratch = Device.CreateBuffer(SamplerScratch.Bytes(VocabSize, capacity), BufferKind.DeviceLocal, "scratch");
            _slices = Device.CreateBuffer(LogProbabilitiesKernel.SlicesBytes(VocabSize, capacity), BufferKind.DeviceLocal, "slices");
            Device.Upload(_scratch, 0, new byte[SamplerScratch.ClearedBytes(capacity)]);
            foreach (int count in recorded.Length > 0 ? recorded : [capacity])
            {
                _commands.Add(count, Record(new ChoiceSteps(_table, count, VocabSize, _scratch)));
            }
        }

        public void Run(IEnumerable<int> members)
        {
            _table.Clear();
            int count = 0;
            foreach (int member in members)
            {
                _table.Add(_rows.Memory[member], _rows.Features(member));
                count++;
            }

            _table.Write();
            Device.Wait(Device.Submit(_commands[_commands.Keys.Order().First(rows => rows >= count)]));
        }

        public void Dispose()
        {
            Array.ForEach([.. _commands.Values], commands => commands.Dispose());
            _slices.Dispose();
            _scratch.Dispose();
            _table.Dispose();
        }

        private CommandList Record(ChoiceSteps steps)
        {
            foreach (Choice memory in _rows.Memory)
            {
                steps.MayUse(memory);
            }

            var context = new KernelContext(Device);
            CommandList list = Device.CreateCommandList("choices");
            list.Record(commands =>
            {
                new AdjustLogitsKernel(context).Record(commands, steps);
                new ArgmaxKernel(context).Record(commands, steps);
                new SampleKernel(context).Record(commands, steps);
                new TokenHistoryKernel(context).Record(commands, steps);
                new LogProbabilitiesKernel(context).Record(commands, steps, _slices);
            });
            return list;
        }
    }
}
