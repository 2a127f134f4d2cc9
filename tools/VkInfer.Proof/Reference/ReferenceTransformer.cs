using VkInfer.Formats;
using VkInfer.Kernels;
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
    private readonly int _contextLength;

    /// <param name="config">The model's shape.</param>
    /// <param name="weights">Its tensors under GGUF's names; those of experts one by one.</param>
    /// <param name="contextLength">Positions that the compared session can hold, on which some rotary scalings depend.</param>
    public ReferenceTransformer(ModelConfig config, IWeightSource weights, int contextLength)
    {
        _config = config;
        _weights = new ReferenceWeights(weights);
        _contextLength = contextLength;
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
        var perLayer = new ReferencePerLayer(_config, _weights, tokens, hidden);
        var kept = new Dictionary<int, (double[][] Keys, double[][] Values)>();
        for (int layer = 0; layer < _config.NumLayers; layer++)
        {
            string block = $"blk.{layer}.";
            LayerRecipe recipe = _config.Layers[layer];
            double[] Before(double[] x, string norm) => recipe.HasNormsBefore ? Norm(x, block + norm) : x;
            double[] Behind(double[] x, string norm) => recipe.HasNormsBehind ? Norm(x, block + norm) : x;
            double[][] inputs = [.. hidden.Select(x => recipe.Mixer is null ? x : Before(x, "attn_norm"))];
            (double[][] Rows, string Output)[] mixed = [.. recipe.Mixers.Select(mixer => Mix(block, layer, mixer, inputs, kept))];
            Parallel.For(0, hidden.Length, i =>
            {
                double[] added = new double[hidden[i].Length];
                foreach ((double[][] rows, string output) in mixed)
                {
                    ReferenceMath.Add(added, Scaled(Behind(_weights.Linear(output, rows[i]), "post_attention_norm")));
                }

                if (!recipe.IsParallel)
                {
                    ReferenceMath.Add(hidden[i], added);
                    inputs[i] = recipe.FeedForward is null ? hidden[i] : Before(hidden[i], recipe.FeedForwardNorm);
                }

                if (recipe.FeedForward is { } feedForward)
                {
                    ReferenceMath.Add(hidden[i], Scaled(Behind(FeedForward(block, feedForward, inputs[i], hidden[i]), "post_ffw_norm")));
                }

                if (recipe.IsParallel)
                {
                    ReferenceMath.Add(hidden[i], added);
                }

                perLayer.Apply(block, layer, i, hidden[i]);
                if (recipe.HasOutputScale)
                {
                    hidden[i] = [.. hidden[i].Select(value => _weights.Values(block + "layer_output_scale.weight")[0] * value)];
                }
            });
        }

        double[][] logits = new double[hidden.Length][];
        string head = _weights.Has("output.weight") ? "output" : "token_embd";
        bool hasTiedBias = head != "output" && _weights.Has("output.bias");
        Parallel.For(0, hidden.Length, i =>
        {
            double[] row = _weights.Linear(head, Norm(hidden[i], _config.OutputNorm!));
            if (hasTiedBias)
            {
                ReferenceMath.Add(row, _weights.Values("output.bias"));
            }

            logits[i] = [.. row.Select(logit => ReferenceMath.SoftCap(_config.LogitScale * logit, _config.LogitSoftCap))];
        });
        return logits;
    }

    /// <summary>What a mixer leaves, and the name of the product that takes it.</summary>
    private (double[][] Rows, string Output) Mix(
        string block, int layer, MixerRecipe recipe, double[][] inputs, Dictionary<int, (double[][] Keys, double[][] Values)> kept) =>
        recipe switch
        {
            GatedDeltaRecipe rule => (new ReferenceDelta(_config, _weights).Mix(block, rule, inputs), block + "ssm_out"),
            Mamba2Recipe mamba => (new ReferenceMamba2(_config, _weights).Mix(block, mamba, inputs), block + "ssm_out"),
            LatentRecipe latent => (
                new ReferenceLatent(_config, _weights).Mix(block, latent, inputs, Frequencies(latent.Shape.RopeDim, hasOwn: false)),
                block + "attn_output"),
            ShortConvRecipe convolution => (Convolve(block, convolution, inputs), block + "shortconv.out_proj"),
            AttentionRecipe attention => (Attention(block, layer, attention, inputs, kept), block + "attn_output"),
            _ => throw new NotSupportedException($"{block}: {recipe}"),
        };

    private double[] Scaled(double[] output) => [.. output.Select(value => _config.ResidualScale * value)];

    private double[] Embed(int token, int position)
    {
        double[] hidden = _weights.Row("token_embd.weight", token, _config.HiddenSize, _config.EmbeddingScale);
        if (_config.FirstPositionRow is { } first)
        {
            ReferenceMath.Add(hidden, _weights.Row("position_embd.weight", first + position, _config.HiddenSize));
        }

        return hidden;
    }

    private double[][] Attention(
        string block, int layer, AttentionRecipe recipe, double[][] inputs, Dictionary<int, (double[][] Keys, double[][] Values)> kept)
    {
        double[][] queries = new double[inputs.Length][];
        double[][] keys = new double[inputs.Length][];
        double[][] values = new double[inputs.Length][];
        double[][] gates = new double[inputs.Length][];
        Parallel.For(0, inputs.Length, i =>
        {
            (queries[i], keys[i], values[i]) = Project(block, recipe, inputs[i]);
            (queries[i], gates[i]) = SplitGates(recipe, queries[i]);
            PrepareHeads(queries[i], block + "attn_q_norm.weight", layer, recipe, i);
            PrepareHeads(keys[i], block + "attn_k_norm.weight", layer, recipe, i);
            double temperature = 1 + (recipe.Temperature.Beta * Math.Log(1 + (i / recipe.Temperature.Length)));
            queries[i] = [.. queries[i].Select(value => temperature * value)];
        });

        kept[layer] = (keys, values);
        (keys, values) = kept[recipe.KvLayer ?? layer];
        double[][] attention = new double[inputs.Length][];
        HeadShape heads = recipe.HeadsIn(_config);
        Parallel.For(0, inputs.Length, i => attention[i] =
            [.. Enumerable.Range(0, heads.Count).SelectMany(
                head => AttendHead(heads, queries[i], keys, values, head, i, _config.Window(layer), Sink(block, recipe, head)))]);
        return !recipe.HasGates ? attention
            : [.. attention.Select((row, i) => row.Select((value, j) => value / (1 + Math.Exp(-gates[i][j]))).ToArray())];
    }

    private double[][] Convolve(string block, ShortConvRecipe recipe, double[][] inputs)
    {
        (int channels, int taps) = (recipe.Channels, recipe.Taps);
        double[][] rows = [.. inputs.Select(x => _weights.Linear(block + "shortconv.in_proj", x))];
        float[] weights = _weights.Values(block + "shortconv.conv.weight");
        double At(int t, int channel) => t < 0 ? 0 : rows[t][channel] * rows[t][(2 * channels) + channel];
        return [.. rows.Select((row, t) => Enumerable.Range(0, channels).Select(channel => row[channels + channel]
            * Enumerable.Range(0, taps).Sum(tap => weights[(channel * taps) + tap] * At(t - taps + 1 + tap, channel))).ToArray())];
    }

    /// <summary>Behind each head's query stand its gates.</summary>
    private (double[] Queries, double[] Gates) SplitGates(AttentionRecipe recipe, double[] queries)
    {
        if (!recipe.HasGates)
        {
            return (queries, []);
        }

        double[][] parts = [.. queries.Chunk(recipe.HeadsIn(_config).Dim)];
        double[] Every(int second) => [.. parts.Where((_, i) => i % 2 == second).SelectMany(part => part)];
        return (Every(0), Every(1));
    }

    private (double[] Query, double[] Key, double[] Value) Project(string block, AttentionRecipe recipe, double[] x)
    {
        if (recipe.KvLayer is not null)
        {
            return (_weights.Linear(block + "attn_q", x), [], []);
        }

        if (!_weights.Has(block + "attn_qkv.weight"))
        {
            double[] values = _weights.Linear(block + (recipe.HasKeysAsValues ? "attn_k" : "attn_v"), x);
            if (recipe.HeadNorm == HeadNormKind.EachHeadAndValue)
            {
                float[] ones = [.. Enumerable.Repeat(1f, recipe.HeadsIn(_config).Dim)];
                values = [.. values.Chunk(ones.Length).SelectMany(head => ReferenceMath.RmsNorm(head, ones, _config.NormEps))];
            }

            return (_weights.Linear(block + "attn_q", x), _weights.Linear(block + "attn_k", x), values);
        }

        double[] all = _weights.Linear(block + "attn_qkv", x);
        int kv = recipe.HeadsIn(_config).KvSize;
        int query = recipe.InputSize(_config) - (2 * kv);
        return (all[..query], all[query..(query + kv)], all[(query + kv)..]);
    }

    /// <summary>Normalises and rotates each head.</summary>
    private void PrepareHeads(double[] heads, string norm, int layer, AttentionRecipe recipe, int position)
    {
        bool hasOwn = _config.Window(layer) > 0 && _config.WindowedRopeTheta is not null;
        double[] frequencies = Frequencies(recipe.HeadsIn(_config).RotaryDim, hasOwn);
        double magnitude = hasOwn ? 1 : _config.RopeScaling?.Magnitude ?? 1;
        int size = recipe.HeadsIn(_config).Dim;
        if (recipe.HeadNorm == HeadNormKind.Projection)
        {
            ReferenceMath.RmsNorm(heads, _weights.Values(norm), _config.NormEps).CopyTo(heads, 0);
        }

        for (int start = 0; start < heads.Length; start += size)
        {
            Span<double> head = heads.AsSpan(start, size);
            if (recipe.HeadNorm is HeadNormKind.EachHead or HeadNormKind.EachHeadAndValue)
            {
                ReferenceMath.RmsNorm(head, _weights.Values(norm), _config.NormEps).CopyTo(head);
            }

            if (recipe.IsRotated)
            {
                ReferenceMath.Rotate(head, frequencies, position, magnitude, _config.RopePairing);
            }

            if (recipe.HeadNorm == HeadNormKind.EachHeadRotated)
            {
                ReferenceMath.RmsNorm(head, _weights.Values(norm), _config.NormEps).CopyTo(head);
            }
        }
    }

    private double? Sink(string block, AttentionRecipe recipe, int head) =>
        recipe.HasSinks ? _weights.Values(block + "attn_sinks.weight")[head] : null;

    private double[] AttendHead(
        HeadShape heads, double[] query, double[][] keys, double[][] values, int head, int position, int window, double? sink)
    {
        int size = heads.Dim;
        int from = head / (heads.Count / heads.KvCount) * size;
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

        double[] weights = ReferenceMath.Softmax(sink is { } more ? [.. scores, more] : scores)[..scores.Length];
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

    private double[] FeedForward(string block, FeedForwardRecipe recipe, double[] x, double[] hidden)
    {
        if (recipe is DenseRecipe dense)
        {
            string end = dense.Suffix;
            return _weights.Linear($"{block}ffn_down{end}", Up(x, $"{block}ffn_gate{end}", $"{block}ffn_up{end}", dense.IsGated));
        }

        var mixture = (MixtureRecipe)recipe;
        if (mixture.HasOwnNorms)
        {
            return FeedForwardOfOwnNorms(block, mixture, x, hidden);
        }

        double[] sum = Experts(block, mixture, x, x);
        if (mixture.Shared is { } shared)
        {
            double gate = mixture.HasSharedGate ? 1 / (1 + Math.Exp(-_weights.Linear(block + "ffn_gate_inp_shexp", x)[0])) : 1;
            ReferenceMath.Add(sum, [.. FeedForward(block, shared, x, hidden).Select(value => gate * value)]);
        }

        return sum;
    }

    /// <summary>Router, experts and the one for all tokens each with norms of its own.</summary>
    private double[] FeedForwardOfOwnNorms(string block, MixtureRecipe recipe, double[] x, double[] hidden)
    {
        double root = Math.Sqrt(hidden.Length);
        double[] routed = [.. ReferenceMath.RmsNorm(hidden, _weights.Values(block + "ffn_gate_inp.scale"), _config.NormEps)
            .Select(value => value / root)];
        double[] sum = Norm(Experts(block, recipe, Norm(hidden, block + "pre_ffw_norm_2"), routed), block + "post_ffw_norm_2");
        ReferenceMath.Add(sum, Norm(FeedForward(block, recipe.Shared!, x, hidden), block + "post_ffw_norm_1"));
        return sum;
    }

    private double[] Experts(string block, MixtureRecipe recipe, double[] x, double[] routed)
    {
        RouterRule rule = recipe.Router;
        double[] logits = _weights.Linear(block + "ffn_gate_inp", routed);
        double[] scores = rule.Score switch
        {
            RouterScore.Softmax => ReferenceMath.Softmax(logits),
            RouterScore.Sigmoid => [.. logits.Select(logit => 1 / (1 + Math.Exp(-logit)))],
            _ => logits,
        };
        double[] choices = [.. scores];
        if (recipe.HasChoiceBias)
        {
            ReferenceMath.Add(choices, _weights.Values(block + "exp_probs_b.bias"));
        }

        int[] order = [.. Allowed(choices, rule).OrderByDescending(expert => choices[expert])];
        int[] chosen = order[.._config.NumExpertsPerToken];
        double[] compared = rule.Score == RouterScore.Softmax && !recipe.HasChoiceBias ? logits : choices;
        NoteMargin(chosen.Length < order.Length ? compared[chosen[^1]] - compared[order[chosen.Length]] : double.PositiveInfinity);
        double[] weights = [.. chosen.Select(expert => scores[expert])];
        weights = rule.Score == RouterScore.SoftmaxOfChosen ? ReferenceMath.Softmax(weights)
            : rule.Score == RouterScore.SparseMixer ? MixerWeights(logits, chosen, rule.Jitter)
            : rule.Normalises ? [.. weights.Select(weight => weight / weights.Sum())]
            : weights;
        double[] sum = new double[x.Length];
        for (int i = 0; i < chosen.Length; i++)
        {
            double[] y = Expert(block, recipe.IsGated, chosen[i], x);
            double scale = recipe.HasExpertScales ? _weights.Values(block + "ffn_down_exps.scale")[chosen[i]] : 1;
            double weight = weights[i] * rule.Scale * scale;
            ReferenceMath.Add(sum, [.. y.Select(value => weight * value)]);
        }

        return sum;
    }

    /// <summary>Of each chosen expert the softmax among those that are close to it, without those chosen before.</summary>
    private double[] MixerWeights(double[] logits, int[] chosen, double jitter) => [.. chosen.Select((expert, i) =>
    {
        double greatest = logits[expert];
        (double Logit, double Distance)[] left = [.. logits.Where((_, e) => Array.IndexOf(chosen, e, 0, i) < 0)
            .Select(logit => (logit, (greatest - logit) / Math.Max(Math.Abs(logit), greatest)))];
        foreach ((double _, double distance) in left)
        {
            NoteMargin(Math.Abs(distance - (2 * jitter)));
        }

        return 1 / left.Where(other => other.Distance <= 2 * jitter).Sum(other => Math.Exp(other.Logit - greatest));
    })];

    /// <summary>The experts that a token may go to: those of the best groups.</summary>
    private IEnumerable<int> Allowed(double[] choices, RouterRule rule)
    {
        int size = choices.Length / Math.Max(1, rule.Groups);
        int[][] groups = [.. Enumerable.Range(0, choices.Length).Chunk(size)];
        if (groups.Length <= 1 || rule.GroupsUsed >= groups.Length)
        {
            return Enumerable.Range(0, choices.Length);
        }

        double Score(int[] group) => group.Select(expert => choices[expert]).OrderDescending().Take(2).Sum();
        double[] best = [.. groups.Select(Score).OrderDescending()];
        NoteMargin(best[rule.GroupsUsed - 1] - best[rule.GroupsUsed]);
        return groups.OrderByDescending(Score).Take(rule.GroupsUsed).SelectMany(group => group).Order();
    }

    /// <summary>One expert, whose matrices are tensors of their own or a slice of one for all.</summary>
    private double[] Expert(string block, bool isGated, int expert, double[] x)
    {
        if (!_weights.Has(block + "ffn_up_exps.weight"))
        {
            return _weights.Linear($"{block}ffn_down.{expert}", Up(x, $"{block}ffn_gate.{expert}", $"{block}ffn_up.{expert}", isGated));
        }

        int width = _config.IntermediateSize;
        double[] ups = _weights.Linear(block + "ffn_up_exps", x, expert * width, width);
        double[] middle = isGated
            ? [.. _weights.Linear(block + "ffn_gate_exps", x, expert * width, width).Zip(
                ups, (g, u) => ReferenceMath.Gated(_config.Activation, g, u))]
            : [.. ups.Select(u => ReferenceMath.Activate(_config.Activation, u))];
        return _weights.Linear(block + "ffn_down_exps", middle, expert * x.Length, x.Length);
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
        return [.. gates.Zip(ups, (g, u) => ReferenceMath.Gated(_config.Activation, g, u))];
    }

    private double[] Norm(double[] x, string name) => _config.Norm switch
    {
        NormKind.RmsNorm => ReferenceMath.RmsNorm(x, _weights.Values(name + ".weight"), _config.NormEps),
        NormKind.LayerNorm =>
            ReferenceMath.LayerNorm(x, _weights.Values(name + ".weight"), _weights.Values(name + ".bias"), _config.NormEps),
        _ => ReferenceMath.LayerNorm(x, _weights.Values(name + ".weight"), new float[x.Length], _config.NormEps),
    };

    private void NoteMargin(double margin)
    {
        lock (_weights)
        {
            RouterMargin = Math.Min(RouterMargin, margin);
        }
    }

    private double[] Frequencies(int rotaryDim, bool hasOwn)
    {
        double theta = hasOwn ? _config.WindowedRopeTheta!.Value : _config.RopeTheta;
        double[] frequencies = [.. Enumerable.Range(0, rotaryDim / 2).Select(pair => Math.Pow(theta, -2.0 * pair / rotaryDim))];
        if (!hasOwn)
        {
            _config.RopeScaling?.Apply(frequencies, theta, _contextLength);
        }

        return frequencies;
    }
}
