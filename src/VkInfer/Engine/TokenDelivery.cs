using VkInfer.Engine.Answers;
using VkInfer.Engine.Execution;
using VkInfer.Engine.Scheduling;
using VkInfer.Engine.Sequences;
using VkInfer.Engine.Speculation;

namespace VkInfer.Engine;

/// <summary>
/// Hands what steps chose to the receivers of requests, and says how their sequences go on: they end, wait for a mask or for their reader,
/// or guess what follows. Used by the engine's loop alone.
/// </summary>
internal sealed class TokenDelivery
{
    private readonly ModelEngine _engine;
    private readonly Scheduler _scheduler;
    private readonly LiveRequests _requests;
    private readonly IExecutor _executor;
    private readonly StepTimes _times;
    private readonly EngineCounts _counts;

    /// <param name="engine">Hears of masks that are ready.</param>
    /// <param name="scheduler">Knows the sequences.</param>
    /// <param name="requests">Whose tokens.</param>
    /// <param name="executor">Says what is wrong with logits.</param>
    /// <param name="times">What rows cost.</param>
    /// <param name="counts">Learns of prompts.</param>
    public TokenDelivery(
        ModelEngine engine, Scheduler scheduler, LiveRequests requests, IExecutor executor, StepTimes times, EngineCounts counts) =>
        (_engine, _scheduler, _requests, _executor, _times, _counts) = (engine, scheduler, requests, executor, times, counts);

    /// <summary>Hands over what rows of a step chose.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="outcome">What the step chose.</param>
    /// <param name="index">Where the rows stand in its plan.</param>
    public void Deliver(in StepRows rows, StepOutcome outcome, int index)
    {
        ReadOnlySpan<int> tokens = outcome.Tokens(index);
        if (!_scheduler.Complete(rows, tokens) || _requests.Find(rows.Sequence) is not { } request)
        {
            return;
        }

        request.PromptMicroseconds += request.HasBegun ? 0 : outcome.GpuMicroseconds;
        if (!rows.WantsLogits)
        {
            EndWithoutToken(request, rows);
            return;
        }

        try
        {
            if (rows.Drafts > 0)
            {
                request.Receiver.Verified(rows.Drafts, Math.Max(0, tokens.Length - 1));
            }

            Deliver(request, tokens, outcome.LogProbabilities(index), outcome.Fault(index));
        }
#pragma warning disable CA1031 // What goes wrong with one answer ends that answer.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _requests.Fail(request, exception);
        }
    }

    private void Deliver(
        EngineRequest request, ReadOnlySpan<int> tokens, ReadOnlySpan<TokenLogProbabilities?> logProbabilities, ChoiceFault fault)
    {
        Sequence sequence = request.Sequence;
        if (fault != ChoiceFault.None)
        {
            _requests.Fail(request, Explain(request, fault));
            _scheduler.Distrust(sequence);
            return;
        }

        sequence.LogitsAt = sequence.KeepsLogits && sequence.InFlight == 0 ? sequence.Tokens.Length - 1 : -1;
        BeginAnswer(request);
        Reception reception = Reception.GoOn;
        for (int i = 0; i < tokens.Length; i++)
        {
            reception = request.Receiver.Accept(tokens[i], logProbabilities[i]);
            if (reception == Reception.Ended)
            {
                _requests.Leave(request);

                // Guesses that hold may go beyond the end.
                _scheduler.Truncate(sequence, sequence.Tokens.Length - (tokens.Length - 1 - i));
                return;
            }
        }

        if (sequence.Tokens.Length >= sequence.MaxLength)
        {
            _requests.End(request, sequence.MaxLength < request.ContextLength ? FinishReason.MaxTokens : FinishReason.ContextFull);
            return;
        }

        request.Speculator?.Learn(tokens);
        Prepare(request);

        if (reception == Reception.Wait)
        {
            _scheduler.Park(sequence);
        }
    }

    /// <summary>
    /// Guesses what follows a sequence, and has a mask computed. Where guesses pay, the next step waits until all tokens are known; then it
    /// verifies them.
    /// </summary>
    private void Prepare(EngineRequest request)
    {
        Sequence sequence = request.Sequence;
        int rows = _scheduler.Sharing;
        request.Speculator?.Guess(sequence.Tokens);
        int drafts = request.BestDrafts(rows, _times);
        if (request.Grammar is not null || (drafts > 0 && sequence.InFlight == 0))
        {
            sequence.IsPaused = sequence.NeedsKnownTokens = true;
            request.Prepare(_engine, drafts);
        }
        else if (request.Speculator is { } speculator)
        {
            int count = drafts > 0 ? 0 : speculator.Best(rows, _times);
            sequence.NeedsKnownTokens = drafts > 0 || count > 0;
            if (sequence.InFlight == 0)
            {
                speculator.Propose(sequence, count);
            }
        }
    }

    private void BeginAnswer(EngineRequest request)
    {
        if (!request.HasBegun)
        {
            request.HasBegun = true;
            _counts.AddPrompt(request.Sequence.PromptLength, request.Sequence.CachedTokens ?? 0);
            request.Receiver.Begin(request.Sequence.CachedTokens ?? 0);
        }
    }

    /// <summary>A request for no token ends when its prompt is processed.</summary>
    private void EndWithoutToken(EngineRequest request, StepRows rows)
    {
        Sequence sequence = request.Sequence;
        if (!sequence.Chooses && rows.First + rows.Count == sequence.Tokens.Length)
        {
            sequence.LogitsAt = sequence.KeepsLogits ? sequence.Tokens.Length : -1;
            BeginAnswer(request);
            _requests.End(request, FinishReason.MaxTokens);
        }
    }

    private InvalidLogitsException Explain(EngineRequest request, ChoiceFault fault)
    {
        int position = request.Sequence.Tokens.Length - 1;
        return fault == ChoiceFault.LogitsNotFinite
            ? InvalidLogitsException.NotFinite(position, _executor.FindNotFinite(request.Sequence))
            : InvalidLogitsException.NoneAllowed(
                position, request.Selection!.Sampling.LogitBias.Count > 0, request.Selection.Mask is not null);
    }
}
