using Microsoft.Extensions.Logging;
using VkInfer.Kernels;

namespace VkInfer;

/// <summary>
/// What a program that runs a model can be told from outside: by the section <c>VkInfer</c> of <c>appsettings.json</c> in the current
/// directory, by environment variables <c>VKINFER_…</c>, and by its command line; later ones win. Immutable; thread-safe.
/// </summary>
public sealed record VkInferOptions
{
    /// <summary>The model: a file, a folder, or a <see cref="ModelName"/>; null: the embedded model.</summary>
    public string? Model { get; init; }

    /// <summary>Which Vulkan device; see <see cref="ModelOptions.Device"/>.</summary>
    public string Device { get; init; } = "auto";

    /// <summary>Element type of the KV cache.</summary>
    public KvType KvType { get; init; } = KvType.F16;

    /// <summary>Positions a session can hold, in tokens; null: see <see cref="ModelOptions.ContextLength"/>.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Most tokens that one pass of prefill takes.</summary>
    public int PrefillChunk { get; init; } = new ModelOptions().PrefillChunk;

    /// <summary>What float weights become while the model is loaded; see <see cref="ModelOptions.Quantize"/>.</summary>
    public WeightType? Quantize { get; init; }

    /// <summary>How attention accumulates its softmax.</summary>
    public SoftmaxChoice Softmax { get; init; }

    /// <summary>Which implementation linear layers use.</summary>
    public LinearChoice Linear { get; init; }

    /// <summary>Runs under the Vulkan validation layers.</summary>
    public bool Validation { get; init; }

    /// <summary>How each token is chosen.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Most tokens of one answer; null: until the answer ends or the context is full.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Things that were read and not understood, such as an unknown key; one line each.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>
    /// Reads the options of a program whose command line consists of <c>--key value</c> pairs, e.g. <c>--kv-type f32</c>.
    /// </summary>
    /// <param name="arguments">The command line.</param>
    /// <exception cref="OptionsException">
    /// A value is not allowed, or the command line has an unknown key; the message says which.
    /// </exception>
    public static VkInferOptions Load(IReadOnlyList<string> arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        if (arguments.Any(argument => argument is null))
        {
            throw new ArgumentException("An argument is null.", nameof(arguments));
        }

        return OptionsReader.Read(Directory.GetCurrentDirectory(), OptionsSource.FromArguments(arguments));
    }

    /// <summary>Reads the options of a program that parses its command line itself.</summary>
    /// <param name="commandLine">What the command line says: names of this record's keys, e.g. <c>KvType</c>, and their values.</param>
    /// <exception cref="OptionsException">A value is not allowed; the message says which.</exception>
    public static VkInferOptions Load(IReadOnlyDictionary<string, string> commandLine)
    {
        ArgumentNullException.ThrowIfNull(commandLine);
        if (commandLine.FirstOrDefault(pair => pair.Value is null) is { Key: { } key })
        {
            throw new ArgumentException($"The value of {key} is null.", nameof(commandLine));
        }

        return OptionsReader.Read(Directory.GetCurrentDirectory(), OptionsSource.FromCommandLine(commandLine));
    }

    /// <summary>The part that concerns loading a model.</summary>
    /// <param name="logger">Where messages go; null: nowhere.</param>
    public ModelOptions ToModelOptions(ILogger? logger = null) => new()
    {
        Device = Device,
        KvType = KvType,
        ContextLength = ContextLength,
        PrefillChunk = PrefillChunk,
        Quantize = Quantize,
        Softmax = Softmax,
        Linear = Linear,
        Validation = Validation,
        Logger = logger,
    };

    /// <summary>The part that concerns generating an answer.</summary>
    public GenerationOptions ToGenerationOptions() => new() { Sampling = Sampling, MaxTokens = MaxTokens };
}
