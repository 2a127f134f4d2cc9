using System.Runtime.InteropServices;
using VkInfer.Engine.Cache;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// Finds where values that are not finite come from: runs one token's pass again and looks at the residual stream behind each layer.
/// Only for a pass whose logits were not finite.
/// </summary>
internal static class FiniteCheck
{
    /// <summary>The first part of the model whose output is not finite; null where all are.</summary>
    /// <param name="device">Where to run; no step of the session may be under way.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="transformer">Records the pass.</param>
    /// <param name="activations">The session's; overwritten.</param>
    /// <param name="cache">The session's; the keys and values of the token's position are stored again.</param>
    /// <param name="stepState">Says which token, at which position.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static string? FirstNotFinite(
        GpuDevice device, ModelConfig config, DecoderTransformer transformer, DecodeActivations activations, KvCache cache,
        BufferView stepState, Cancellation cancellation)
    {
        int size = config.HiddenSize;
        long row = (long)size * sizeof(float);
        using GpuBuffer rows = device.CreateBuffer((config.NumLayers + 1) * row, BufferKind.DeviceLocal, "finite_check");
        Submission pass = device.RunOnce(
            "finite_check",
            list => transformer.RecordDecode(list, activations, cache, stepState, layers => Keep(list, layers)));
        device.Wait(pass, cancellation);

        float[] values = new float[size];
        for (int part = 0; part <= config.NumLayers; part++)
        {
            device.Download(rows, part * row, MemoryMarshal.AsBytes(values.AsSpan()));
            if (!Array.TrueForAll(values, float.IsFinite))
            {
                return part == 0 ? "the embedding" : $"layer {part - 1}";
            }
        }

        float[] logits = new float[config.VocabSize];
        device.Download(activations.Logits, 0, MemoryMarshal.AsBytes(logits.AsSpan()));
        return Array.Exists(logits, logit => float.IsNaN(logit) || float.IsPositiveInfinity(logit)) ? "the output layer" : null;

        void Keep(CommandList list, int part) => list.Copy(
            new BufferView(activations.Hidden, 0, row), new BufferView(rows, part * row, row));
    }
}
