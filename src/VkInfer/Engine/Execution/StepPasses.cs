using VkInfer.Engine.Cache;
using VkInfer.Engine.Scheduling;
using VkInfer.Kernels;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer.Engine.Execution;

/// <summary>What steps are made of; not owned.</summary>
/// <param name="Device">Where they run.</param>
/// <param name="Config">The model's shape.</param>
/// <param name="Transformer">Records layers.</param>
/// <param name="Kernels">What layers are made of.</param>
/// <param name="Activations">For as many rows as a step may have; shared with whoever submits on the same queue.</param>
internal sealed record StepParts(
    GpuDevice Device, ModelConfig Config, DecoderTransformer Transformer, KernelSet Kernels, RowActivations Activations);

/// <summary>
/// The passes that steps take, and the choices behind them. Each is made when a step first needs it, and made anew where one needs more
/// room, so that who runs one sequence pays for one. Not thread-safe.
/// </summary>
internal sealed class StepPasses : IDisposable
{
    private readonly StepParts _parts;
    private readonly KvStore _store;
    private readonly ExecutorOptions _options;
    private readonly SequenceSlots _slots;
    private readonly SlicedSteps _sliced;
    private readonly StepUnderWay[] _steps;
    private readonly Dictionary<(int Rows, int Turn, bool Profiled), CommandList> _recorded = [];
    private AlonePass? _alone;
    private RowsPass? _pass;
    private StepChoices? _choices;

    /// <param name="parts">What steps are made of.</param>
    /// <param name="store">Where pages lie.</param>
    /// <param name="options">How steps are run.</param>
    /// <param name="slots">Whose rows.</param>
    /// <param name="underWay">Most steps under way.</param>
    /// <param name="cancellation">Ends waits within the submission of a step.</param>
    public StepPasses(
        StepParts parts, KvStore store, ExecutorOptions options, SequenceSlots slots, int underWay, Cancellation cancellation)
    {
        _parts = parts;
        _store = store;
        _options = options;
        _slots = slots;
        Kinds = new RowKinds(options, parts.Config.IsEncoder);
        _steps = new StepUnderWay[underWay];
        _sliced = new SlicedSteps(parts.Device, parts.Config, cancellation);
        int rows = options.MaxRows;
        var most = new StepShape(rows, rows, rows, Math.Min(rows, options.MaxRunning), rows, rows);
        try
        {
            SortedSet<int> tiles = parts.Transformer.EveryTileRows(store.Type, options.Capacity, options.Softmax, rows);
            for (int i = 0; i < underWay; i++)
            {
                _steps[i] = new StepUnderWay(new PassRows(parts.Device, most, tiles) { SeesLater = parts.Config.IsEncoder });
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Held by whoever submits a step, which may be in parts: other engines of the model write the same activations.</summary>
    public Lock Turn => _parts.Activations.Turn;

    /// <summary>What kind of rows each is.</summary>
    public RowKinds Kinds { get; }

    /// <summary>The pass of a row alone.</summary>
    public AlonePass Alone => _alone ??= new AlonePass(
        _parts.Device, _parts.Config, _parts.Transformer, _parts.Kernels,
        _parts.Transformer.Shapes(_store.Type, _options.Capacity), _options.Logger);

    /// <summary>Bytes from one row of logits to the next.</summary>
    public long LogitsStride => Activations.Stride(_parts.Config.VocabSize) * (long)sizeof(float);

    /// <summary>The dispatches of the last step with a prompt, where they were timed.</summary>
    public IReadOnlyList<DispatchTime> LastPromptProfile => _sliced.LastProfile;

    /// <summary>The last submission of a slice, also of a step that was given up.</summary>
    public Submission LastSlice => _sliced.Last;

    /// <summary>A step that is under way, or may be begun.</summary>
    public StepUnderWay Step(long number) => _steps[number % _steps.Length];

    /// <summary>Begins a step, when the one that had its place has ended.</summary>
    public StepUnderWay Begin(long number)
    {
        StepUnderWay step = Step(number);
        step.Clear((int)(number % _steps.Length));
        return step;
    }

    /// <summary>Begins the table of a step's rows.</summary>
    public PassRows BeginRows(StepUnderWay step, StepPlan plan)
    {
        (StepShape shape, step.KeysSeen) = Kinds.ShapeOf(plan);
        RowsPass pass = Require(shape);
        step.Rows.Begin(shape, pass.TileRows(shape));
        return step.Rows;
    }

    /// <summary>The logits of a row of a step over rows.</summary>
    public BufferView LogitsRow(int row) => Activations.Row(_pass!.Logits, ActivationType.F32, row, _parts.Config.VocabSize);

    /// <summary>The logits of so many rows before one.</summary>
    public BufferView LogitsBefore(BufferView logits, int rows) =>
        logits.Buffer.View(logits.Offset - (rows * LogitsStride), logits.Length);

    /// <summary>Records the last norm of rows of a step over rows, behind its pass.</summary>
    /// <param name="commands">Receives the dispatch.</param>
    /// <param name="row">The first of them.</param>
    /// <param name="count">How many.</param>
    /// <param name="target">Float32 [rows, Stride(HiddenSize)].</param>
    /// <param name="at">Its row for the first.</param>
    public void RecordHidden(CommandList commands, int row, int count, GpuBuffer target, int at)
    {
        long stride = Activations.SizeInBytes(ActivationType.F32, 1, _parts.Config.HiddenSize);
        _parts.Transformer.RecordLastNorm(
            commands, _parts.Activations.Hidden.View(row * stride, count * stride), target.View(at * stride, count * stride), count);
    }

    /// <summary>Submits a step over rows whose table is filled, or says what commands are to be submitted for it.</summary>
    public void SubmitRows(StepUnderWay step)
    {
        step.Rows.Write();
        if (step.Rows.Shape.LongestRun > 0)
        {
            step.Last = _sliced.Submit(_pass!, step.Rows, step.KeysSeen);
            step.IsSliced = true;
        }
        else
        {
            step.Pass = Recorded(step);
        }
    }

    /// <summary>Begins the choices of a step.</summary>
    public StepChoices BeginChoices(StepPlan plan)
    {
        int choosers = 0;
        for (int i = 0; i < plan.Rows.Count; i++)
        {
            choosers += plan.Rows[i].WantsLogits ? 1 + plan.Rows[i].Drafts : 0;
        }

        if (_choices is null || _choices.MaxRows < choosers)
        {
            _choices?.Dispose();
            _choices = null;
            _choices = new StepChoices(
                _parts.Device, _parts.Kernels, _slots.Samplers, _parts.Config.VocabSize, Level(choosers), _steps.Length);
        }

        _choices.Begin();
        return _choices;
    }

    /// <summary>Takes note that a step has ended.</summary>
    /// <returns>Its time on the device in microseconds; 0 where it is not known.</returns>
    public double Complete(StepUnderWay step) => step.IsSliced ? _sliced.Complete(step.Last) : 0;

    public void Dispose()
    {
        DisposeRecorded();
        _choices?.Dispose();
        _pass?.Dispose();
        _alone?.Dispose();
        Array.ForEach(_steps, step => step?.Dispose());
        _sliced.Dispose();
    }

    /// <summary>Rows to make room for, where so many are needed.</summary>
    private static int Level(int rows) => rows <= 8 ? 8 : rows <= 32 ? 32 : rows <= 128 ? 128 : (rows + 127) / 128 * 128;

    /// <summary>A pass with room for steps of a shape.</summary>
    private RowsPass Require(StepShape shape)
    {
        if (_pass is { } pass && shape.Logits <= pass.Most.Logits && shape.Alone <= pass.Most.Alone)
        {
            return pass;
        }

        int rows = _options.MaxRows;
        int Grown(int needed, int? had) => Math.Max(had ?? 0, Math.Min(rows, Level(needed)));
        var most = new StepShape(
            rows, Grown(shape.Alone, _pass?.Most.Alone), rows, Math.Min(rows, _options.MaxRunning),
            Grown(shape.Logits, _pass?.Most.Logits), rows);

        // What is under way lives until it has run.
        DisposeRecorded();
        _pass?.Dispose();
        _pass = null;
        var made = new RowsPass(
            _parts.Device, _parts.Config, _parts.Transformer, _parts.Kernels, _parts.Activations,
            new RowsCache(_store, _slots.Table, _options.Softmax, _options.Capacity), most)
        {
            Statistics = _options.Statistics,
        };
        try
        {
            _parts.Device.RunOnce("rows.clear", made.RecordClear);
        }
        catch
        {
            made.Dispose();
            throw;
        }

        return _pass = made;
    }

    private CommandList Recorded(StepUnderWay step)
    {
        (int, int, bool) key = (step.Rows.Shape.Rows, step.Turn, _parts.Device.ProfilesDispatches);
        if (_recorded.TryGetValue(key, out CommandList? recorded))
        {
            return recorded;
        }

        CommandList commands = Record(step);
        _recorded.Add(key, commands);
        return commands;
    }

    // Apart: what captures is not to allocate where nothing is recorded.
    private CommandList Record(StepUnderWay step) => _parts.Device.Record("step.rows", list =>
    {
        StepClock.Begin(_parts.Device, list);
        _pass!.Record(list, step.Rows);
        StepClock.End(_parts.Device, list);
    });

    private void DisposeRecorded()
    {
        foreach (StepUnderWay? step in _steps)
        {
            if (step is not null)
            {
                step.Pass = null;
            }
        }

        foreach (CommandList commands in _recorded.Values)
        {
            commands.Dispose();
        }

        _recorded.Clear();
    }
}
