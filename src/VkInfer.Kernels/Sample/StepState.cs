using System.Runtime.InteropServices;

namespace VkInfer.Kernels;

/// <summary>
/// What a decode step reads and the sampler advances: one storage buffer per session, laid out as in
/// <c>shaders/include/step_state.glsl</c>. The host writes it before the first step and when sampling options change; while
/// steps are in flight only the device touches it.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
[EditorBrowsable(EditorBrowsableState.Never)]
public struct StepState : IEquatable<StepState>
{
    /// <summary>Bytes of the buffer.</summary>
    public const int SizeInBytes = 64;

    /// <summary>Index of <see cref="TokenId"/> among the buffer's words.</summary>
    public const int TokenIdIndex = 1;

    /// <summary>Entries of the ring of token ids that the samplers write, at <see cref="StepIndex"/> modulo this.</summary>
    public const int RingSize = 64;

    /// <summary>In the ring, in place of a token id: a logit is NaN or positive infinity.</summary>
    public const uint LogitsNotFinite = 0xFFFF_FFFE;

    /// <summary>In the ring, in place of a token id: all logits are negative infinity, which excludes a token.</summary>
    public const uint NoTokenAllowed = 0xFFFF_FFFF;

    /// <summary>Index of the token processed now: the number of tokens cached before it.</summary>
    public uint Position;

    /// <summary>The token processed now.</summary>
    public uint TokenId;

    /// <summary>Tokens selected so far: the counter of the random numbers and of the output ring.</summary>
    public uint StepIndex;

    /// <summary>Lower half of the seed.</summary>
    public uint SeedLo;

    /// <summary>Upper half of the seed.</summary>
    public uint SeedHi;

    /// <summary>Divides the logits; 0 selects greedily.</summary>
    public float Temperature;

    /// <summary>Keeps the k most likely tokens; 0 is off.</summary>
    public uint TopK;

    /// <summary>Keeps the most likely tokens whose probabilities reach this sum; 1 is off.</summary>
    public float TopP;

    /// <summary>Drops tokens less likely than this times the most likely one; 0 is off.</summary>
    public float MinP;

    /// <summary>Keeps the tokens of most typical information whose probabilities reach this sum; 1 is off.</summary>
    public float TypicalP;

    /// <summary>Divides positive logits of tokens seen before, multiplies negative ones; 1 is off.</summary>
    public float RepetitionPenalty;

    /// <summary>Taken from a token's logit for each time it was seen before.</summary>
    public float FrequencyPenalty;

    /// <summary>Taken from a token's logit once if it was seen before.</summary>
    public float PresencePenalty;

    /// <summary>How many of the latest tokens count as seen before; 0: all.</summary>
    public uint PenaltyWindow;

    /// <summary>What changes the logits before the choice.</summary>
    public LogitAdjustments Adjustments;

    /// <summary>Tokens whose log-probabilities are wanted beside the chosen one's.</summary>
    public uint Alternatives;

    /// <inheritdoc/>
    public readonly bool Equals(StepState other) => MemoryMarshal.AsBytes(new ReadOnlySpan<StepState>(in this))
        .SequenceEqual(MemoryMarshal.AsBytes(new ReadOnlySpan<StepState>(in other)));

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is StepState other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode() => HashCode.Combine(Position, TokenId, StepIndex, SeedLo, SeedHi, Temperature, TopK, TopP);

    /// <summary>Equal in every field.</summary>
    public static bool operator ==(StepState left, StepState right) => left.Equals(right);

    /// <summary>Different in some field.</summary>
    public static bool operator !=(StepState left, StepState right) => !left.Equals(right);
}
