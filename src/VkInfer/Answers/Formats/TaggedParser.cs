using VkInfer.Answers.Calls;

namespace VkInfer.Answers.Formats;

/// <summary>Reads answers whose reasoning and calls stand between an opening and a closing marker.</summary>
/// <param name="tags">The markers.</param>
/// <param name="startsInReasoning">Whether the prompt has opened the reasoning already.</param>
internal sealed class TaggedParser(AnswerTags tags, bool startsInReasoning) : AnswerParser
{
    private readonly string[] _inText =
    [
        .. (tags.Reasoning is { } reasoning ? [reasoning.Open, reasoning.Close] : Array.Empty<string>()),
        .. (tags.Calls is { } calls ? [calls.Open] : Array.Empty<string>()),
    ];

    private Section _section = startsInReasoning && tags.Reasoning is not null ? Section.Reasoning : Section.Text;
    private CallBody? _body;
    private bool _hasStarted;

    private enum Section
    {
        Text,
        Reasoning,
        Call,
        BehindCall,
    }

    /// <inheritdoc/>
    public override bool IsReasoning => _section == Section.Reasoning;

    private protected override bool Step(bool isEnd)
    {
        if (!_hasStarted)
        {
            _hasStarted = true;
            if (_section == Section.Reasoning)
            {
                Pieces.Break();
            }
        }

        switch (_section)
        {
            case Section.Text:
                Pieces.Write(Buffer.TakeUntil(_inText, isEnd, out string? marker), isReasoning: false);
                if (marker is null)
                {
                    return false;
                }

                if (marker == tags.Calls?.Open)
                {
                    _section = Section.Call;
                    return true;
                }

                Pieces.Break();
                _section = marker == tags.Reasoning?.Open ? Section.Reasoning : Section.Text;
                return true;
            case Section.Reasoning:
                Pieces.Write(Buffer.TakeUntil([tags.Reasoning!.Value.Close], isEnd, out string? close), isReasoning: true);
                if (close is null)
                {
                    return false;
                }

                Pieces.Break();
                _section = Section.Text;
                return true;
            case Section.Call:
                return ReadCall(isEnd);
            default:
                return EndCall(isEnd);
        }
    }

    private bool ReadCall(bool isEnd)
    {
        AnswerTags.CallTags calls = tags.Calls!.Value;
        _body ??= calls.Body();
        BodyState state = _body.Read(Buffer, Pieces, isEnd);
        if (state == BodyState.More)
        {
            return false;
        }

        if (state == BodyState.Failed)
        {
            // Not what the format says: it is text, marker and all.
            Pieces.Write(calls.Open + _body.Raw, isReasoning: false);
        }

        _body = null;
        _section = state == BodyState.Done ? Section.BehindCall : Section.Text;
        return true;
    }

    /// <summary>Reads the closing marker, or goes on where it was left out; several calls may stand between two markers.</summary>
    private bool EndCall(bool isEnd)
    {
        AnswerTags.CallTags calls = tags.Calls!.Value;
        Buffer.SkipSpace();
        if (Buffer.IsEmpty)
        {
            return false;
        }

        if (calls.Close is { } close && Buffer.TryTake(close))
        {
            _section = Section.Text;
        }
        else if (!isEnd && ((calls.Close is { } end && Buffer.MayBecome(end)) || (calls.Next is { } another && Buffer.MayBecome(another))))
        {
            return false;
        }
        else
        {
            _section = calls.Next is { } next && Buffer.Rest.StartsWith(next, StringComparison.Ordinal) ? Section.Call : Section.Text;
        }

        return true;
    }
}
