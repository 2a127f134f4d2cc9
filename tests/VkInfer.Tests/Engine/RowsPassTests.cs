using System.Runtime.InteropServices;
using VkInfer.Engine.Cache;
using VkInfer.Kernels;
using VkInfer.Tests.Embedded;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer.Tests.Engine;

/// <summary>A pass over rows of many sequences, several of each, against sessions that run alone.</summary>
public sealed class RowsPassTests : EmbeddedFixture
{
    private const int Capacity = 128;
    private const double Tolerance = 2e-3;

    private static readonly StepShape Mixed = new(Rows: 96, Alone: 16, RunRows: 80, Runs: 3, Logits: 24, LongestRun: 80);

    private readonly List<IDisposable> _owned = [];
    private readonly Dictionary<KvCache, List<int>> _pages = [];

    private KvStore Store => Model.KvStores.Of(Model.Options.KvType);

    [TearDown]
    public void Dispose()
    {
        foreach (int page in _pages.Values.SelectMany(pages => pages))
        {
            Store.Release(page);
        }

        _pages.Clear();
        _owned.Reverse();
        _owned.ForEach(owned => owned.Dispose());
        _owned.Clear();
    }

    [Test]
    public void Runs_drafts_and_decode_rows_share_steps()
    {
        // One recording serves all steps, with room to spare in each kind of row.
        (RowsPass pass, KvCache[] caches) = Create(3, Mixed);
        int[][] texts = [Prompt(0, 50), Prompt(3, 60), Prompt(6, 40)];
        PassRows step = Own(new PassRows(Model.Gpu, Mixed, pass.TileRows(Mixed)));
        CommandList commands = Own(Model.Gpu.CreateCommandList("rows"));
        commands.Record(list => pass.Record(list, step));

        // A prompt, the beginning of another, and a third token by token in one step.
        var logits = new List<(int Text, int Position, int Row)>();
        Begin(step);
        Add(step, caches, logits, 0, texts[0], 0, 37, asRun: true, wanted: 1);
        Add(step, caches, logits, 1, texts[1], 0, 33, asRun: true, wanted: 0);
        Add(step, caches, logits, 2, texts[2], 0, 7, asRun: false, wanted: 7);
        Check(pass, step, commands, texts, logits);

        // One decodes; the other's prompt goes on; the third verifies drafts.
        Begin(step);
        Add(step, caches, logits, 0, texts[0], 37, 1, asRun: false, wanted: 1);
        Add(step, caches, logits, 1, texts[1], 33, 20, asRun: true, wanted: 2);
        Add(step, caches, logits, 2, texts[2], 7, 5, asRun: false, wanted: 5);
        Check(pass, step, commands, texts, logits);

        // A step of nothing but one row.
        Begin(step);
        Add(step, caches, logits, 1, texts[1], 53, 1, asRun: false, wanted: 1);
        Check(pass, step, commands, texts, logits);

        void Begin(PassRows rows)
        {
            rows.Begin(Mixed, pass.TileRows(Mixed));
            logits.Clear();
        }
    }

    [Test]
    public void A_row_takes_its_token_from_the_step_state([Values] bool positionToo)
    {
        (RowsPass pass, KvCache[] caches) = Create(2, StepShape.Decode(4));
        int[] text = Prompt(0, 9);
        PassRows step = Own(new PassRows(Model.Gpu, StepShape.Decode(4), []));
        CommandList commands = Own(Model.Gpu.CreateCommandList("rows"));
        commands.Record(list => pass.Record(list, step));
        GpuBuffer state = Own(Model.Gpu.CreateBuffer(StepState.SizeInBytes, BufferKind.HostWritable, "state"));
        pass.Cache.Sequences.Set(1, caches[1].Keeps(state));
        float[] last = [];
        for (int i = 0; i < text.Length; i++)
        {
            state.Write<StepState>(0, [new StepState { Position = positionToo ? (uint)i : 77, TokenId = (uint)text[i] }]);
            Reserve(caches[1], i + 1);
            step.Begin(StepShape.Decode(4), []);
            step.Add(1, positionToo ? 5 : i, [positionToo ? RowEntry.OfStepState : RowEntry.TokenOfStepState], asRun: false, logits: 1);
            step.Write();
            Model.Gpu.Wait(Model.Gpu.Submit(commands));
            last = Row(pass, 0);
        }

        Assert.That(last, Is.EqualTo(Expected(text)[^1]).Within(Tolerance));
    }

    [Test]
    public void More_rows_than_a_recording_serves_are_refused()
    {
        PassRows step = Own(new PassRows(Model.Gpu, new StepShape(8, 2, 6, 1, 1, 6), [4]));
        Assert.Multiple(() =>
        {
            Assert.That(
                () => step.Add(0, 0, [1, 2, 3], asRun: false, logits: 1), Throws.ArgumentException.With.Message.Contain("at most 2"));
            Assert.That(() => step.Add(0, 0, [1, 2], asRun: false, logits: 2), Throws.ArgumentException.With.Message.Contain("at most 1"));
            Assert.That(
                () => step.Add(0, 0, new uint[7], asRun: true, logits: 1), Throws.ArgumentException.With.Message.Contain("at most 6"));
        });
    }

    private (RowsPass Pass, KvCache[] Caches) Create(int sequences, StepShape most)
    {
        SequenceTable table = Own(new SequenceTable(Model.Gpu, sequences, isFixed: false));
        KvCache[] caches = [.. Enumerable.Range(0, sequences).Select(_ => Own(new KvCache(Model.Gpu, Store, Capacity, Model.Softmax)))];
        for (int i = 0; i < sequences; i++)
        {
            table.Set(i, caches[i].Keeps());
        }

        RowActivations activations = Own(new RowActivations(Model.Gpu, Model.Config, most.Rows, Model.MatrixTypes));
        RowsPass pass = Own(new RowsPass(
            Model.Gpu, Model.Config, Model.Transformer, Model.Kernels, activations,
            new RowsCache(Store, table, Model.Softmax, Capacity), most));
        using CommandList clear = Model.Gpu.CreateCommandList("clear");
        clear.Record(commands =>
        {
            activations.RecordClear(commands);
            pass.RecordClear(commands);
            Array.ForEach(caches, cache => cache.RecordClear(commands));
        });
        Model.Gpu.Wait(Model.Gpu.Submit(clear));
        return (pass, caches);
    }

    private void Add(
        PassRows step, KvCache[] caches, List<(int Text, int Position, int Row)> logits, int sequence, int[] text, int position, int count,
        bool asRun, int wanted)
    {
        Reserve(caches[sequence], position + count);
        int row = step.Add(
            sequence, position, [.. text.AsSpan(position, count).ToArray().Select(token => (uint)token)], asRun, wanted);
        logits.AddRange(Enumerable.Range(0, wanted).Select(i => (sequence, position + count - wanted + i, row + i)));
    }

    /// <summary>Gives a sequence the pages of its first positions; the model has one group of layers.</summary>
    private void Reserve(KvCache cache, int positions)
    {
        List<int> pages = CollectionsMarshal.GetValueRefOrAddDefault(_pages, cache, out _) ??= [];
        while (pages.Count < KvLayout.PageCount(positions))
        {
            pages.Add(Store.Take());
            cache.Name(0, pages.Count - 1, Store.Address(pages[^1]));
        }
    }

    private void Check(
        RowsPass pass, PassRows step, CommandList commands, int[][] texts, List<(int Text, int Position, int Row)> logits)
    {
        step.Write();
        Model.Gpu.Wait(Model.Gpu.Submit(commands));
        float[][][] expected = [.. texts.Select(Expected)];
        Assert.Multiple(() =>
        {
            foreach ((int text, int position, int row) in logits)
            {
                Assert.That(Row(pass, row), Is.EqualTo(expected[text][position]).Within(Tolerance), $"text {text} at {position}");
            }
        });
    }

    private float[] Row(RowsPass pass, int row)
    {
        float[] values = new float[Model.Config.VocabSize];
        Model.Gpu.Download(
            pass.Logits, (long)row * Activations.Stride(values.Length) * sizeof(float), MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    private float[][] Expected(int[] text)
    {
        using Session session = Model.CreateSession(new SessionOptions { Capacity = Capacity });
        var rows = new List<float[]>();
        session.ComputeLogits(text, (_, logits) => rows.Add(logits.ToArray()));
        return [.. rows];
    }

    private T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }
}
