using VkInfer.Recipes;

namespace VkInfer.Proof.Reference;

/// <summary>Latent attention of a layer in double precision, with keys and values of all heads as the latent gives them.</summary>
/// <param name="config">The model's shape.</param>
/// <param name="weights">Its tensors under GGUF's names.</param>
internal sealed class ReferenceLatent(ModelConfig config, ReferenceWeights weights)
{
    /// <summary>The mixer of one layer.</summary>
    /// <param name="block">Of the layer's tensors: <c>blk.0.</c></param>
    /// <param name="recipe">The layer's attention.</param>
    /// <param name="inputs">Normalised inputs, one for each token.</param>
    /// <param name="frequencies">Of the rotated pairs.</param>
    public double[][] Mix(string block, LatentRecipe recipe, double[][] inputs, double[] frequencies)
    {
        (double[][] Queries, double[][] Keys, double[][] Values)[] rows = new (double[][], double[][], double[][])[inputs.Length];
        Parallel.For(0, inputs.Length, i => rows[i] = Project(block, recipe, inputs[i], i, frequencies));
        return [.. rows.Select((row, i) => Enumerable.Range(0, recipe.Shape.NumHeads).SelectMany(head => Attend(
            row.Queries[head], [.. rows.Take(i + 1).Select(seen => seen.Keys[head])],
            [.. rows.Take(i + 1).Select(seen => seen.Values[head])])).ToArray())];
    }

    private (double[][] Queries, double[][] Keys, double[][] Values) Project(
        string block, LatentRecipe recipe, double[] x, int position, double[] frequencies)
    {
        (int heads, int rank, int nope) = (recipe.Shape.NumHeads, recipe.Shape.Rank, recipe.Shape.NopeDim);
        double[] Rotated(double[] part)
        {
            ReferenceMath.Rotate(part, frequencies, position, config.RopeScaling?.Magnitude ?? 1, recipe.Shape.Pairing);
            return part;
        }

        double[] queries = recipe.QueryRank is null ? weights.Linear(block + "attn_q", x)
            : weights.Linear(block + "attn_q_b", ReferenceMath.RmsNorm(
                weights.Linear(block + "attn_q_a", x), weights.Values(block + "attn_q_a_norm.weight"), recipe.NormEps));
        double[] all = weights.Linear(block + "attn_kv_a_mqa", x);
        double[] latent = ReferenceMath.RmsNorm(all.AsSpan(0, rank), weights.Values(block + "attn_kv_a_norm.weight"), recipe.NormEps);
        double[] shared = Rotated(all[rank..]);
        float[] keys = weights.Values(block + "attn_k_b.weight");
        return (
            [.. queries.Chunk(recipe.Shape.HeadDim).Select(head => head[..nope].Concat(Rotated(head[nope..])).ToArray())],
            [.. Enumerable.Range(0, heads).Select(head => Enumerable.Range(0, nope).Select(i => Enumerable.Range(0, rank).Sum(
                r => keys[(((head * rank) + r) * nope) + i] * latent[r])).Concat(shared).ToArray())],
            [.. weights.Linear(block + "attn_v_b", latent).Chunk(recipe.ValueDim)]);
    }

    private double[] Attend(double[] query, double[][] keys, double[][] values)
    {
        double[] shares = ReferenceMath.Softmax([.. keys.Select(
            key => config.AttentionScale!.Value * query.Zip(key, (a, b) => a * b).Sum())]);
        return [.. Enumerable.Range(0, values[0].Length).Select(d => shares.Select((share, i) => share * values[i][d]).Sum())];
    }
}
