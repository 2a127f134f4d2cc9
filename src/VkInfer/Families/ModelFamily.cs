using VkInfer.Configuration;
using VkInfer.Formats;
using VkInfer.Loading;

namespace VkInfer.Families;

/// <summary>
/// A family of models: what it is called in model files, and how its transformer differs from Llama's. A new family is a file with a
/// subclass and a line in <see cref="All"/>.
/// </summary>
internal abstract class ModelFamily
{
    /// <summary>All families.</summary>
    public static IReadOnlyList<ModelFamily> All { get; } =
    [
        new Llama(), new Qwen2(), new Qwen3(), new Qwen3Moe(), new Phi3(), new ChatGlm(), new Glm4(), new Gpt2(), new Opt(), new Gemma(),
        new Gemma2(), new Gemma3(), new Gemma4(),
        new Granite(), new GraniteMoe(), new SmolLm3(), new Olmo2(), new Mistral3(), new Cohere2(),
        new CommandR(), new Exaone4(), new SeedOss(), new Ernie45(), new Ernie45Moe(), new StarCoder2(), new Phi2(), new StableLm(),
        new GptOss(), new Qwen35(), new Qwen35Moe(),
        new Qwen3Next(), new Lfm2(), new Lfm2Moe(), new DeepSeek2(), new Glm4Moe(), new NemotronH(),
        new GraniteHybrid(), new FalconH1(), new MiniMaxM2(), new BailingMoe2(), new HunYuanDense(), new MiniCpm(), new PhiMoe(),
        new Bert(), new GemmaEmbedding(), new ModernBert(), new NomicBert(),
    ];

    /// <summary>
    /// GGUF's name for the family, the value of <c>general.architecture</c>; families whose files look alike share one.
    /// </summary>
    public abstract string Architecture { get; }

    /// <summary>All names of the family, where GGUF has another for its mixtures.</summary>
    public virtual IReadOnlyList<string> Architectures => [Architecture];

    /// <summary>The values of <c>model_type</c> in <c>config.json</c> that mean this family.</summary>
    public abstract IReadOnlyList<string> HfModelTypes { get; }

    /// <summary>What Hugging Face calls the family's tensors; see <see cref="Families.HfTensorNames"/>.</summary>
    public virtual IReadOnlyDictionary<string, string> HfTensorNames => Families.HfTensorNames.Llama;

    /// <summary>
    /// Whether the output projection of a Hugging Face model is the embedding where <c>tie_word_embeddings</c> is not said.
    /// </summary>
    public virtual bool TiesEmbeddings => false;

    /// <summary>How a folder stores matrices that are not tensors of their own; null: each is one.</summary>
    /// <param name="config">Its <c>config.json</c>.</param>
    /// <exception cref="UnsupportedModelException">In a way that is not supported.</exception>
    public virtual HfScheme? HfScheme(HfJson config) => Loading.HfScheme.Of(config);

    /// <summary>What Hugging Face adds to the gains of norms when it uses them; GGUF files hold the sum.</summary>
    public virtual float HfNormOffset => 0;

    /// <summary>Finds a family by its GGUF architecture.</summary>
    /// <param name="path">The file, for the message.</param>
    /// <param name="architecture">What the file says.</param>
    /// <exception cref="UnsupportedModelException">There is none; the message lists those there are.</exception>
    public static ModelFamily Find(string path, string architecture) =>
        All.FirstOrDefault(family => family.Architectures.Contains(architecture)) ?? throw new UnsupportedModelException(
            $"{path}: general.architecture \"{Short(architecture)}\" is not supported; "
            + $"supported: {string.Join(", ", All.SelectMany(family => family.Architectures).Distinct())}.");

    /// <summary>Finds a family by Hugging Face's model type.</summary>
    /// <param name="path">The file, for the message.</param>
    /// <param name="modelType">What the file says.</param>
    /// <exception cref="UnsupportedModelException">There is none; the message lists those there are.</exception>
    public static ModelFamily FindHuggingFace(string path, string modelType) =>
        All.FirstOrDefault(family => family.HfModelTypes.Contains(modelType)) ?? throw new UnsupportedModelException(
            $"{path}: model_type \"{Short(modelType)}\" is not supported; "
            + $"supported: {string.Join(", ", All.SelectMany(family => family.HfModelTypes))}.");

    private static string Short(string name) => DisplayText.OneLine(name, 60);

    /// <summary>Values of <c>model_type</c> of models that also see or hear: their part for text is an object of its own.</summary>
    public virtual IReadOnlyList<string> HfTypesWithVision => [];

    /// <summary>What a <c>config.json</c> says of the part for text: of a model that also sees an object of its own.</summary>
    public static HfJson TextConfig(HfJson json) =>
        json.TryString("model_type") is not { } type || !All.Any(family => family.HfTypesWithVision.Contains(type)) ? json
        : json.TryObject("text_config") ?? HfJson.Empty(json.Path, "text_config.");

    /// <summary>Whether a tensor belongs to the eyes or ears of a model that also sees or hears.</summary>
    protected static bool IsOfVision(string name)
    {
        string stem = name.StartsWith("model.", StringComparison.Ordinal) ? name["model.".Length..] : name;
        return VisionTensors.Any(prefix => stem.StartsWith(prefix, StringComparison.Ordinal));
    }

    private static readonly string[] VisionTensors =
        ["vision_tower.", "multi_modal_projector.", "audio_tower.", "embed_vision.", "embed_audio.", "vision_embedder."];

    /// <summary>Describes the model of a GGUF file.</summary>
    /// <exception cref="UnsupportedModelException">The file asks for what does not run here.</exception>
    public abstract ModelConfig Describe(GgufConfigReader gguf);

    /// <summary>Describes the model of a Hugging Face folder.</summary>
    /// <exception cref="UnsupportedModelException">The folder asks for what does not run here.</exception>
    public abstract ModelConfig Describe(HfConfigReader config);

    /// <summary>
    /// Whether a tensor of a Hugging Face folder is a constant that the model computes itself, or of another part than that for text.
    /// </summary>
    /// <param name="name">Hugging Face's name.</param>
    public virtual bool IsLeftOut(string name) => name.EndsWith(".inv_freq", StringComparison.Ordinal);

    /// <summary>Whether <see cref="HfNormOffset"/> is added to a tensor.</summary>
    /// <param name="name">GGUF's name of the tensor.</param>
    public virtual bool IsOffset(string name) => name.EndsWith("norm.weight", StringComparison.Ordinal);

    /// <summary>How a tensor of a Hugging Face folder becomes GGUF's where that is the family's own; null: as others do.</summary>
    /// <param name="tensor">The tensor under GGUF's name.</param>
    public virtual HfTensorForm? FormOf(GgufTensor tensor) => null;

    /// <summary>The tensors that a matrix of a Hugging Face folder is in GGUF, of its rows; none: it is one.</summary>
    /// <param name="tensor">The tensor under a name of its own.</param>
    /// <param name="config">The folder's fields of the part for text.</param>
    public virtual IReadOnlyList<HfTensorForm> Split(GgufTensor tensor, HfJson config) => [];

    /// <summary>Whether a matrix of a Hugging Face folder is stored [columns, rows].</summary>
    /// <param name="name">GGUF's name of the tensor.</param>
    public virtual bool IsTransposed(string name) => false;
}
