namespace VkInfer.Engine.Answers;

/// <summary>
/// Takes the tokens of one request. Called by the engine's loop alone, which nothing here may hold up: no user's code runs.
/// </summary>
internal interface ITokenReceiver
{
    /// <summary>Says that the prompt is processed; before the first token.</summary>
    /// <param name="cachedTokens">Tokens of it that cost nothing.</param>
    void Begin(int cachedTokens);

    /// <summary>Says that a step verified guesses, before it hands over the tokens that it chose.</summary>
    /// <param name="drafted">How many.</param>
    /// <param name="accepted">How many of them hold.</param>
    void Verified(int drafted, int accepted)
    {
    }

    /// <summary>Takes a token.</summary>
    /// <returns>What is to become of the sequence.</returns>
    Reception Accept(int token, TokenLogProbabilities? logProbabilities);

    /// <summary>The engine ends the request, for a reason of its own.</summary>
    void End(FinishReason reason);

    /// <summary>The request has failed, or was cancelled. May be called at any time but after an end.</summary>
    void Fail(Exception exception);
}

/// <summary>What a receiver says of a token.</summary>
internal enum Reception
{
    /// <summary>More.</summary>
    GoOn,

    /// <summary>No more until the receiver asks for it.</summary>
    Wait,

    /// <summary>That was the last.</summary>
    Ended,
}
