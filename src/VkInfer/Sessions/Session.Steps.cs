using VkInfer.Vulkan;

namespace VkInfer;

/// <content>The parts of a decode step, of one session by itself and in a batch; the caller holds the lease.</content>
public sealed partial class Session
{
    /// <summary>Whether the logits of the last token are there, so that the next choice needs no pass of its own.</summary>
    internal bool HasLogits => _logitsReady;

    /// <summary>Makes ready to choose tokens so, unless that is how they were chosen last.</summary>
    internal void PrepareRun(SamplingOptions sampling, bool masked, Cancellation cancellation)
    {
        if (!ReferenceEquals(_running, sampling) || _runningMasked != masked)
        {
            StartRun(sampling, masked, cancellation);
        }
    }

    /// <summary>Throws where neither a token is under way nor space for one is left.</summary>
    internal void RequireSpace()
    {
        if (_decode.Pending == 0 && _tokens.Count >= Capacity)
        {
            throw new ContextLengthExceededException(1, 0, Capacity);
        }
    }

    /// <summary>Whether fewer than so many steps are under way, and one more fits.</summary>
    internal bool CanSubmit(int depth) => _decode.Pending < depth && _tokens.Count + _decode.Pending < Capacity;

    /// <summary>Submits steps of this session alone until so many are under way, as far as they fit.</summary>
    internal void SubmitUpTo(int depth, Cancellation cancellation)
    {
        while (CanSubmit(depth))
        {
            // The first choice after a prefill needs no pass of its own.
            if (_logitsReady)
            {
                _decode.SubmitSample();
                _logitsReady = false;
            }
            else
            {
                ReserveStep(cancellation);
                _decode.SubmitStep();
            }
        }
    }

    /// <summary>Takes the page that the next step writes to, where it begins one.</summary>
    internal void ReserveStep(Cancellation cancellation)
    {
        int position = _tokens.Count + _decode.Pending - 1;
        Reserve(position, position + 1, cancellation);
    }

    /// <summary>Waits for the earliest token under way, and leaves it there.</summary>
    /// <exception cref="InvalidLogitsException">No token could be chosen.</exception>
    internal void WaitForToken(Cancellation cancellation)
    {
        _decode.Wait(cancellation);
        try
        {
            _decode.Check(cancellation);
        }
        catch
        {
            _running = null;
            throw;
        }
    }

    /// <summary>Waits for the earliest token under way and appends it.</summary>
    internal int TakeToken(Cancellation cancellation)
    {
        int token;
        try
        {
            token = _decode.Take(cancellation);
        }
        catch
        {
            _running = null;
            throw;
        }

        _cached = _tokens.Count;
        _tokens.Add(token);
        _drawn++;
        return token;
    }
}
