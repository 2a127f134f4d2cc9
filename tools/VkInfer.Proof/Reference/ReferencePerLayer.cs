namespace VkInfer.Proof.Reference;

/// <summary>Inputs of each layer in double precision (Gemma 4's per-layer embeddings); none where the model has none.</summary>
internal sealed class ReferencePerLayer
{
    private readonly ModelConfig _config;
    private readonly ReferenceWeights _weights;
    private readonly double[][][] _inputs;

    /// <param name="config">The model's shape.</param>
    /// <param name="weights">Its tensors.</param>
    /// <param name="tokens">The prompt.</param>
    /// <param name="embedded">Its embeddings.</param>
    public ReferencePerLayer(ModelConfig config, ReferenceWeights weights, ReadOnlySpan<int> tokens, double[][] embedded)
    {
        _config = config;
        _weights = weights;
        int[] ids = tokens.ToArray();
        _inputs = config.PerLayerSize == 0 ? [] : [.. embedded.Select((hidden, i) => Inputs(ids[i], hidden))];
    }

    /// <summary>What a layer adds at its end.</summary>
    public void Apply(string block, int layer, int token, double[] hidden)
    {
        if (_inputs.Length == 0)
        {
            return;
        }

        double[] gates = _weights.Linear(block + "inp_gate", hidden);
        double[] gated = [.. gates.Zip(_inputs[token][layer], (gate, input) => ReferenceMath.Activate(_config.Activation, gate) * input)];
        ReferenceMath.Add(hidden, Norm(_weights.Linear(block + "proj", gated), block + "post_norm.weight"));
    }

    /// <summary>[NumLayers][PerLayerSize].</summary>
    private double[][] Inputs(int token, double[] hidden)
    {
        int size = _config.PerLayerSize;
        double root = Math.Sqrt(_config.HiddenSize);
        double[] projected = [.. _weights.Linear("per_layer_model_proj", hidden).Select(value => value / root)];
        double[] own = _weights.Row("per_layer_token_embd.weight", token, projected.Length, Math.Sqrt(size));
        return
        [
            .. projected.Chunk(size).Zip(own.Chunk(size), (part, mine) => Norm(part, "per_layer_proj_norm.weight")
                .Zip(mine, (value, more) => (value + more) / Math.Sqrt(2)).ToArray()),
        ];
    }

    private double[] Norm(double[] x, string gain) => ReferenceMath.RmsNorm(x, _weights.Values(gain), _config.NormEps);
}
