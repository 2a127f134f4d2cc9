using System.Runtime.InteropServices;
using VkInfer.Formats;
using VkInfer.Kernels;
using VkInfer.Loading;
using VkInfer.Proof;
using VkInfer.Recipes;

namespace VkInfer.Tests.Families;

/// <summary>
/// A model with random weights of whatever a configuration asks for: experts stacked, other parts in the layout of more tensors, matrices
/// in a format where their rows are whole blocks, else in float32.
/// </summary>
internal sealed class RandomModel : MemoryModel
{
    private readonly int _seed;

    /// <param name="name">For messages.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="type">Format of matrices.</param>
    /// <param name="seed">Of the weights.</param>
    /// <param name="hasBias">Whether a linear layer has one, by its tensor's name without <c>blk.0.</c> and <c>.bias</c>.</param>
    /// <param name="isTied">Whether the output projection is the embedding.</param>
    public RandomModel(string name, ModelConfig config, WeightType type, int seed, Func<string, bool> hasBias, bool isTied)
        : base(name, config)
    {
        _seed = seed;
        foreach (WeightPart part in new ModelBlocks(config).Parts)
        {
            switch (part)
            {
                case LinearPart linear:
                    bool isLeftOut = linear.IsOptional && isTied;
                    GgufTensorType stored = Quantization.ToTensorType(linear.IsRouter || linear.IsAdded ? WeightType.F32 : type);
                    foreach (TensorRows tensor in linear.Experts > 1 ? linear.Layouts[0] : linear.Layouts[^1])
                    {
                        if (!isLeftOut)
                        {
                            AddMatrix(tensor.Tensor + ".weight", tensor.Rows, linear.Columns, stored);
                        }

                        if (linear.Experts == 1 && linear.IsMultiplied && hasBias(StemOf(tensor.Tensor)))
                        {
                            AddVector(tensor.Tensor + ".bias", tensor.Rows);
                        }
                    }

                    break;
                case NormPart norm:
                    AddVector(norm.Gain, norm.Width);
                    if (norm.Kind == NormKind.LayerNorm)
                    {
                        AddVector(norm.Name + ".bias", norm.Width);
                    }

                    break;
                case VectorPart { IsOptional: false } vector:
                    foreach ((string tensor, int length) in vector.Tensors)
                    {
                        AddVector(tensor, length);
                    }

                    break;
            }
        }
    }

    /// <summary>A tensor's name without the number of its layer.</summary>
    public static string StemOf(string name) => name.StartsWith("blk.", StringComparison.Ordinal) ? name.Split('.', 3)[2] : name;

    private void AddMatrix(string name, int rows, int columns, GgufTensorType type)
    {
        float deviation = name switch
        {
            "token_embd.weight" => 1 / MathF.Max(Config.EmbeddingScale / 4, 1),
            "per_layer_token_embd.weight" => 1 / MathF.Sqrt(Config.PerLayerSize),
            "position_embd.weight" => 1,
            _ => 1.3f / MathF.Sqrt(columns),
        };
        Add(name, rows, columns, type, Noise(rows * columns, 0, deviation));
    }

    // Gains and biases are far enough from 1 and 0 that leaving one out shows; states of recurrent layers remember some tokens.
    private void AddVector(string name, int length)
    {
        float root = MathF.Sqrt(Config.HiddenSize);
        float[] values = StemOf(name) switch
        {
            "ssm_a" => [.. Noise(length, -1, 0.7f).Select(value => -MathF.Exp(value))],
            "ssm_conv1d.weight" or "shortconv.conv.weight" => Noise(length, 0, 0.6f),
            "ffn_gate_inp.scale" => Noise(length, root, 0.2f * root),
            var stem when stem.EndsWith(".bias", StringComparison.Ordinal) => Noise(length, 0, 0.3f),
            _ => Noise(length, 1, 0.2f),
        };
        Add(name, 1, length, GgufTensorType.F32, values);
    }

    private float[] Noise(int count, float mean, float deviation) => Noise((_seed * 1000) + TensorCount, count, mean, deviation);

    private void Add(string name, int rows, int columns, GgufTensorType type, float[] values)
    {
        GgufTensorType stored = columns % GgufTensorTypes.BlockSize(type) == 0 ? type : GgufTensorType.F32;
        byte[] data = RowConverter.ConvertRows(GgufTensorType.F32, MemoryMarshal.AsBytes(values.AsSpan()), rows, columns, stored);
        Add(name, rows, columns, stored, data);
    }
}
