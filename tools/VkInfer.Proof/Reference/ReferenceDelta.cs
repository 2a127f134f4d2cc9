using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Proof.Reference;

/// <summary>
/// The gated delta rule of a layer in double precision, token by token, from normalised inputs to what the last product takes.
/// </summary>
/// <param name="config">The model's shape.</param>
/// <param name="weights">Its tensors under GGUF's names.</param>
internal sealed class ReferenceDelta(ModelConfig config, ReferenceWeights weights)
{
    private const double LeastSquares = 1e-6;

    /// <summary>The mixer of one layer.</summary>
    /// <param name="block">Of the layer's tensors: <c>blk.0.</c></param>
    /// <param name="recipe">The layer's rule.</param>
    /// <param name="inputs">Normalised inputs, one for each token.</param>
    public double[][] Mix(string block, GatedDeltaRecipe recipe, double[][] inputs)
    {
        GatedDeltaShape shape = recipe.Shape;
        double[][] qkv = Convolve(block, recipe, [.. inputs.Select(x => weights.Linear(block + "attn_qkv", x))]);
        double[] state = new double[shape.StateFloats];
        return [.. inputs.Select((x, t) => Gate(block, shape, Step(shape, qkv[t], Rates(block, shape, x), state), x))];
    }

    private double[][] Convolve(string block, GatedDeltaRecipe recipe, double[][] rows)
    {
        float[] taps = weights.Values(block + "ssm_conv1d.weight");
        double At(int t, int channel) => t < 0 ? 0 : rows[t][channel];
        return [.. rows.Select((row, t) => row.Select((_, channel) => ReferenceMath.Activate(
            ActivationFunction.Silu, Enumerable.Range(0, recipe.Taps).Sum(
                tap => taps[(channel * recipe.Taps) + tap] * At(t - recipe.Taps + 1 + tap, channel)))).ToArray())];
    }

    /// <summary>For each value head how much is written, and how much is kept.</summary>
    private (double Write, double Keep)[] Rates(string block, GatedDeltaShape shape, double[] x)
    {
        float[] decay = weights.Values(block + "ssm_a");
        float[] shift = weights.Values(block + "ssm_dt.bias");
        int perKey = shape.ValueHeads / shape.KeyHeads;
        double[] all = shape.InterleavesRates ? weights.Linear(block + "ssm_ba", x)
            : [.. weights.Linear(block + "ssm_beta", x), .. weights.Linear(block + "ssm_alpha", x)];
        return [.. Enumerable.Range(0, shape.ValueHeads).Select(head =>
        {
            int write = shape.InterleavesRates ? (head / perKey * 2 * perKey) + (head % perKey) : head;
            double rate = all[write + (shape.InterleavesRates ? perKey : shape.ValueHeads)] + shift[head];
            return (1 / (1 + Math.Exp(-all[write])), Math.Exp(decay[head] * Math.Log(1 + Math.Exp(rate))));
        })];
    }

    private static double[] Step(GatedDeltaShape shape, double[] qkv, (double Write, double Keep)[] rates, double[] state)
    {
        (int keyDim, int valueDim) = (shape.KeyDim, shape.ValueDim);
        double[] outputs = new double[shape.ValueWidth];
        for (int head = 0; head < shape.ValueHeads; head++)
        {
            int keyHead = shape.IsTiled ? head % shape.KeyHeads : head / (shape.ValueHeads / shape.KeyHeads);
            double[] query = Unit(qkv.AsSpan(keyHead * keyDim, keyDim));
            double[] key = Unit(qkv.AsSpan((shape.KeyHeads + keyHead) * keyDim, keyDim));
            for (int column = 0; column < valueDim; column++)
            {
                int index = (head * valueDim) + column;
                Span<double> memory = state.AsSpan(index * keyDim, keyDim);
                double known = 0;
                for (int i = 0; i < keyDim; i++)
                {
                    memory[i] *= rates[head].Keep;
                    known += memory[i] * key[i];
                }

                double change = rates[head].Write * (qkv[(2 * shape.KeyHeads * keyDim) + index] - known);
                for (int i = 0; i < keyDim; i++)
                {
                    memory[i] += key[i] * change;
                    outputs[index] += memory[i] * query[i] / Math.Sqrt(keyDim);
                }
            }
        }

        return outputs;
    }

    private double[] Gate(string block, GatedDeltaShape shape, double[] outputs, double[] x)
    {
        double[] gates = weights.Linear(block + "attn_gate", x);
        float[] gain = weights.Values(block + "ssm_norm.weight");
        return [.. Enumerable.Range(0, shape.ValueHeads).SelectMany(head => ReferenceMath.RmsNorm(
            outputs.AsSpan(head * shape.ValueDim, shape.ValueDim), gain, config.NormEps))
            .Select((value, i) => value * ReferenceMath.Activate(ActivationFunction.Silu, gates[i]))];
    }

    private static double[] Unit(ReadOnlySpan<double> x)
    {
        double squares = LeastSquares;
        foreach (double value in x)
        {
            squares += value * value;
        }

        return [.. x.ToArray().Select(value => value / Math.Sqrt(squares))];
    }
}
