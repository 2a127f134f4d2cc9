using VkInfer.Recipes;

namespace VkInfer.Proof;

/// <summary>The shapes of a model's tensors as its recipe has them, in whichever of its layouts.</summary>
internal sealed class WideShape
{
    private readonly Dictionary<string, (int Rows, int Columns)> _shapes = new(StringComparer.Ordinal);

    /// <param name="config">The model's shape.</param>
    /// <param name="has">Whether the model has a tensor of a name, without <c>.weight</c>.</param>
    public WideShape(ModelConfig config, Func<string, bool> has)
    {
        foreach (WeightPart part in new ModelBlocks(config).Parts)
        {
            switch (part)
            {
                case LinearPart linear:
                    foreach (TensorRows tensor in linear.Layouts.LastOrDefault(layout => layout.All(rows => has(rows.Tensor))) ?? [])
                    {
                        _shapes[tensor.Tensor + ".weight"] = (tensor.Rows, linear.Columns);
                        _shapes[tensor.Tensor + ".bias"] = (1, tensor.Rows);
                    }

                    break;
                case NormPart norm:
                    _shapes[norm.Gain] = _shapes[norm.Name + ".bias"] = (1, norm.Width);
                    break;
                case VectorPart vector:
                    foreach ((string tensor, int length) in vector.Tensors)
                    {
                        _shapes[tensor] = (1, length);
                    }

                    break;
            }
        }
    }

    /// <summary>Rows and columns; a vector has one row.</summary>
    /// <param name="name">GGUF's name of the tensor, <c>blk.0.attn_q.weight</c>.</param>
    public (int Rows, int Columns) Of(string name) => _shapes.TryGetValue(name, out (int, int) shape) ? shape
        : throw new ArgumentException($"{name}: no shape is known for it.", nameof(name));
}
