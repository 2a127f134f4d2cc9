using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Proof.Reference;

/// <summary>
/// Mamba-2 of a layer in double precision, token by token, from normalised inputs to what the last product takes.
/// </summary>
/// <param name="config">The model's shape.</param>
/// <param name="weights">Its tensors under GGUF's names.</param>
internal sealed class ReferenceMamba2(ModelConfig config, ReferenceWeights weights)
{
    /// <summary>The mixer of one layer.</summary>
    /// <param name="block">Of the layer's tensors: <c>blk.0.</c></param>
    /// <param name="recipe">The layer's mixer.</param>
    /// <param name="inputs">Normalised inputs, one for each token.</param>
    public double[][] Mix(string block, Mamba2Recipe recipe, double[][] inputs)
    {
        Mamba2Shape shape = recipe.Shape;
        double[][] rows = [.. inputs.Select(x => weights.Linear(block + "ssm_in", x))];
        double[][] convolved = Convolve(block, recipe, rows);
        double[] state = new double[shape.StateFloats];
        return [.. rows.Select((row, t) => Gate(block, recipe, Step(block, shape, convolved[t], row[recipe.RatesAt..], state), row))];
    }

    private double[][] Convolve(string block, Mamba2Recipe recipe, double[][] rows)
    {
        float[] taps = weights.Values(block + "ssm_conv1d.weight");
        float[]? bias = recipe.HasConvolutionBias ? weights.Values(block + "ssm_conv1d.bias") : null;
        double At(int t, int channel) => t < 0 ? 0 : rows[t][recipe.ConvolvedAt + channel];
        return [.. rows.Select((_, t) => Enumerable.Range(0, recipe.Shape.InputWidth).Select(channel => ReferenceMath.Activate(
            ActivationFunction.Silu, (bias?[channel] ?? 0) + Enumerable.Range(0, recipe.Taps).Sum(
                tap => taps[(channel * recipe.Taps) + tap] * At(t - recipe.Taps + 1 + tap, channel)))).ToArray())];
    }

    private double[] Step(string block, Mamba2Shape shape, double[] row, double[] rates, double[] state)
    {
        float[] decay = weights.Values(block + "ssm_a");
        float[] shift = weights.Values(block + "ssm_dt.bias");
        float[] skip = weights.Values(block + "ssm_d");
        double[] outputs = new double[shape.InnerWidth];
        for (int index = 0; index < outputs.Length; index++)
        {
            int head = index / shape.HeadDim;
            int group = head / (shape.Heads / shape.Groups);
            double time = Math.Clamp(Math.Log(1 + Math.Exp(rates[head] + shift[head])), shape.LeastStep, shape.MostStep);
            Span<double> memory = state.AsSpan(index * shape.StateDim, shape.StateDim);
            outputs[index] = skip[head] * row[index];
            for (int i = 0; i < shape.StateDim; i++)
            {
                double b = row[shape.InnerWidth + (group * shape.StateDim) + i];
                double c = row[shape.InnerWidth + ((shape.Groups + group) * shape.StateDim) + i];
                memory[i] = (Math.Exp(decay[head] * time) * memory[i]) + (time * row[index] * b);
                outputs[index] += memory[i] * c;
            }
        }

        return outputs;
    }

    private double[] Gate(string block, Mamba2Recipe recipe, double[] outputs, double[] row)
    {
        double[] gates = [.. row.Take(outputs.Length).Select(value => ReferenceMath.Activate(ActivationFunction.Silu, value))];
        double[] Gated(double[] values) => [.. values.Zip(gates, (value, gate) => value * gate)];
        if (recipe.Gates == Mamba2Gates.WithoutNorm)
        {
            return Gated(outputs);
        }

        float[] gain = weights.Values(block + "ssm_norm.weight");
        int size = outputs.Length / recipe.OutputGroups;
        double[] Normed(double[] values) => [.. values.Chunk(size).Zip(gain.Chunk(size)).SelectMany(
            group => ReferenceMath.RmsNorm(group.First, group.Second, config.NormEps))];
        return recipe.Gates == Mamba2Gates.BeforeNorm ? Normed(Gated(outputs)) : Gated(Normed(outputs));
    }
}
