using VkInfer.Engine.Sequences;
using VkInfer.Transformer;

namespace VkInfer.Engine.Execution;

/// <summary>
/// Samplers for the rows behind guesses: each chooses as the sequence's own would choose there, by the same options and with the random
/// numbers of its place. Made when a sequence first guesses. Not thread-safe.
/// </summary>
/// <param name="samplers">Where they come from, and go.</param>
internal sealed class GuessSamplers(SamplerSlots samplers)
{
    private readonly List<SamplerSlot> _slots = [];
    private TokenSelection? _selection;
    private int _set;

    /// <summary>The sampler of the row behind a guess; no step of the sequence may be under way.</summary>
    /// <param name="sequence">All its tokens are known; it has no penalties, which would have to count guesses.</param>
    /// <param name="guess">Index of the guess; those before it have their samplers.</param>
    /// <param name="drawn">Tokens that are drawn before.</param>
    public SamplerSlot For(Sequence sequence, int guess, int drawn)
    {
        TokenSelection selection = sequence.Selection!;
        if (!ReferenceEquals(_selection, selection))
        {
            (_selection, _set) = (selection, 0);
        }

        if (guess == _slots.Count)
        {
            _slots.Add(samplers.Acquire());
        }

        SamplerSlot slot = _slots[guess];
        (int position, int token) = (sequence.Tokens.Length + guess, sequence.Drafts[guess]);
        if (guess == _set)
        {
            slot.Reset([token], selection.Sampling, selection.Mask is not null, selection.Seed, drawn);
            _set++;
        }

        slot.GoOn(position, token, drawn);
        if (selection.Mask is not null)
        {
            sequence.DraftMasks[guess].CopyTo(slot.Mask);
        }

        return slot;
    }

    /// <summary>Gives them back; no step may be using them.</summary>
    public void Release()
    {
        _slots.ForEach(samplers.Release);
        _slots.Clear();
        (_selection, _set) = (null, 0);
    }
}
