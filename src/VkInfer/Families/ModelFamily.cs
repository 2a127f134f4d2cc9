using VkInfer.Configuration;

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
        new Llama(), new Qwen2(), new Qwen3(), new Phi3(), new ChatGlm(), new Glm4(), new Gpt2(), new Gemma(), new Gemma2(), new Gemma3(),
    ];

    /// <summary>The value of <c>general.architecture</c> in a GGUF file.</summary>
    public abstract string Architecture { get; }

    /// <summary>Finds a family by its GGUF architecture.</summary>
    /// <param name="path">The file, for the message.</param>
    /// <param name="architecture">What the file says.</param>
    /// <exception cref="UnsupportedModelException">There is none; the message lists those there are.</exception>
    public static ModelFamily Find(string path, string architecture) =>
        All.FirstOrDefault(family => family.Architecture == architecture) ?? throw new UnsupportedModelException(
            $"{path}: architecture \"{architecture}\" is not supported; supported: {string.Join(", ", All.Select(family => family.Architecture))}.");

    /// <summary>Describes the model of a GGUF file.</summary>
    /// <exception cref="UnsupportedModelException">The file asks for what does not run here.</exception>
    public abstract ModelConfig Describe(GgufConfigReader gguf);

    /// <summary>The values of <c>model_type</c> in <c>config.json</c> that mean this family; none where folders of it are not read.</summary>
    public virtual IReadOnlyList<string> HfModelTypes => [];

    /// <summary>What Hugging Face calls the family's tensors; see <see cref="Families.HfTensorNames"/>.</summary>
    public virtual IReadOnlyDictionary<string, string> HfTensorNames => Families.HfTensorNames.Llama;

    /// <summary>Whether the output projection of a Hugging Face model is the embedding where <c>tie_word_embeddings</c> is not said.</summary>
    public virtual bool TiesEmbeddings => false;

    /// <summary>Finds a family by Hugging Face's model type.</summary>
    /// <param name="path">The file, for the message.</param>
    /// <param name="modelType">What the file says.</param>
    /// <exception cref="UnsupportedModelException">There is none; the message lists those there are.</exception>
    public static ModelFamily FindHuggingFace(string path, string modelType) =>
        All.FirstOrDefault(family => family.HfModelTypes.Contains(modelType)) ?? throw new UnsupportedModelException(
            $"{path}: model_type \"{modelType}\" is not supported; supported: {string.Join(", ", All.SelectMany(family => family.HfModelTypes))}.");

    /// <summary>Describes the model of a Hugging Face folder; called for <see cref="HfModelTypes"/> only.</summary>
    /// <exception cref="UnsupportedModelException">The folder asks for what does not run here.</exception>
    public virtual ModelConfig Describe(HfConfigReader config) => config.ReadShape(Architecture);
}
