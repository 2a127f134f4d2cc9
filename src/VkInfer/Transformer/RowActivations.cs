using VkInfer.Kernels;
using VkInfer.Recipes;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>Inputs of matrix products, all of one element type.</summary>
/// <param name="Normed">[rows, HiddenSize].</param>
/// <param name="Mixed">[rows, MixerOutputSize].</param>
/// <param name="Up">[rows, UpSize].</param>
/// <param name="Mlp">[rows, DownSize].</param>
internal sealed record GemmInputs(GpuBuffer Normed, GpuBuffer Mixed, GpuBuffer Up, GpuBuffer Mlp);

/// <summary>
/// What a pass over many rows writes: up to <see cref="MaxRows"/> rows of each activation, of prompts and of decode steps alike. Shared by
/// passes that follow one another on the queue: whoever submits one in several parts holds <see cref="Turn"/> from the first to the last.
/// </summary>
internal sealed class RowActivations : IDisposable
{
    private readonly BufferSet _buffers;
    private readonly Dictionary<string, GpuBuffer> _parts = [];
    private readonly int _hiddenSize;
    private readonly Dictionary<ActivationType, GemmInputs> _inputs = [];

    /// <param name="device">Where to allocate.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="maxRows">Most rows of one pass.</param>
    /// <param name="inputTypes">
    /// The element types that matrix products of this model take, and leave for each other: a set of buffers each, since rows of different
    /// types would write into each other's padding.
    /// </param>
    public RowActivations(GpuDevice device, ModelConfig config, int maxRows, IEnumerable<ActivationType> inputTypes)
    {
        MaxRows = maxRows;
        _hiddenSize = config.HiddenSize;
        _buffers = new BufferSet(device, "rows");
        try
        {
            ActivationType[] types = [.. inputTypes.Distinct()];
            foreach (ScratchPart part in Parts(config, maxRows, types))
            {
                _parts.Add(part.Name, _buffers.Create(part.Name, part.SizeInBytes));
            }

            Projected = config.Layers.Any(layer => layer.HasNormsBehind) ? _parts["projected"] : Hidden;
            Experts = config.NumExperts > 0 ? new ExpertActivations(_buffers, config, maxRows, types) : null;
            Latent = config.Latent is null ? null : new LatentActivations(_buffers, config, maxRows, types);
            PerLayer = config.PerLayerSize > 0 ? new PerLayerActivations(_buffers, config, maxRows, types) : null;
            GemmScratch = types.Contains(ActivationType.F16)
                ? new GemmScratch(_buffers.Create("gemm_scratch", GemmScratch.SizeInBytes(device.Capabilities)))
                : null;
            foreach (ActivationType type in types)
            {
                GpuBuffer Input(string name) => _parts[InputName(name, type)];
                _inputs[type] = new GemmInputs(Input("normed"), Input("mixed"), Input("up"), Input("mlp"));
            }
        }
        catch
        {
            _buffers.Dispose();
            throw;
        }
    }

    public int MaxRows { get; }

    /// <summary>Whose pass is being submitted; of several engines of a model, each waits for its turn.</summary>
    public Lock Turn { get; } = new();

    /// <summary>The residual stream, float32 [rows, HiddenSize].</summary>
    public GpuBuffer Hidden => _parts["hidden"];

    /// <summary>A layer's output before its norm, float32 [rows, HiddenSize]; only in models that have such norms.</summary>
    public GpuBuffer Projected { get; }

    /// <summary>What a mixer's first product leaves, float32 [rows, MixerInputSize].</summary>
    public GpuBuffer MixerInput => _parts["mixer_input"];

    /// <summary>A part of that behind its convolution; only in models that have one.</summary>
    public GpuBuffer Convolved => _parts["convolved"];

    /// <summary>A mixer's output before its gates, float32 [rows, MixerOutputSize]; only in models that have gates.</summary>
    public GpuBuffer MixerOutput => _parts["mixer_output"];

    /// <summary>What a mixture of experts writes; null: there is none.</summary>
    public ExpertActivations? Experts { get; }

    /// <summary>What latent attention writes; null: there is none.</summary>
    public LatentActivations? Latent { get; }

    /// <summary>What layers' own inputs take; null: there are none.</summary>
    public PerLayerActivations? PerLayer { get; }

    /// <summary>What matrix products share tiles in; null: none does.</summary>
    public GemmScratch? GemmScratch { get; }

    /// <summary>Rotated queries [rows, NumHeads, HeadDim] of the type that attention of runs asks for.</summary>
    public GpuBuffer RunQuery => _parts["run_query"];

    /// <summary>Rotated queries, float32 [rows, NumHeads, HeadDim], of rows that attend alone.</summary>
    public GpuBuffer Query => _parts["query"];

    /// <summary>Device memory for <paramref name="rows"/> rows whose matrix products take one type.</summary>
    public static long SizeInBytes(ModelConfig config, int rows, ActivationType inputType) =>
        Parts(config, rows, [inputType]).Sum(part => part.SizeInBytes) + ExpertActivations.SizeInBytes(config, rows, inputType)
            + LatentActivations.SizeInBytes(config, rows, inputType) + PerLayerActivations.SizeInBytes(config, rows, inputType);

    /// <summary>The inputs of products that take <paramref name="type"/>.</summary>
    public GemmInputs Inputs(ActivationType type) => _inputs[type];

    /// <summary>One row of the residual stream.</summary>
    public BufferView Row(int row) => Activations.Row(Hidden, ActivationType.F32, row, _hiddenSize);

    public void RecordClear(CommandList commands) => _buffers.RecordClear(commands);

    public void Dispose() => _buffers.Dispose();

    private static IEnumerable<ScratchPart> Parts(ModelConfig config, int rows, IEnumerable<ActivationType> inputTypes)
    {
        yield return new("hidden", rows, config.HiddenSize);
        yield return new("mixer_input", rows, config.MixerInputSize);
        if (config.IsRecurrent)
        {
            yield return new("convolved", rows, config.MixerInputSize);
        }

        if (config.Mixers.Any(mixer => mixer is not AttentionRecipe { HasGates: false }))
        {
            yield return new("mixer_output", rows, config.MixerOutputSize);
        }

        yield return new("query", rows, config.MostQuerySize);
        yield return new("run_query", rows, config.MostQuerySize);
        if (config.Layers.Any(layer => layer.HasNormsBehind))
        {
            yield return new("projected", rows, config.HiddenSize);
        }

        foreach (ActivationType type in inputTypes)
        {
            // Whole fragments of the matrix units.
            int inputRows = (rows + 15) / 16 * 16;
            yield return new(InputName("normed", type), inputRows, config.HiddenSize, type);
            yield return new(InputName("mixed", type), inputRows, config.MixerOutputSize, type);
            yield return new(InputName("up", type), inputRows, config.UpSize, type);
            yield return new(InputName("mlp", type), inputRows, config.DownSize, type);
        }
    }

    private static string InputName(string name, ActivationType type) => $"{name}.{type}";
}
