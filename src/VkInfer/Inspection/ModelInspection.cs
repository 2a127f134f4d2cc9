using VkInfer.Formats;
using VkInfer.Kernels;
using VkInfer.Loading;

namespace VkInfer;

/// <summary>What a model file says and needs, read without a device.</summary>
/// <param name="Path">The file.</param>
/// <param name="Name">The model's name.</param>
/// <param name="FileBytes">Size of the file.</param>
/// <param name="Metadata">Every metadata key with its value as text; long arrays are shortened.</param>
/// <param name="Tensors">Every tensor in file order.</param>
/// <param name="Config">The model's shape, or null where the model cannot run here.</param>
/// <param name="Memory">Device memory for one session, or null where the model cannot run here.</param>
/// <param name="Softmax">How attention would accumulate its softmax, or null where the model cannot run here.</param>
/// <param name="Unsupported">Why the model cannot run here, or null.</param>
public sealed record ModelInspection(
    string Path,
    string Name,
    long FileBytes,
    IReadOnlyList<KeyValuePair<string, string>> Metadata,
    IReadOnlyList<TensorSummary> Tensors,
    ModelConfig? Config,
    MemoryRequirements? Memory,
    SoftmaxPlan? Softmax,
    string? Unsupported)
{
    /// <summary>Reads the headers of a GGUF file or of a Hugging Face folder.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="options">Decide on the memory needed: KV type and context length.</param>
    /// <returns>What it says.</returns>
    /// <exception cref="FileNotFoundException">No such file.</exception>
    /// <exception cref="ModelFormatException">A file is damaged or of another format.</exception>
    /// <exception cref="UnsupportedModelException">A folder's configuration cannot be read.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range, or the context longer than the model's.</exception>
    public static ModelInspection Inspect(string path, ModelOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new ModelOptions();
        options.Validate();
        using ModelSource source = ModelSource.Open(path, options.Logger);
        (ModelConfig? config, MemoryRequirements? memory, SoftmaxPlan? softmax, string? unsupported) = (null, null, null, null);
        try
        {
            config = source.ReadConfig();
            WeightPlan plan = WeightPlanner.Plan(source.Weights, config, options.Quantize);
            source.CreateTokenizer(config.VocabSize);
            _ = source.ChatTemplate;
            memory = MemoryRequirements.Of(config, plan.DeviceBytes, options, ActivationType.F32);
            softmax = SoftmaxPlan.For(
                options.Softmax, config.NumLayers, CalibrationFile.Read(ModelFingerprint.Of(source), config.NumLayers, options.Logger));
        }
        catch (Exception exception) when (exception is UnsupportedModelException or ModelFormatException)
        {
            (config, memory, softmax, unsupported) = (null, null, null, exception.Message);
        }

        return new ModelInspection(
            path,
            source.Name,
            source.FileBytes,
            [.. source.Metadata],
            [.. source.Weights.Tensors.Select(
                tensor => new TensorSummary(tensor.Name, tensor.Type.ToString(), [.. tensor.Dimensions], tensor.ByteSize))],
            config,
            memory,
            softmax,
            unsupported);
    }
}

/// <summary>A tensor of a model file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Element type, e.g. <c>Q8_0</c>.</param>
/// <param name="Dimensions">Sizes, the contiguous one first.</param>
/// <param name="Bytes">Size in the file.</param>
public sealed record TensorSummary(string Name, string Type, IReadOnlyList<long> Dimensions, long Bytes);
