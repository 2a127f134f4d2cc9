using VkInfer.Engine.Answers;
using VkInfer.Engine.Sequences;
using VkInfer.Engine.Speculation;
using VkInfer.Grammar;

namespace VkInfer.Engine;

/// <summary>
/// What is asked of the engine: tokens behind a sequence. Made by anybody, then the engine's until it has ended. May be asked again then,
/// unless it can be cancelled by a token or has a grammar.
/// </summary>
internal sealed class EngineRequest : IThreadPoolWorkItem, IDisposable
{
    private readonly CancellationTokenSource? _ended;
    private readonly GrammarMatcher? _grammar;
    private ModelEngine? _engine;
    private Action? _drafted;
    private bool _isDisposed;

    /// <param name="sequence">Gets the tokens; in no other request that has not ended.</param>
    /// <param name="receiver">Takes them, too.</param>
    public EngineRequest(Sequence sequence, ITokenReceiver receiver)
    {
        Sequence = sequence;
        Receiver = receiver;
    }

    /// <summary>Gets the tokens.</summary>
    public Sequence Sequence { get; }

    /// <summary>Takes them, too.</summary>
    public ITokenReceiver Receiver { get; }

    /// <summary>Tokens of the sequence that stay; those behind are dropped first. Null: all.</summary>
    public int? Length { get; set; }

    /// <summary>Appended then; may be empty for a sequence that has tokens.</summary>
    public ReadOnlyMemory<int> Prompt { get; init; }

    /// <summary>Most tokens to choose; null: as many as the context holds.</summary>
    public int? MaxTokens { get; set; }

    /// <summary>Tokens that the sequence may have in all.</summary>
    public required int ContextLength { get; init; }

    /// <summary>How tokens are chosen; null: none is, the prompt is processed and that is all.</summary>
    public required TokenSelection? Selection { get; set; }

    /// <summary>Whether the logits of the last row are kept, so that the next token can be chosen later.</summary>
    public bool KeepsLogits { get; set; }

    /// <summary>Receives the logits of all rows of the prompt; null: nobody wants them.</summary>
    public LogitsTarget? LogitsTarget { get; init; }

    /// <summary>Receives the hidden states of rows of the prompt; null: nobody wants them.</summary>
    public HiddenTarget? HiddenTarget { get; init; }

    /// <summary>
    /// Says which tokens may come, into the selection's mask. The receiver moves it on with each token. Null: all may.
    /// </summary>
    public GrammarMatcher? Grammar
    {
        get => _grammar;
        init
        {
            _grammar = value;
            _ended = value is null ? null : new CancellationTokenSource();
        }
    }

    /// <summary>
    /// Guesses what follows, so that a step may verify several tokens; null: nobody does. Not with penalties, nor where logits are kept.
    /// </summary>
    public Speculator? Speculator { get; init; }

    /// <summary>A smaller model that guesses, too; null: none does. The request's.</summary>
    public Drafter? Drafter { get; init; }

    /// <summary>More is sooner.</summary>
    public int Priority { get; init; }

    /// <summary>After so long the request ends, whatever it has; null: never.</summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary>
    /// Whether the sequence keeps its pages when the request ends, to go on later, until somebody needs them.
    /// </summary>
    public bool KeepsPages { get; set; }

    /// <summary>Ends the request, in its prompt and in its answer.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>What happened since the loop last looked; guarded by the engine.</summary>
    internal EngineSignals Signals { get; set; }

    /// <summary>Whether the loop has it.</summary>
    internal bool IsLive { get; set; }

    /// <summary>Whether its sequence is, or was, with the scheduler.</summary>
    internal bool IsScheduled { get; set; }

    /// <summary>Whether <see cref="ITokenReceiver.Begin"/> was called.</summary>
    internal bool HasBegun { get; set; }

    /// <summary>Tokens of the sequence before it: where it goes back to when the prompt fails.</summary>
    internal int LengthBefore { get; set; }

    /// <summary>What went wrong with the latest mask.</summary>
    internal Exception? MaskFailure { get; private set; }

    /// <summary>Time on the device of the steps that processed the prompt, in microseconds.</summary>
    internal double PromptMicroseconds { get; set; }

    internal CancellationTokenRegistration CancellationRegistration { get; set; }

    /// <summary>Makes a request that has ended ready to be asked again.</summary>
    internal void Restart()
    {
        (HasBegun, IsScheduled, _isDisposed, PromptMicroseconds) = (false, false, false, 0);
    }

    /// <summary>How many tokens the smaller model is to guess, where there is one and that pays.</summary>
    /// <param name="rows">Rows of the next step without them.</param>
    /// <param name="times">What rows and guesses cost.</param>
    internal int BestDrafts(int rows, StepTimes times)
    {
        if (Speculator is null || Drafter is null)
        {
            return 0;
        }

        int length = Sequence.Length;
        int most = Math.Min(Drafter.MostBehind(length), Sequence.MaxLength - length - 1);
        return most > 0 ? Speculator.BestDrafts(rows, most, times) : 0;
    }

    /// <summary>Has others prepare the next step, the mask or guesses, who then signal the engine.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="drafts">How many tokens the smaller model is to guess.</param>
    internal void Prepare(ModelEngine engine, int drafts)
    {
        _engine = engine;
        if (drafts > 0)
        {
            Drafter!.Ask(Sequence, drafts, _drafted ??= TakeDrafts);
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    private void TakeDrafts()
    {
        Speculator!.TakeDrafts(Drafter!.Guesses);
        if (Grammar is null)
        {
            _engine!.Signal(this, EngineSignals.Prepared);
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    /// <summary>Ends a mask and guesses under way; the engine does so when the request ends.</summary>
    public void Dispose()
    {
        CancellationRegistration.Unregister();
        if (!_isDisposed)
        {
            _isDisposed = true;
            Drafter?.Dispose();
            _ended?.Cancel();
            _ended?.Dispose();
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        try
        {
            // Where the request has ended meanwhile, there is no token any more, and nobody who wants a mask.
            Grammar!.FillMask(Selection!.Mask!, _ended!.Token);
            Speculator?.Constrain(Grammar, Selection.Mask!, _ended.Token);
        }
#pragma warning disable CA1031 // Whatever is wrong with a grammar ends its own request.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            MaskFailure = exception;
        }

        _engine!.Signal(this, EngineSignals.Prepared);
    }
}

/// <summary>What may happen to a request from outside the loop.</summary>
[Flags]
internal enum EngineSignals
{
    None = 0,

    /// <summary>It is new.</summary>
    Started = 1,

    /// <summary>Its caller does not want it any more.</summary>
    Cancelled = 2,

    /// <summary>Its receiver takes tokens again.</summary>
    Resumed = 4,

    /// <summary>Its mask is there, or has failed, and so are guesses.</summary>
    Prepared = 8,

    /// <summary>What an engine that ends still hears: who was cancelled makes way for who was asked behind.</summary>
    HeardAtEnd = Started | Cancelled,
}
