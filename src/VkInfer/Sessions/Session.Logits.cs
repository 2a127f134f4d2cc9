using System.Runtime.InteropServices;
using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer;

/// <summary>Receives one row of logits.</summary>
/// <param name="index">Index of the token after which these logits stand, within the tokens given.</param>
/// <param name="logits">Float32 [VocabSize]; valid only during the call.</param>
public delegate void LogitsCallback(int index, ReadOnlySpan<float> logits);

/// <content>Logits of every token, handed to a user's code while no lease is held.</content>
public sealed partial class Session
{
    private const long LogitsChunkBytes = 32L << 20;

    /// <summary>Processes tokens and hands out the logits after each of them.</summary>
    /// <param name="tokens">At least one id, each inside the vocabulary.</param>
    /// <param name="onRow">
    /// Called once per token, in order, on this thread. It may take its time, use other sessions, and dispose this one, which ends the
    /// call; this session serves nobody else meanwhile.
    /// </param>
    /// <param name="cancellationToken">Ends the call; the session then stands where it stood before.</param>
    /// <exception cref="ArgumentException">No tokens, or one outside the vocabulary.</exception>
    /// <exception cref="ContextLengthExceededException">They do not fit.</exception>
    /// <exception cref="ObjectDisposedException">The session or its model is disposed, or was meanwhile.</exception>
    public void ComputeLogits(ReadOnlySpan<int> tokens, LogitsCallback onRow, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(onRow);
        Occupy();
        try
        {
            int before = BeginAppend(tokens);
            try
            {
                RunForLogits(before, onRow, Cancel(cancellationToken));
            }
            catch
            {
                Rollback(before);
                throw;
            }
        }
        finally
        {
            Free();
        }
    }

    private void RunForLogits(int first, LogitsCallback onRow, Cancellation cancellation)
    {
        int vocab = Model.Config.VocabSize;
        int stride = WeightLayout.PadColumns(vocab);
        int chunk = (int)Math.Clamp(LogitsChunkBytes / (stride * sizeof(float)), 1, Model.Options.PrefillChunk);
        var target = new SharedRows(CreateRows((long)chunk * stride * sizeof(float)));
        try
        {
            float[] row = new float[vocab];
            for (int start = first; start < _tokens.Count; start += chunk)
            {
                int rows = Math.Min(chunk, _tokens.Count - start);
                RunChunkForLogits(target, start, rows, cancellation);
                for (int i = 0; i < rows; i++)
                {
                    ReadRow(target.Buffer, (long)i * stride * sizeof(float), row);
                    cancellation.ThrowIfRequested();
                    onRow(start + i - first, row);
                }
            }
        }
        finally
        {
            target.Release();
        }
    }

    private GpuBuffer CreateRows(long bytes)
    {
        using Lifetime.Lease lease = _lifetime.Enter();
        return Model.Gpu.CreateBuffer(bytes, BufferKind.DeviceLocal, "logits.rows");
    }

    private void RunChunkForLogits(SharedRows target, int start, int rows, Cancellation cancellation)
    {
        using Lifetime.Lease lease = _lifetime.Enter();
        int[] chunk = CollectionsMarshal.AsSpan(_tokens).Slice(start, rows).ToArray();
        Process(chunk, start, keepsLogits: false, target, cancellation);
    }

    private void ReadRow(GpuBuffer rows, long offset, float[] row)
    {
        using Lifetime.Lease lease = _lifetime.Enter();
        Model.Gpu.Download(rows, offset, MemoryMarshal.AsBytes(row.AsSpan()));
    }
}
