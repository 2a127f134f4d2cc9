using VkInfer.Formats;
using VkInfer.Kernels;

namespace VkInfer.Loading;

/// <summary>
/// Finds the tensors of a model and checks names, shapes and types before anything is uploaded. Norms are there because the configuration
/// says so; a bias, a fused matrix or an output projection of its own because the file has it.
/// </summary>
internal sealed class WeightPlanner
{
    private static readonly string[] FrequencyFactors = ["rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"];

    private readonly IWeightSource _file;
    private readonly ModelConfig _config;
    private readonly WeightType? _quantize;
    private readonly HashSet<string> _planned = [];

    private WeightPlanner(IWeightSource file, ModelConfig config, WeightType? quantize)
    {
        _file = file;
        _config = config;
        _quantize = quantize;
    }

    /// <param name="file">The weights, under GGUF's names.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="quantize">What matrices that are stored as floats become on the device; null: they stay.</param>
    public static WeightPlan Plan(IWeightSource file, ModelConfig config, WeightType? quantize = null) =>
        new WeightPlanner(file, config, quantize).Plan();

    /// <summary>Names the element type on the device for one of the file's; throws for those without a kernel.</summary>
    public static WeightType ToWeightType(string path, GgufTensor tensor) =>
        Enum.TryParse(tensor.Type.ToString(), out WeightType type) // Both use the specification's names.
            ? type
            : throw new UnsupportedModelException(
                $"{path}: tensor {tensor.Name} has type {tensor.Type}; supported: {string.Join(", ", Enum.GetNames<WeightType>())}.");

    /// <summary>Finds a tensor that the plan needs.</summary>
    public static GgufTensor Find(IWeightSource file, string name) =>
        file.TryGetTensor(name, out GgufTensor? tensor)
            ? tensor
            : throw new UnsupportedModelException($"{file.Path}: tensor {name} is missing.");

    private WeightPlan Plan()
    {
        var plan = new WeightPlan(
            Matrix("token_embd", _config.VocabSize, _config.HiddenSize),
            _config.FirstPositionRow is null ? null : Positions(),
            [.. Enumerable.Range(0, _config.NumLayers).Select(Layer)],
            Norm("output_norm"),
            Has("output.weight") ? Linear("output", _config.HiddenSize, ("output", _config.VocabSize)) : null);
        RejectUnknown();
        return plan;
    }

    private LayerPlan Layer(int index)
    {
        string block = $"blk.{index}.";
        int hidden = _config.HiddenSize;
        return new LayerPlan(
            Norm(block + "attn_norm"),
            Has(block + "attn_qkv.weight")
                ? Linear(block + "attn_qkv", hidden, (block + "attn_qkv", _config.QkvSize))
                : Linear(
                    block + "attn_qkv", hidden, (block + "attn_q", _config.QuerySize), (block + "attn_k", _config.KvSize),
                    (block + "attn_v", _config.KvSize)),
            _config.HasQkNorm ? Vector(_config.HeadDim, block + "attn_q_norm.weight", block + "attn_k_norm.weight") : null,
            Linear(block + "attn_output", _config.QuerySize, (block + "attn_output", hidden)),
            _config.HasPostNorms ? Norm(block + "post_attention_norm") : null,
            Norm(block + "ffn_norm"),
            _config.NumExperts > 0 ? Matrix(block + "ffn_gate_inp", _config.NumExperts, hidden) : null,
            Up(block),
            _config.NumExperts > 0
                ? Experts(block + "ffn_down_exps", _config.IntermediateSize, ExpertParts(block + "ffn_down", hidden))
                : Linear(block + "ffn_down", _config.IntermediateSize, (block + "ffn_down", hidden)),
            _config.HasPostNorms ? Norm(block + "post_ffw_norm") : null);
    }

    private LinearPlan Up(string block)
    {
        (int hidden, int width) = (_config.HiddenSize, _config.IntermediateSize);
        if (_config.NumExperts > 0)
        {
            return Experts(
                block + "ffn_gate_up_exps", hidden, [.. ExpertParts(block + "ffn_gate", width), .. ExpertParts(block + "ffn_up", width)]);
        }

        return _config.IsGated && !HoldsGate(block + "ffn_up.weight")
            ? Linear(block + "ffn_gate_up", hidden, (block + "ffn_gate", width), (block + "ffn_up", width))
            : Linear(block + "ffn_up", hidden, (block + "ffn_up", _config.UpSize));
    }

    // Experts have no biases; one in the file is refused as unknown.
    private LinearPlan Experts(string name, int columns, (string Part, int Rows)[] parts)
    {
        List<MatrixPlan> joined = Join(name, [.. parts.Select(part => Matrix(part.Part, part.Rows, columns))]);
        return joined.Count == 1 ? new LinearPlan(joined, null) : throw new UnsupportedModelException(
            $"{_file.Path}: {name} is of {string.Join(", ", joined.Select(part => part.Type).Distinct())}; experts of different types do not run.");
    }

    /// <summary>The matrices of all experts, which are one tensor or one each.</summary>
    private (string Part, int Rows)[] ExpertParts(string name, int rows) => Has(name + "_exps.weight")
        ? [(name + "_exps", checked(_config.NumExperts * rows))]
        : [.. Enumerable.Range(0, _config.NumExperts).Select(expert => ($"{name}.{expert}", rows))];

    private NormPlan Norm(string name) => new(
        Vector(_config.HiddenSize, name + ".weight"),
        _config.Norm == NormKind.LayerNorm ? Vector(_config.HiddenSize, name + ".bias") : null);

    private LinearPlan Linear(string name, int columns, params (string Part, int Rows)[] parts)
    {
        List<MatrixPlan> matrices = Join(name, [.. parts.Select(part => Matrix(part.Part, part.Rows, columns))]);
        return new LinearPlan(matrices, Has(parts[0].Part + ".bias") ? Bias(parts) : null);
    }

    private VectorPlan Bias((string Part, int Rows)[] parts)
    {
        foreach ((string part, int rows) in parts)
        {
            Vector(rows, part + ".bias");
        }

        return new VectorPlan(parts.Sum(part => part.Rows), [.. parts.Select(part => part.Part + ".bias")]);
    }

    private MatrixPlan Matrix(string name, int rows, int columns)
    {
        string tensor = name + ".weight";
        WeightType type = Quantization.TypeFor(tensor, CheckMatrix(tensor, rows, columns), columns, _quantize);
        return new MatrixPlan(name, type, rows, columns, [tensor]);
    }

    // Added to the residual stream, which is float32; small beside the token embedding.
    private MatrixPlan Positions()
    {
        MatrixPlan positions = Matrix("position_embd", _config.PositionRows, _config.HiddenSize);
        return !Has("position_embd.scale") ? positions with { Type = WeightType.F32 } : throw new UnsupportedModelException(
            $"{_file.Path}: tensor position_embd.scale: learned positions have no scale of their own here.");
    }

    private VectorPlan Vector(int length, params string[] tensors)
    {
        foreach (string name in tensors)
        {
            GgufTensor tensor = Take(name);
            if (tensor.Columns != length || tensor.Rows != 1)
            {
                throw Shape(tensor, $"{length} elements");
            }

            ToWeightType(_file.Path, tensor);
        }

        return new VectorPlan(length * tensors.Length, tensors);
    }

    private WeightType CheckMatrix(string name, int rows, int columns)
    {
        GgufTensor tensor = Take(name);
        int dimensions = name.EndsWith("_exps.weight", StringComparison.Ordinal) ? 3 : 2;
        if (tensor.Dimensions.Length > dimensions || tensor.Columns != columns || tensor.Rows != rows)
        {
            throw Shape(tensor, $"{rows} x {columns}");
        }

        CheckScales(tensor, dimensions == 3 ? _config.NumExperts : 1);
        return ToWeightType(_file.Path, tensor);
    }

    private void CheckScales(GgufTensor tensor, int experts)
    {
        if (TensorScales.InputNameFor(tensor) is { } input)
        {
            _planned.Add(input);
        }

        if (TensorScales.NameFor(tensor) is not { } name || !Has(name))
        {
            return;
        }

        GgufTensor scales = Take(name);
        if (scales.Type != GgufTensorType.F32 || scales.Rows != 1 || (scales.Columns != 1 && scales.Columns != experts))
        {
            throw Shape(scales, experts == 1 ? "1 element of F32" : $"1 or {experts} elements of F32");
        }
    }

    // Neighbours of one type become one matrix.
    private static List<MatrixPlan> Join(string name, IReadOnlyList<MatrixPlan> tensors)
    {
        var joined = new List<MatrixPlan>();
        foreach (MatrixPlan next in tensors)
        {
            if (joined is [.., var last] && last.Type == next.Type)
            {
                joined[^1] = last with { Name = name, Rows = last.Rows + next.Rows, Tensors = [.. last.Tensors, .. next.Tensors] };
            }
            else
            {
                joined.Add(next);
            }
        }

        return joined;
    }

    // A bias or a norm that this runtime would silently leave out would give wrong text.
    private void RejectUnknown()
    {
        if (_config.RopeScaling?.HasTensors == true)
        {
            _planned.UnionWith(FrequencyFactors);
        }

        foreach (GgufTensor tensor in _file.Tensors)
        {
            if (!_planned.Contains(tensor.Name) && !tensor.Name.EndsWith(".rot_embd", StringComparison.Ordinal))
            {
                throw new UnsupportedModelException(
                    $"{_file.Path}: tensor {tensor.Name} is not part of a {_config.NumLayers}-layer {_config.Architecture} model and would be ignored.");
            }
        }
    }

    private bool HoldsGate(string up) => _file.TryGetTensor(up, out GgufTensor? tensor) && tensor.Rows == _config.UpSize;

    private bool Has(string name) => _file.TryGetTensor(name, out _);

    private GgufTensor Take(string name)
    {
        _planned.Add(name);
        return Find(_file, name);
    }

    private UnsupportedModelException Shape(GgufTensor tensor, string expected) =>
        new($"{_file.Path}: tensor {tensor.Name} is {string.Join(" x ", tensor.Dimensions.Reverse())}; expected {expected}.");
}
