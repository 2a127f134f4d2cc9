using VkInfer.Configuration;
using VkInfer.Embeddings;
using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>Reads the linear layers that pooled hidden states go through.</summary>
internal static class DenseReader
{
    /// <summary>What GGUF calls them, without <c>.weight</c>: they are modules 2 and 3 of EmbeddingGemma's folder.</summary>
    private static readonly string[] Names = ["dense_2", "dense_3"];

    /// <summary>Whether a tensor of a GGUF file is one of theirs.</summary>
    public static bool IsDense(string tensor) => Names.Any(name => tensor == name + ".weight");

    /// <summary>Those of a GGUF file.</summary>
    /// <exception cref="UnsupportedModelException">They do not fit the model or each other.</exception>
    public static IReadOnlyList<DenseModule> ReadGguf(GgufFile file, ModelConfig config)
    {
        var modules = new List<DenseModule>();
        foreach (string name in Names)
        {
            if (config.IsEncoder && file.TryGetTensor(name + ".weight", out GgufTensor? tensor))
            {
                modules.Add(Checked(file.Path, tensor.Name, Read(file, tensor, null, hasTanh: false), modules, config));
            }
        }

        return modules;
    }

    /// <summary>Those of a folder.</summary>
    /// <param name="folders">Where each of them lies, in their order.</param>
    /// <param name="config">The model's shape.</param>
    /// <exception cref="UnsupportedModelException">They do not fit, or have another function.</exception>
    public static IReadOnlyList<DenseModule> Read(IReadOnlyList<string> folders, ModelConfig config)
    {
        var modules = new List<DenseModule>();
        foreach (string folder in folders)
        {
            HfJson json = HfJson.Read(Path.Combine(folder, "config.json"));
            const string Function = "activation_function";
            bool hasTanh = (json.TryString(Function) ?? "torch.nn.modules.activation.Tanh") switch
            {
                "torch.nn.modules.linear.Identity" => false,
                "torch.nn.modules.activation.Tanh" => true,
                string other => throw json.Wrong(Function, "Identity or Tanh of torch.nn.modules", $"\"{other}\""),
            };
            using var file = SafetensorsFile.OpenFolder(folder);
            GgufTensor weight = WeightPlanner.Find(file, "linear.weight");
            GgufTensor? bias = file.TryGetTensor("linear.bias", out GgufTensor? found) ? found : null;
            modules.Add(Checked(file.Path, weight.Name, Read(file, weight, bias, hasTanh), modules, config));
        }

        return modules;
    }

    private static DenseModule Read(IWeightSource file, GgufTensor weight, GgufTensor? bias, bool hasTanh) =>
        weight.Columns > ModelLimits.MaxWidth || weight.Rows > ModelLimits.MaxWidth || weight.ElementCount > int.MaxValue
            || (bias is not null && bias.ElementCount != weight.Rows)
            ? throw new UnsupportedModelException(
                $"{file.Path}: {weight.Name} is {weight.Rows} x {weight.Columns} with a bias of {bias?.ElementCount ?? 0}; expected a matrix "
                + "and a number for each row.")
            : new DenseModule(
                Values(file, weight), (int)weight.Rows, (int)weight.Columns, bias is null ? null : Values(file, bias), hasTanh);

    private static DenseModule Checked(
        string path, string name, DenseModule module, IReadOnlyList<DenseModule> before, ModelConfig config)
    {
        int input = before is [.., var last] ? last.Rows : config.HiddenSize;
        return module.Columns == input ? module : throw new UnsupportedModelException(
            $"{path}: tensor {name} is {module.Rows} x {module.Columns}; expected {input} columns, the width of what it takes.");
    }

    private static float[] Values(IWeightSource file, GgufTensor tensor)
    {
        float[] values = new float[tensor.ElementCount];
        Dequantizer.ToFloat32(tensor.Type, file.GetTensorData(tensor, 0, checked((int)tensor.ByteSize)), values);
        return values;
    }
}
