using VkInfer.Engine;
using VkInfer.Engine.Cache;
using VkInfer.Engine.Execution;
using VkInfer.Engine.Scheduling;
using VkInfer.Engine.Sequences;
using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer;

/// <summary>An engine of a model, and what it runs on. Owned by the model: it ends with it. Thread-safe.</summary>
internal sealed class SessionEngine
{
    /// <summary>Sequences of a step, at most.</summary>
    private const int MaxRunning = 256;

    /// <summary>Full contexts that a pool may hold: more than take part in a step, since sessions that rest keep their pages.</summary>
    private const int MostContexts = 4 * MaxRunning;

    /// <summary>Snapshots of recurrent states that are kept, at most.</summary>
    private const int MostSnapshots = 64;

    private SessionEngine(ModelEngine engine, Executor executor, EngineCounts counts)
    {
        Engine = engine;
        Executor = executor;
        Counts = counts;
    }

    /// <summary>Serves requests.</summary>
    public ModelEngine Engine { get; }

    /// <summary>What it counts of itself.</summary>
    public EngineCounts Counts { get; }

    /// <summary>Its device; to be used by its loop alone.</summary>
    public Executor Executor { get; }

    /// <summary>Takes a sequence out, and gives back all that it holds.</summary>
    /// <exception cref="ObjectDisposedException">The engine's end has begun, and frees everything.</exception>
    public Task FreeAsync(Sequence sequence) => Engine.InvokeAsync((scheduler, _) =>
    {
        scheduler.Remove(sequence);
        Executor.Release(sequence, keeps: false);
        return true;
    });

    /// <summary>Makes an engine.</summary>
    /// <param name="model">The model; its end is the engine's.</param>
    /// <param name="type">Element type of keys and values.</param>
    /// <param name="softmax">How attention accumulates.</param>
    /// <param name="linear">Which implementation linear layers use.</param>
    /// <param name="statistics">Counts the scores of prompts; null: nobody does.</param>
    public static SessionEngine Create(
        Model model, KvType type, SoftmaxPlan softmax, LinearChoice linear, ScoreCounters? statistics = null)
    {
        KvStore store = model.KvStores.Of(type);
        int rows = model.RowActivations.MaxRows;
        int running = Math.Min(MaxRunning, rows);
        int one = KvGroups.Of(model.Config, type).PagesOf(model.ContextLength);
        int states = StatesOf(model, store, running);
        int pages = PagesOf(model, store, one, states);
        var options = new ExecutorOptions(softmax, model.ContextLength, rows, running, pages)
        {
            FusesRowsAlone = linear is not (LinearChoice.Flat or LinearChoice.Tiled) && statistics is null && !model.Options.Reproducible
                && !model.Config.IsEncoder,
            AttendsRowByRow = model.Options.Reproducible && statistics is null,
            Statistics = statistics,
            Logger = model.Options.Logger,
            States = states,
        };
        var executor = new Executor(
            new StepParts(model.Gpu, model.Config, model.TransformerFor(linear), model.Kernels, model.RowActivations), store, options,
            new Cancellation(default, model.Lifetime));
        try
        {
            var counts = new EngineCounts { Model = model.Name };
            var engine = new ModelEngine(
                new SchedulerOptions
                {
                    MaxRows = rows,
                    MaxRunning = running,
                    Policy = model.Config.IsEncoder || model.Options.Scheduling == SchedulingPolicy.ThroughputFirst
                        ? new ThroughputFirst()
                        : new LatencyFirst(),
                    TakesWholeTexts = model.Config.IsEncoder,
                },
                new KvPool(
                    store.Groups, pages, model.SharesPrefixes, mostRemembered: Math.Min(one, pages / 4),
                    states: states > 0 ? new StatePool(states, Math.Min(states / 2, MostSnapshots)) : null),
                executor, counts, null, model.Lifetime);
            EngineMeter.Add(counts, model.Gpu, engine.Lifetime);
            return new SessionEngine(engine, executor, counts);
        }
        catch
        {
            executor.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Pages of the pool: as many as free memory holds and options allow, but never fewer than one sequence may need. Memory is taken when
    /// a page is first used.
    /// </summary>
    private static int PagesOf(Model model, KvStore store, long one, int states)
    {
        long free = ((model.Gpu.GetMemoryBudget().Available / 10 * 9) - (states * store.States.SizeInBytes)) / store.PageBytes;
        long most = Math.Min(one * MostContexts, model.Options.MaxKvPages ?? 1 << 22);
        return (int)Math.Max(one, Math.Min(free, most));
    }

    /// <summary>
    /// Recurrent states: a quarter of free memory, but as many as a model needs to run, and no more than all sequences of a step and
    /// snapshots. Memory is taken when a state is first used.
    /// </summary>
    private static int StatesOf(Model model, KvStore store, int running) => store.States.SizeInBytes == 0 ? 0 : (int)Math.Clamp(
        model.Gpu.GetMemoryBudget().Available / 4 / store.States.SizeInBytes, MemoryRequirements.LeastStates, running + MostSnapshots);
}
