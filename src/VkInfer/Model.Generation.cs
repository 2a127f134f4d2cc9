using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using VkInfer.Engine;
using VkInfer.Engine.Answers;
using VkInfer.Engine.Sequences;
using VkInfer.Engine.Speculation;
using VkInfer.Grammar;
using VkInfer.Kernels;
using VkInfer.Loading;
using VkInfer.Vulkan;

namespace VkInfer;

/// <content>Answers to prompts that stand by themselves, and what sessions share with them.</content>
public sealed partial class Model
{
    /// <summary>Updates that the engine may be ahead of whoever reads an answer.</summary>
    private const int MostUnread = 16;

    private Model? _draft;

    /// <summary>
    /// Answers a prompt that stands by itself, such as a whole conversation. Nothing is kept of it but its keys and values, as a prefix
    /// that later prompts may share until somebody needs the room. Any number may run at a time: each step takes all of them together.
    /// </summary>
    /// <param name="promptTokens">At least one id, each inside the vocabulary; not to be changed while the answer comes.</param>
    /// <param name="options">How to generate; null: the defaults.</param>
    /// <param name="cancellationToken">Ends the answer, in prefill and in decode.</param>
    /// <returns>Updates as they come; the last carries the finish reason and the usage.</returns>
    /// <remarks>
    /// The engine goes on for a few tokens while nobody asks for an update, and then waits. An enumerator that is disposed, or forgotten
    /// and collected, ends the answer. No thread belongs to it.
    /// </remarks>
    /// <exception cref="UnsupportedModelException">The model is an encoder, which generates nothing.</exception>
    /// <exception cref="ArgumentException">No tokens, or one outside the vocabulary.</exception>
    /// <exception cref="ContextLengthExceededException">The prompt does not fit.</exception>
    /// <exception cref="GrammarException">The vocabulary lacks what the grammar asks for, or the grammar is too ambiguous.</exception>
    /// <exception cref="OutOfDeviceMemoryException">There is no device memory for its keys and values.</exception>
    /// <exception cref="QueueFullException">Too many requests wait.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed, or was meanwhile.</exception>
    public async IAsyncEnumerable<GenerationUpdate> GenerateAsync(
        ReadOnlyMemory<int> promptTokens, GenerationOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        options = Check(options);
        using AnswerStream answer = BeginAnswer(promptTokens, options, cancellationToken);
        while (await NextAsync(answer, cancellationToken).ConfigureAwait(false) is { } update)
        {
            yield return update;
        }
    }

    /// <summary>The options of an answer outside of a conversation; null: the defaults.</summary>
    /// <exception cref="ArgumentException">One of them is not allowed there.</exception>
    internal static GenerationOptions Check(GenerationOptions? options)
    {
        options ??= new GenerationOptions();
        options.Validate();
        return options.Overflow != ContextOverflow.DropOldestTurns
            ? options
            : throw new ArgumentException(
                "There are no turns to drop; expected a ChatSession, or Overflow Stop or Error.", nameof(options));
    }

    /// <summary>How tokens are chosen behind so many that were drawn with the seed.</summary>
    /// <param name="sampling">Valid options; below them are the model's and the library's.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="drawn">Tokens drawn with it.</param>
    /// <param name="masked">Whether a mask says which tokens may come.</param>
    internal TokenSelection Select(SamplingOptions sampling, ulong seed, int drawn, bool masked)
    {
        uint[]? mask = masked ? new uint[AdjustLogitsKernel.MaskBytes(Config.VocabSize) / sizeof(uint)] : null;
        return new TokenSelection(
            WithoutSuppressed(new SamplingParameters(sampling.Over(RecommendedSampling))), seed, drawn, mask);
    }

    /// <summary>The seed that options name, or a new one.</summary>
    internal static ulong SeedOf(SamplingOptions sampling) =>
        sampling.Seed ?? BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    /// <summary>Where an answer waits for its reader.</summary>
    /// <param name="options">Valid ones.</param>
    /// <param name="grammar">The grammar's state; null: any token may come.</param>
    /// <param name="before">Tokens before the answer.</param>
    /// <param name="capacity">Tokens that its sequence may have.</param>
    internal AnswerQueue CreateQueue(GenerationOptions options, GrammarMatcher? grammar, int before, int capacity) => new(
        new Answer(Tokenizer, options, grammar, before), MostUnread, options.Overflow ?? ContextOverflow.Stop,
        () => new ContextLengthExceededException(1, 0, capacity));

    /// <summary>What an answer asks of the engine.</summary>
    /// <param name="sequence">Gets the tokens.</param>
    /// <param name="queue">Where the answer waits for its reader.</param>
    /// <param name="prompt">Appended first.</param>
    /// <param name="options">Valid ones.</param>
    /// <param name="grammar">The grammar's state; null: any token may come.</param>
    /// <param name="selection">How tokens are chosen.</param>
    /// <param name="capacity">Tokens that the sequence may have.</param>
    /// <param name="cancellation">Ends the answer.</param>
    internal EngineRequest CreateRequest(
        Sequence sequence, AnswerQueue queue, ReadOnlyMemory<int> prompt, GenerationOptions options, GrammarMatcher? grammar,
        TokenSelection selection, int capacity, CancellationToken cancellation) => new(sequence, queue)
        {
            Prompt = prompt,
            MaxTokens = options.MaxTokens,
            ContextLength = capacity,
            Selection = selection,
            Grammar = grammar,
            Speculator = Speculates(options, selection) ? new Speculator() : null,
            Drafter = Speculates(options, selection) ? CreateDrafter() : null,
            Priority = options.Priority ?? 0,
            TimeLimit = options.Deadline,
            Cancellation = cancellation,
        };

    /// <summary>Takes a smaller model that guesses, which ends with this one.</summary>
    /// <param name="draft">The model; disposed where this throws.</param>
    /// <exception cref="UnsupportedModelException">Its guesses cannot be this model's tokens.</exception>
    internal void Adopt(Model draft)
    {
        try
        {
            DraftVocabulary.Check(this, draft);
            _ = new Lifetime(nameof(ModelOptions.Draft), draft.Dispose, Lifetime);
            _draft = draft;
        }
        catch
        {
            draft.Dispose();
            throw;
        }
    }

    /// <summary>A smaller model's view of a request; null: there is none.</summary>
    internal Drafter? CreateDrafter()
    {
        if (_draft is not { } draft)
        {
            return null;
        }

        SessionEngine engine = draft.EngineFor(draft.Options.KvType, null, draft.Options.Linear);
        return new Drafter(engine.Engine, draft.ContextLength, Config.VocabSize, sequence =>
        {
            try
            {
                _ = engine.FreeAsync(sequence);
            }
            catch (ObjectDisposedException)
            {
                // The engine has freed everything.
            }
        });
    }

    private bool Speculates(GenerationOptions options, TokenSelection selection) =>
        (options.Speculates ?? _draft is not null) && !selection.Sampling.HasPenalties && !Config.IsRecurrent;

    private AnswerStream BeginAnswer(ReadOnlyMemory<int> prompt, GenerationOptions options, CancellationToken cancellation)
    {
        using Lifetime.Lease lease = Lifetime.Enter();
        RequireDecoder();
        CheckPrompt(prompt.Span);
        options.Sampling.CheckVocabulary(Config.VocabSize);

        GrammarMatcher? grammar = options.Grammar is null ? null : CreateMatcher(options.Grammar, options.IgnoreEndOfText != true);
        cancellation.ThrowIfCancellationRequested();
        AnswerQueue queue = CreateQueue(options, grammar, prompt.Length, ContextLength);
        EngineRequest request = CreateRequest(
            new Sequence(), queue, prompt, options, grammar,
            Select(options.Sampling, SeedOf(options.Sampling), 0, grammar is not null), ContextLength, cancellation);
        return new AnswerStream(EngineFor(Options.KvType, null, Options.Linear).Engine, request, queue);
    }

    private void CheckPrompt(ReadOnlySpan<int> prompt)
    {
        if (prompt.IsEmpty)
        {
            throw new ArgumentException("No tokens: a prompt needs at least one.", nameof(prompt));
        }

        CheckTokens(prompt);
        if (prompt.Length > ContextLength)
        {
            throw new ContextLengthExceededException(prompt.Length, ContextLength, ContextLength);
        }
    }

    private async ValueTask<GenerationUpdate?> NextAsync(AnswerStream answer, CancellationToken cancellation)
    {
        try
        {
            return await answer.NextAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is ObjectDisposedException or OperationCanceledException && Lifetime.IsClosed)
        {
            throw Lifetime.Disposed();
        }
    }
}
