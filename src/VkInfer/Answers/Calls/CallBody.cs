namespace VkInfer.Answers.Calls;

/// <summary>How far a call has been read.</summary>
internal enum BodyState
{
    /// <summary>More of the stream is needed.</summary>
    More,

    /// <summary>The call was read.</summary>
    Done,

    /// <summary>It is no call; nothing of it was told. What was read is in <see cref="CallBody.Raw"/>.</summary>
    Failed,
}

/// <summary>Reads what stands between the markers of a tool call, one call or several.</summary>
internal abstract class CallBody
{
    /// <summary>What was read of something that is no call.</summary>
    public string Raw { get; protected set; } = "";

    /// <summary>Reads on.</summary>
    /// <param name="buffer">The stream.</param>
    /// <param name="pieces">Receives the call.</param>
    /// <param name="isEnd">Whether nothing more will come: then the answer is not <see cref="BodyState.More"/>.</param>
    public abstract BodyState Read(AnswerBuffer buffer, PieceWriter pieces, bool isEnd);
}
