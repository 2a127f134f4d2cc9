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
}
