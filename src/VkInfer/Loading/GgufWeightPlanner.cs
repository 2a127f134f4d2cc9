using VkInfer.Formats;
using VkInfer.Kernels;

namespace VkInfer.Loading;

/// <summary>Finds the tensors of a Llama-shaped GGUF and checks names, shapes and types before anything is uploaded.</summary>
internal static class GgufWeightPlanner
{
    public static WeightPlan Plan(GgufFile file, ModelConfig config)
    {
        int hidden = config.HiddenSize;
        MatrixPlan Matrix(string name, int columns, params (string Tensor, int Rows)[] parts)
        {
            WeightType[] types = [.. parts.Select(part => CheckMatrix(file, part.Tensor, part.Rows, columns))];
            return new MatrixPlan(name, CommonType(types), parts.Sum(part => part.Rows), columns, [.. parts.Select(part => part.Tensor)]);
        }

        var layers = new List<LayerPlan>();
        for (int i = 0; i < config.NumLayers; i++)
        {
            string block = $"blk.{i}.";
            layers.Add(new LayerPlan(
                CheckVector(file, block + "attn_norm.weight", hidden),
                Matrix(block + "attn_qkv", hidden, (block + "attn_q.weight", config.QuerySize), (block + "attn_k.weight", config.KvSize), (block + "attn_v.weight", config.KvSize)),
                Matrix(block + "attn_output", config.QuerySize, (block + "attn_output.weight", hidden)),
                CheckVector(file, block + "ffn_norm.weight", hidden),
                Matrix(block + "ffn_gate_up", hidden, (block + "ffn_gate.weight", config.IntermediateSize), (block + "ffn_up.weight", config.IntermediateSize)),
                Matrix(block + "ffn_down", config.IntermediateSize, (block + "ffn_down.weight", hidden))));
        }

        string? factors = file.TryGetTensor("rope_freqs.weight", out _) ? CheckFactors(file, "rope_freqs.weight", config.RotaryDim / 2) : null;
        MatrixPlan? output = file.TryGetTensor("output.weight", out _) ? Matrix("output", hidden, ("output.weight", config.VocabSize)) : null;
        RejectUnknown(file, layers, factors, output);
        return new WeightPlan(
            Matrix("token_embd", hidden, ("token_embd.weight", config.VocabSize)), layers, CheckVector(file, "output_norm.weight", hidden), output, factors);
    }

    /// <summary>Names the element type on the device for one of the file's; throws for those without a kernel.</summary>
    public static WeightType ToWeightType(string path, GgufTensor tensor) => tensor.Type switch
    {
        GgufTensorType.F32 => WeightType.F32,
        GgufTensorType.F16 => WeightType.F16,
        GgufTensorType.BF16 => WeightType.BF16,
        GgufTensorType.Q8_0 => WeightType.Q8_0,
        GgufTensorType.Q4_0 => WeightType.Q4_0,
        _ => throw new UnsupportedModelException(
            $"{path}: tensor {tensor.Name} has type {tensor.Type}; supported: {string.Join(", ", Enum.GetNames<WeightType>())}."),
    };

    /// <summary>Finds a tensor that the plan needs.</summary>
    public static GgufTensor Find(GgufFile file, string name) =>
        file.TryGetTensor(name, out GgufTensor? tensor)
            ? tensor
            : throw new UnsupportedModelException($"{file.Path}: tensor {name} is missing.");

    // Rows that stand in one matrix must have one type: the narrowest that loses nothing of any of them.
    private static WeightType CommonType(WeightType[] types) =>
        types.Distinct().Count() == 1 ? types[0]
        : types.Any(type => type is WeightType.F32 or WeightType.BF16) ? WeightType.F32
        : WeightType.F16;

    // A bias or a norm that this runtime would silently leave out would give wrong text.
    private static void RejectUnknown(GgufFile file, List<LayerPlan> layers, string? factors, MatrixPlan? output)
    {
        var known = new HashSet<string>(["token_embd.weight", "output_norm.weight"]);
        known.UnionWith(layers.SelectMany(layer => layer.Matrices.SelectMany(matrix => matrix.Tensors).Append(layer.AttentionNorm).Append(layer.MlpNorm)));
        known.UnionWith(output?.Tensors ?? []);
        if (factors is not null)
        {
            known.Add(factors);
        }

        foreach (GgufTensor tensor in file.Tensors)
        {
            if (!known.Contains(tensor.Name) && !tensor.Name.EndsWith(".rot_embd", StringComparison.Ordinal))
            {
                throw new UnsupportedModelException($"{file.Path}: tensor {tensor.Name} is not part of a {layers.Count}-layer llama model and would be ignored.");
            }
        }
    }

    private static WeightType CheckMatrix(GgufFile file, string name, int rows, int columns)
    {
        GgufTensor tensor = Find(file, name);
        if (tensor.Dimensions.Length > 2 || tensor.Columns != columns || tensor.Rows != rows)
        {
            throw Shape(file, tensor, $"{rows} x {columns}");
        }

        return ToWeightType(file.Path, tensor);
    }

    private static string CheckVector(GgufFile file, string name, int length)
    {
        GgufTensor tensor = Find(file, name);
        if (tensor.Columns != length || tensor.Rows != 1)
        {
            throw Shape(file, tensor, $"{length} elements");
        }

        ToWeightType(file.Path, tensor);
        return name;
    }

    // Frequencies are divided by them.
    private static string CheckFactors(GgufFile file, string name, int length)
    {
        CheckVector(file, name, length);
        GgufTensor tensor = Find(file, name);
        var factors = new float[length];
        Dequantizer.ToFloat32(tensor.Type, file.GetTensorData(tensor, 0, checked((int)tensor.ByteSize)), factors);
        int bad = Array.FindIndex(factors, factor => !float.IsFinite(factor) || factor <= 0);
        return bad < 0 ? name : throw new UnsupportedModelException($"{file.Path}: tensor {name} is {factors[bad]} at {bad}; expected a positive number.");
    }

    private static UnsupportedModelException Shape(GgufFile file, GgufTensor tensor, string expected) =>
        new($"{file.Path}: tensor {tensor.Name} is {string.Join(" x ", tensor.Dimensions.Reverse())}; expected {expected}.");
}
