using VkInfer.Formats;
using VkInfer.Kernels;
using VkInfer.Loading;
using VkInfer.Vulkan;

namespace VkInfer;

/// <content>Where models come from.</content>
public sealed partial class Model
{
    /// <summary>Where the model of the package VkInfer.Models.Mini lies: beside the program.</summary>
    public static string DefaultModelPath => Path.Combine(AppContext.BaseDirectory, "models", "vkinfer-mini-q8_0.gguf");

    /// <summary>
    /// Loads a GGUF file, any part of a split one, or a Hugging Face folder with <c>config.json</c>, safetensors, and <c>tokenizer.json</c>
    /// or <c>tokenizer.model</c>.
    /// </summary>
    /// <param name="path">
    /// The file or folder; or a <see cref="ModelName"/>, which the default <see cref="ModelStore"/> downloads if need be.
    /// </param>
    /// <param name="options">How; null: the defaults.</param>
    /// <param name="progress">Told how many bytes are on the device.</param>
    /// <param name="cancellationToken">Ends loading and frees what was taken.</param>
    /// <returns>The model, owned by the caller.</returns>
    /// <exception cref="FileNotFoundException">No such file or folder.</exception>
    /// <exception cref="ModelStoreException">The name's model cannot be downloaded.</exception>
    /// <exception cref="ModelFormatException">A file is damaged or of another format.</exception>
    /// <exception cref="UnsupportedModelException">
    /// The model is of a kind that does not run here, or its draft model has another vocabulary.
    /// </exception>
    /// <exception cref="OutOfDeviceMemoryException">It does not fit; thrown before anything is uploaded.</exception>
    /// <exception cref="DeviceSelfTestException">The device computes wrong results, in every way there is.</exception>
    public static Model Load(
        string path, ModelOptions? options = null, IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (path == DefaultModelPath && !File.Exists(path))
        {
            throw new FileNotFoundException(
                $"{path}: the built-in model is not there; reference the package VkInfer.Models.Mini, or name another model", path);
        }

        if (ModelName.IsName(path))
        {
            using var store = new ModelStore();
            path = store.GetAsync(ModelName.Parse(path), progress, cancellationToken).GetAwaiter().GetResult();
        }

        options ??= new ModelOptions();
        Model model = ModelLoader.Load(path, options, progress, cancellationToken);
        if (options.Draft is { } draft)
        {
            try
            {
                model.Adopt(Load(draft, options.ForDraft(model.ContextLength), progress, cancellationToken));
            }
            catch
            {
                model.Dispose();
                throw;
            }
        }

        return model;
    }

    /// <inheritdoc cref="Load"/>
    public static Task<Model> LoadAsync(
        string path, ModelOptions? options = null, IProgress<LoadProgress>? progress = null,
        CancellationToken cancellationToken = default) =>
        Task.Run(() => Load(path, options, progress, cancellationToken), cancellationToken);

    /// <summary>Loads the model of the package VkInfer.Models.Mini: small, for trying things out.</summary>
    /// <inheritdoc cref="Load"/>
    public static Model LoadDefault(
        ModelOptions? options = null, IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Load(DefaultModelPath, options, progress, cancellationToken);

    /// <inheritdoc cref="LoadDefault"/>
    public static Task<Model> LoadDefaultAsync(
        ModelOptions? options = null, IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default) =>
        LoadAsync(DefaultModelPath, options, progress, cancellationToken);

    /// <summary>Makes a model with random weights on the device, for measuring. It has no tokenizer.</summary>
    /// <param name="shape">One of <see cref="SyntheticShapes.Names"/>.</param>
    /// <param name="weights">Element type of all matrices; experts of gpt-oss are MXFP4, as in its files.</param>
    /// <param name="options">How; null: the defaults.</param>
    /// <param name="progress">Told how many bytes are on the device.</param>
    /// <param name="layers">Fewer layers than the shape has, to measure what would not fit; null: all.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The model, owned by the caller.</returns>
    internal static Model CreateSynthetic(
        string shape, WeightType weights, ModelOptions? options = null, IProgress<LoadProgress>? progress = null, int? layers = null,
        CancellationToken cancellationToken = default) => options?.Draft is { } draft
        ? throw new UnsupportedModelException($"{draft}: a synthetic model has no vocabulary that a draft model could share.")
        : ModelLoader.Synthesise(
            SyntheticShapes.Get(shape, layers), shape, weights, options ?? new ModelOptions(), progress, cancellationToken);
}
