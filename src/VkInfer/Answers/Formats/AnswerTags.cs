using VkInfer.Answers.Calls;

namespace VkInfer.Answers.Formats;

/// <summary>The markers around the parts of an answer, as they stand in a stream (<see cref="AnswerBuffer"/>).</summary>
internal sealed record AnswerTags
{
    /// <summary>What stands around reasoning; null: there is none.</summary>
    public (string Open, string Close)? Reasoning { get; init; }

    /// <summary>What stands around calls; null: there are none.</summary>
    public CallTags? Calls { get; init; }

    /// <summary>What stands around calls.</summary>
    /// <param name="Open">Before them.</param>
    /// <param name="Close">Behind them; null: nothing.</param>
    /// <param name="Next">What another call between the same markers begins with; null: there is one, or the body reads them all.</param>
    /// <param name="Body">Reads them.</param>
    internal readonly record struct CallTags(string Open, string? Close, string? Next, Func<CallBody> Body);
}
