using System.Globalization;
using VkInfer.Formats;
using VkInfer.Kernels;
using VkInfer.Recipes;

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
        var blocks = new ModelBlocks(_config);
        var linears = new Dictionary<LinearPart, LinearPlan>();
        var norms = new Dictionary<NormPart, NormPlan>();
        var vectors = new Dictionary<VectorPart, VectorPlan>();
        foreach (WeightPart part in blocks.Parts)
        {
            switch (part)
            {
                case LinearPart linear when LayoutOf(linear) is { } layout:
                    linears.Add(linear, Linear(linear, layout));
                    break;
                case NormPart norm:
                    norms.Add(norm, Norm(norm));
                    break;
                case VectorPart vector when !vector.IsOptional || vector.Tensors.All(IsLeft):
                    vectors.Add(vector, Vector(vector.Rows, [.. vector.Tensors]));
                    break;
            }
        }

        RejectUnknown();
        return new WeightPlan(blocks, linears, norms, vectors);
    }

    /// <summary>
    /// How the file has a layer's rows: the layout that fits, else the one whose tensors are there, for the message that says what is wrong
    /// with them; null: not at all, and it may.
    /// </summary>
    private TensorRows[]? LayoutOf(LinearPart part)
    {
        TensorRows[] usual = part.Layouts[^1];
        bool Fits(TensorRows rows) => _file.TryGetTensor(rows.Tensor + ".weight", out GgufTensor? tensor) && tensor.Rows == rows.Rows;
        bool IsMeant(TensorRows[] layout) => Has(layout[0].Tensor + ".weight")
            && (layout == usual || !usual.Any(rows => rows.Tensor == layout[0].Tensor));

        return part.Layouts.FirstOrDefault(layout => layout.All(Fits)) ?? part.Layouts.FirstOrDefault(IsMeant)
            ?? (part.IsOptional ? null : usual);
    }

    // Falcon-H1's files have one without a suffix.
    private NormPlan Norm(NormPart part) => new(
        Vector((Has(part.Name) ? part.Name : part.Gain, part.Width)) with { Factor = part.Factor },
        part.Kind == NormKind.LayerNorm ? Vector((part.Name + ".bias", part.Width)) with { Factor = part.Factor } : null);

    private LinearPlan Linear(LinearPart part, TensorRows[] layout)
    {
        bool isStack = part.Experts > 1;
        List<MatrixPlan> matrices = Join(
            part.Name, [.. layout.Select(tensor => Matrix(tensor.Tensor, tensor.Rows, part.Columns, isStack))]);
        if (isStack)
        {
            // Experts have no biases; one in the file is refused as unknown.
            return matrices.Count == 1 ? new LinearPlan(matrices, null) : throw new UnsupportedModelException(
                $"{_file.Path}: {part.Name} is of {string.Join(", ", matrices.Select(matrix => matrix.Type).Distinct())}; "
                + "experts of different types do not run.");
        }

        if (part.IsRarelyRead)
        {
            matrices = [.. matrices.Select(matrix => matrix with { IsRarelyRead = true })];
        }

        return new LinearPlan(
            part.IsAdded ? [Added(matrices[0])] : matrices,
            part.IsMultiplied && layout.Any(tensor => Has(tensor.Tensor + ".bias")) ? Bias(layout) : null);
    }

    // Of tensors whose rows are one matrix some may have a bias, and others none.
    private VectorPlan Bias(TensorRows[] layout) => new([.. layout.SelectMany(tensor => Has(tensor.Tensor + ".bias")
        ? Vector((tensor.Tensor + ".bias", tensor.Rows)).Pieces
        : [new VectorPiece(null, tensor.Rows)])]);

    private MatrixPlan Matrix(string name, int rows, int columns, bool isStack)
    {
        string tensor = name + ".weight";
        WeightType type = Quantization.TypeFor(tensor, CheckMatrix(tensor, rows, columns, isStack), columns, _quantize);
        return new MatrixPlan(name, type, rows, columns, [tensor]);
    }

    // Added to the residual stream, which is float32; small beside the token embedding.
    private MatrixPlan Added(MatrixPlan matrix) => !Has(matrix.Name + ".scale") ? matrix with { Type = WeightType.F32 }
        : throw new UnsupportedModelException(
            $"{_file.Path}: tensor {matrix.Name}.scale: what is added to the residual stream has no scale of its own here.");

    private VectorPlan Vector(params (string Tensor, int Length)[] tensors) => Vector(1, tensors);

    private VectorPlan Vector(int rows, (string Tensor, int Length)[] tensors)
    {
        foreach ((string name, int length) in tensors)
        {
            GgufTensor tensor = Take(name);
            if (tensor.ElementCount != length || (tensor.Rows != 1 && tensor.Rows != rows && !IsOfExperts(tensor)))
            {
                throw Shape(tensor, $"{length} elements");
            }

            ToWeightType(_file.Path, tensor);
        }

        return new VectorPlan([.. tensors.Select(tensor => new VectorPiece(tensor.Tensor, tensor.Length))]);
    }

    // A bias of each expert is a row of a matrix.
    private bool IsOfExperts(GgufTensor tensor) =>
        tensor.Name.EndsWith("_exps.bias", StringComparison.Ordinal) && tensor.Rows == _config.NumExperts;

    private WeightType CheckMatrix(string name, int rows, int columns, bool isStack)
    {
        GgufTensor tensor = Take(name);

        // A stack of one is a matrix.
        bool isDeep = tensor.Dimensions.Length > 3 || (!isStack && tensor.Dimensions.Skip(2).Any(size => size > 1));
        if (isDeep || tensor.Columns != columns || tensor.Rows != rows)
        {
            throw Shape(tensor, $"{rows} x {columns}");
        }

        CheckScales(tensor, name.EndsWith("_exps.weight", StringComparison.Ordinal) ? _config.NumExperts : 1);
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
            if (_config.IsEncoder && DenseReader.IsDense(tensor.Name))
            {
                continue; // Behind pooling, on the processor.
            }

            if (!_planned.Contains(tensor.Name) && !tensor.Name.EndsWith(".rot_embd", StringComparison.Ordinal) && !IsLeftOut(tensor.Name))
            {
                throw new UnsupportedModelException(
                    $"{_file.Path}: tensor {tensor.Name} is not part of a {_config.NumLayers}-layer {_config.Architecture} model and would be ignored.");
            }
        }
    }

    private bool IsLeftOut(string name) => IsOfUnusedKeys(name) || Enumerable.Range(_config.NumLayers, _config.NumLeftOut)
        .Any(layer => name.StartsWith($"blk.{layer}.", StringComparison.Ordinal)
            || name.StartsWith($"model.layers.{layer}.", StringComparison.Ordinal));

    // Some files have the projections of layers that read another's keys and values.
    private bool IsOfUnusedKeys(string name) => name.Split('.') is ["blk", var layer, "attn_k" or "attn_v" or "attn_k_norm", _]
        && int.TryParse(layer, NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index < _config.NumLayers
        && _config.Layers[index].Mixer is AttentionRecipe { KvLayer: not null };

    private bool Has(string name) => _file.TryGetTensor(name, out _);

    private bool IsLeft((string Tensor, int Length) vector) => Has(vector.Tensor) && !_planned.Contains(vector.Tensor);

    private GgufTensor Take(string name)
    {
        _planned.Add(name);
        return Find(_file, name);
    }

    private UnsupportedModelException Shape(GgufTensor tensor, string expected) =>
        new($"{_file.Path}: tensor {tensor.Name} is {string.Join(" x ", tensor.Dimensions.Reverse())}; expected {expected}.");
}
