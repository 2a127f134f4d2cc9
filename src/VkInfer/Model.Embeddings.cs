using System.Runtime.InteropServices;
using VkInfer.Embeddings;
using VkInfer.Engine;
using VkInfer.Engine.Sequences;
using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer;

/// <content>Embeddings, and what one token more would be.</content>
public sealed partial class Model
{
    /// <summary>
    /// Elements of the model's embeddings: the width of its hidden states, unless linear layers behind pooling (EmbeddingGemma) make
    /// others.
    /// </summary>
    public int EmbeddingSize => _dense is [.., var last] ? last.Rows : Config.HiddenSize;

    /// <summary>
    /// The embedding of a text: hidden states behind the last norm, pooled. Texts that are asked for together are processed together, and
    /// beside answers.
    /// </summary>
    /// <param name="tokens">
    /// The text, as <see cref="Tokenization.Tokenizer.Encode(ReadOnlySpan{char}, bool, bool)"/> gives it with the special tokens that the
    /// model wants; at least one id, each inside the vocabulary.
    /// </param>
    /// <param name="options">How; null: as the model's files say.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Float32 [<see cref="EmbeddingOptions.Dimensions"/>].</returns>
    /// <exception cref="ArgumentException">No tokens, one outside the vocabulary, or an option that is not allowed.</exception>
    /// <exception cref="ContextLengthExceededException">The text does not fit.</exception>
    /// <exception cref="OutOfDeviceMemoryException">There is no device memory for it.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed, or was meanwhile.</exception>
    public async Task<float[]> EmbedAsync(
        ReadOnlyMemory<int> tokens, EmbeddingOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new EmbeddingOptions();
        options.Validate(EmbeddingSize);
        int dimensions = options.Dimensions ?? EmbeddingSize;
        EmbeddingPooling pooling =
            options.Pooling ?? Config.Pooling ?? (Config.IsEncoder ? EmbeddingPooling.Mean : EmbeddingPooling.Last);
        (int first, int count) = pooling switch
        {
            EmbeddingPooling.Mean => (0, tokens.Length),
            EmbeddingPooling.Cls => (0, 1),
            _ => (tokens.Length - 1, 1),
        };
        int stride = Activations.Stride(Config.HiddenSize);
        float[] rows = await ProcessAsync(
            tokens, (long)count * stride, buffer => (new HiddenTarget(buffer, first, count), null), cancellationToken)
            .ConfigureAwait(false);
        return Embedding.Of(rows, stride, Config.HiddenSize, _dense, dimensions, options.Normalize);
    }

    /// <summary>The logits of the token behind a prompt.</summary>
    /// <param name="tokens">At least one id, each inside the vocabulary.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Float32 [VocabSize] and more.</returns>
    internal Task<float[]> NextLogitsAsync(ReadOnlyMemory<int> tokens, CancellationToken cancellationToken)
    {
        RequireDecoder();
        return ProcessAsync(
            tokens, Activations.Stride(Config.VocabSize), buffer => (null, new LogitsTarget(buffer, tokens.Length - 1)), cancellationToken);
    }

    /// <summary>Has the engine process a text, and reads what the steps left of it.</summary>
    private async Task<float[]> ProcessAsync(
        ReadOnlyMemory<int> tokens, long floats, Func<GpuBuffer, (HiddenTarget?, LogitsTarget?)> targets, CancellationToken cancellation)
    {
        var end = new PromptEnd();
        using GpuBuffer buffer = BeginProcessing(tokens, floats, targets, end, cancellation);
        try
        {
            await end.Task.ConfigureAwait(false);
            using Lifetime.Lease lease = Lifetime.Enter();
            float[] values = new float[floats];
            Gpu.Download(buffer, 0, MemoryMarshal.AsBytes(values.AsSpan()));
            return values;
        }
        catch (Exception exception) when (exception is ObjectDisposedException or OperationCanceledException && Lifetime.IsClosed)
        {
            throw Lifetime.Disposed();
        }
    }

    private GpuBuffer BeginProcessing(
        ReadOnlyMemory<int> tokens, long floats, Func<GpuBuffer, (HiddenTarget?, LogitsTarget?)> targets, PromptEnd end,
        CancellationToken cancellation)
    {
        using Lifetime.Lease lease = Lifetime.Enter();
        CheckPrompt(tokens.Span);
        cancellation.ThrowIfCancellationRequested();
        ModelEngine engine = EngineFor(Options.KvType, null, Options.Linear).Engine;
        GpuBuffer buffer = Gpu.CreateBuffer(floats * sizeof(float), BufferKind.HostReadable, "prompt.rows");
        try
        {
            (HiddenTarget? hidden, LogitsTarget? logits) = targets(buffer);
            engine.Start(new EngineRequest(new Sequence(), end)
            {
                Prompt = tokens,
                ContextLength = ContextLength,
                Selection = null,
                LogitsTarget = logits,
                HiddenTarget = hidden,
                Cancellation = cancellation,
            });
            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }
}
