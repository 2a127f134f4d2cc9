namespace VkInfer;

/// <summary>
/// No token can be chosen: the model's logits are not finite, or every token is excluded. The session stands where it stood before the
/// choice, and may go on with other options or after other tokens.
/// </summary>
public sealed class InvalidLogitsException : VkInferException
{
    private InvalidLogitsException(string message, int position, string? layer, string? option)
        : base(message) => (Position, Layer, Option) = (position, layer, option);

    /// <summary>The position after whose token nothing could be chosen.</summary>
    public int Position { get; }

    /// <summary>
    /// The first part of the model whose output is not finite, e.g. <c>layer 3</c>, <c>the embedding</c> or <c>the output layer</c>;
    /// null where logits are finite, or were when that part was looked for.
    /// </summary>
    public string? Layer { get; }

    /// <summary>The option that excludes every token, e.g. <see cref="SamplingOptions.LogitBias"/>; null where none does.</summary>
    public string? Option { get; }

    internal static InvalidLogitsException NotFinite(int position, string? layer) => new(
        $"The logits after position {position} are not finite: they have a NaN or an infinity. "
        + (layer is null ? "" : $"The first output that is not finite is that of {layer}. ")
        + "The weights are damaged, or values grow beyond what their type holds.",
        position, layer, null);

    internal static InvalidLogitsException NoneAllowed(int position, bool hasBias, bool isMasked) => new(
        $"No token can be chosen after position {position}: " + (hasBias, isMasked) switch
        {
            (true, true) => $"{nameof(SamplingOptions.LogitBias)} excludes every token that the grammar allows.",
            (true, false) => $"{nameof(SamplingOptions.LogitBias)} excludes every token.",
            _ => "the model gives every token a logit of negative infinity.",
        },
        position, null, hasBias ? nameof(SamplingOptions.LogitBias) : null);
}
