using VkInfer.Formats;
using VkInfer.Recipes;

namespace VkInfer.Proof.Reference;

/// <summary>
/// A decoder-only transformer in double precision on the CPU, as plain as it can be: one token after another, no kernels, no cache format.
/// It shares with the runtime the configuration and the divisors of scaled rotary frequencies, nothing else; a test compares it with the
/// logits of another implementation, for every family.
/// </summary>
internal sealed class ReferenceTransformer
{
    private readonly ModelConfig _config;
    private readonly ReferenceWeights _weights;
    private readonly double[] _frequencies;
    private readonly double[] _windowedFrequencies;

    /// <param name="config">The model's shape.</param>
    /// <param name="weights">Its tensors under GGUF's names; those of experts one by one.</param>
    /// <param name="contextLength">Positions that the compared session can hold, on which some rotary scalings depend.</param>
    public ReferenceTransformer(ModelConfig config, IWeightSource weights, int contextLength)
    {
        _config = config;
        _weights = new ReferenceWeights(weights);
        _frequencies = Frequencies(config.RopeTheta, config.RopeScaling, contextLength);
        _windowedFrequencies = config.WindowedRopeTheta is { } theta ? Frequencies(theta, null, contextLength) : _frequencies;
    }

    /// <summary>
    /// The smallest distance so far between the router's logit of the last expert that a token went to and the next one's: where it is near
    /// 0, rounding decides. Infinite without experts.
    /// </summary>
    public double RouterMargin { get; private set; } = double.PositiveInfinity;

    /// <summary>The logits after each token, [tokens][VocabSize].</summary>
    public double[][] Logits(ReadOnlySpan<int> tokens)
    {
        double[][] hidden = [.. tokens.ToArray().Select(Embed)];
        for (int layer = 0; layer < _config.NumLayers; layer++)
        {
            string block = $"blk.{layer}.";
            LayerRecipe recipe = _config.Layers[layer];
            double[] Before(double[] x, string norm) => recipe.HasNormsBefore ? Norm(x, block + norm) : x;
            double[] Behind(double[] x, string norm) => recipe.HasNormsBehind ? Norm(x, block + norm) : x;
            double[][] inputs = [.. hidden.Select(x => Before(x, "attn_norm"))];
            double[][] attention = Attention(block, layer, (AttentionRecipe)recipe.Mixer, inputs);
            Parallel.For(0, hidden.Length, i =>
            {
                double[] mixed = Behind(_weights.Linear(block + "attn_output", attention[i]), "post_attention_norm");
                if (!recipe.IsParallel)
                {
                    ReferenceMath.Add(hidden[i], mixed);
                    inputs[i] = Before(hidden[i], "ffn_norm");
                }

                ReferenceMath.Add(hidden[i], Behind(FeedForward(block, recipe.FeedForward, inputs[i]), "post_ffw_norm"));
                if (recipe.IsParallel)
                {
                    ReferenceMath.Add(hidden[i], mixed);
                }
            });
        }

        double[][] logits = new double[hidden.Length][];
        string output = _weights.Has("output.weight") ? "output" : "token_embd";
        Parallel.For(0, hidden.Length, i => logits[i] =
            [.. _weights.Linear(output, Norm(hidden[i], "output_norm")).Select(
                logit => ReferenceMath.SoftCap(logit, _config.LogitSoftCap))]);
        return logits;
    }

    private double[] Embed(int token, int position)
    {
        double[] hidden = _weights.Row("token_embd.weight", token, _config.HiddenSize, _config.EmbeddingScale);
        if (_config.FirstPositionRow is { } first)
        {
            ReferenceMath.Add(hidden, _weights.Row("position_embd.weight", first + position, _config.HiddenSize));
        }

        return hidden;
    }

    private double[][] Attention(string block, int layer, AttentionRecipe recipe, double[][] inputs)
    {
        double[][] queries = new double[inputs.Length][];
        double[][] keys = new double[inputs.Length][];
        double[][] values = new double[inputs.Length][];
        Parallel.For(0, inputs.Length, i =>
        {
            (queries[i], keys[i], values[i]) = Project(block, inputs[i]);
            PrepareHeads(queries[i], block + "attn_q_norm.weight", layer, recipe, i);
            PrepareHeads(keys[i], block + "attn_k_norm.weight", layer, recipe, i);
        });

        double[][] attention = new double[inputs.Length][];
        Parallel.For(0, inputs.Length, i => attention[i] =
            [.. Enumerable.Range(0, _config.NumHeads).SelectMany(
                head => AttendHead(queries[i], keys, values, head, i, _config.Window(layer)))]);
        return attention;
    }

    private (double[] Query, double[] Key, double[] Value) Project(string block, double[] x)
    {
        if (!_weights.Has(block + "attn_qkv.weight"))
        {
            return (_weights.Linear(block + "attn_q", x), _weights.Linear(block + "attn_k", x), _weights.Linear(block + "attn_v", x));
        }

        double[] all = _weights.Linear(block + "attn_qkv", x);
        (int query, int kv) = (_config.QuerySize, _config.KvSize);
        return (all[..query], all[query..(query + kv)], all[(query + kv)..]);
    }

    /// <summary>Normalises and rotates each head.</summary>
    private void PrepareHeads(double[] heads, string norm, int layer, AttentionRecipe recipe, int position)
    {
        double[] frequencies = _config.Window(layer) > 0 ? _windowedFrequencies : _frequencies;
        double magnitude = ReferenceEquals(frequencies, _frequencies) ? _config.RopeScaling?.Magnitude ?? 1 : 1;
        for (int start = 0; start < heads.Length; start += _config.HeadDim)
        {
            Span<double> head = heads.AsSpan(start, _config.HeadDim);
            if (recipe.HeadNorm == HeadNormKind.EachHead)
            {
                ReferenceMath.RmsNorm(head, _weights.Values(norm), _config.NormEps).CopyTo(head);
            }

            ReferenceMath.Rotate(head, frequencies, position, magnitude, _config.RopePairing);
        }
    }

    private double[] AttendHead(double[] query, double[][] keys, double[][] values, int head, int position, int window)
    {
        int size = _config.HeadDim;
        int from = head / (_config.NumHeads / _config.NumKvHeads) * size;
        int first = window > 0 ? Math.Max(0, position - window + 1) : 0;
        double scale = _config.AttentionScale ?? 1 / Math.Sqrt(size);
        double[] scores = new double[position - first + 1];
        for (int i = 0; i < scores.Length; i++)
        {
            double dot = 0;
            for (int d = 0; d < size; d++)
            {
                dot += query[(head * size) + d] * keys[first + i][from + d];
            }

            scores[i] = ReferenceMath.SoftCap(scale * dot, _config.AttentionSoftCap);
        }

        double[] weights = ReferenceMath.Softmax(scores);
        double[] result = new double[size];
        for (int d = 0; d < size; d++)
        {
            for (int i = 0; i < weights.Length; i++)
            {
                result[d] += weights[i] * values[first + i][from + d];
            }
        }

        return result;
    }

    private double[] FeedForward(string block, FeedForwardRecipe recipe, double[] x) => recipe switch
    {
        DenseRecipe dense => _weights.Linear(block + "ffn_down", Up(x, block + "ffn_gate", block + "ffn_up", dense.IsGated)),
        _ => Experts(block, x),
    };

    private double[] Experts(string block, double[] x)
    {
        double[] logits = _weights.Linear(block + "ffn_gate_inp", x);
        int[] order = [.. Enumerable.Range(0, logits.Length).OrderByDescending(expert => logits[expert])];
        int[] chosen = order[.._config.NumExpertsPerToken];
        NoteMargin(logits[chosen[^1]] - logits[order[chosen.Length]]);

        // The softmax of all, then divided by the sum of the chosen ones: the softmax of the chosen ones.
        double[] weights = ReferenceMath.Softmax([.. chosen.Select(expert => logits[expert])]);
        double[] sum = new double[x.Length];
        for (int i = 0; i < chosen.Length; i++)
        {
            double[] up = Up(x, $"{block}ffn_gate.{chosen[i]}", $"{block}ffn_up.{chosen[i]}", isGated: true);
            double weight = weights[i];
            ReferenceMath.Add(sum, [.. _weights.Linear($"{block}ffn_down.{chosen[i]}", up).Select(value => weight * value)]);
        }

        return sum;
    }

    /// <summary>f(gate(x)) · up(x), or f(up(x)) where there is no gate; one matrix may hold both.</summary>
    private double[] Up(double[] x, string gate, string up, bool isGated)
    {
        double[] y = _weights.Linear(up, x);
        if (!isGated)
        {
            return [.. y.Select(value => ReferenceMath.Activate(_config.Activation, value))];
        }

        int width = y.Length / 2;
        (double[] gates, double[] ups) = _weights.Has(gate + ".weight") ? (_weights.Linear(gate, x), y) : (y[..width], y[width..]);
        return [.. gates.Zip(ups, (g, u) => ReferenceMath.Activate(_config.Activation, g) * u)];
    }

    private double[] Norm(double[] x, string name) => _config.Norm == NormKind.LayerNorm
        ? ReferenceMath.LayerNorm(x, _weights.Values(name + ".weight"), _weights.Values(name + ".bias"), _config.NormEps)
        : ReferenceMath.RmsNorm(x, _weights.Values(name + ".weight"), _config.NormEps);

    private void NoteMargin(double margin)
    {
        lock (_weights)
        {
            RouterMargin = Math.Min(RouterMargin, margin);
        }
    }

    private double[] Frequencies(double theta, RopeScaling? scaling, int contextLength)
    {
        double[] frequencies = [
            .. Enumerable.Range(0, _config.RotaryDim / 2).Select(pair => Math.Pow(theta, -2.0 * pair / _config.RotaryDim))];
        scaling?.Apply(frequencies, theta, contextLength);
        return frequencies;
    }
}
