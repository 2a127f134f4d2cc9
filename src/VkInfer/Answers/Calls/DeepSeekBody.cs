namespace VkInfer.Answers.Calls;

/// <summary>
/// Calls in DeepSeek's way: each between its own markers, its name and its arguments on two sides of a separator. Older models write the
/// word "function" before it, and the name and a fenced block of JSON behind.
/// </summary>
/// <param name="mark">A text as a marker of the vocabulary.</param>
internal sealed class DeepSeekBody(Func<string, string> mark) : CallBody
{
    private readonly string _open = mark("<｜tool▁call▁begin｜>"), _close = mark("<｜tool▁call▁end｜>");
    private readonly string _separator = mark("<｜tool▁sep｜>"), _end = mark("<｜tool▁calls▁end｜>");

    private JsonValueReader _value;
    private Place _place = Place.Between;
    private string _text = "";
    private bool _hasCalls;

    private enum Place
    {
        Between,
        Head,
        Behind,
        Name,
        Arguments,
        Tail,
    }

    public override BodyState Read(AnswerBuffer buffer, PieceWriter pieces, bool isEnd)
    {
        while (true)
        {
            switch (_place)
            {
                case Place.Between:
                    buffer.SkipSpace();
                    if (buffer.TryTake(_open))
                    {
                        (_place, _text) = (Place.Head, "");
                        break;
                    }

                    bool mayBe = buffer.IsEmpty || buffer.MayBecome(_open) || buffer.MayBecome(_end);
                    return mayBe && !isEnd ? BodyState.More : Over();
                case Place.Head when TryText(buffer, _separator, isEnd):
                    _place = Place.Behind;
                    break;
                case Place.Behind:
                    // A brace: what stood before was the name. Anything else is the name.
                    buffer.SkipSpace();
                    if (buffer.IsEmpty)
                    {
                        return isEnd ? Over() : BodyState.More;
                    }

                    bool isName = buffer.Rest[0] == '{';
                    if (isName)
                    {
                        Begin(pieces);
                    }

                    (_place, _text) = (isName ? Place.Arguments : Place.Name, "");
                    break;
                case Place.Name when TryText(buffer, "\n", isEnd):
                    Begin(pieces);
                    (_place, _text) = (Place.Arguments, "");
                    break;
                case Place.Arguments:
                    // Before the value there may be the opening of a fence.
                    _text += buffer.TakeUntil(["{"], isEnd, out string? brace);
                    if (brace is not null)
                    {
                        buffer.PutBack(brace);
                        _value = default;
                        _text = "";
                        _place = Place.Tail;
                        break;
                    }

                    if (!isEnd)
                    {
                        return BodyState.More;
                    }

                    pieces.EndCall(isWhole: false);
                    return BodyState.Done;
                case Place.Tail:
                    if (_text.Length == 0)
                    {
                        if (NamedJsonBody.ReadArguments(ref _value, buffer, pieces, isEnd) == BodyState.More)
                        {
                            return BodyState.More;
                        }

                        _text = "-";
                    }

                    buffer.TakeUntil([_close, _end], isEnd, out string? marker);
                    if (marker is null)
                    {
                        return isEnd ? BodyState.Done : BodyState.More;
                    }

                    if (marker == _end)
                    {
                        buffer.PutBack(marker);
                    }

                    _place = Place.Between;
                    break;
                default:
                    if (!isEnd)
                    {
                        return BodyState.More;
                    }

                    return Over();
            }
        }
    }

    private void Begin(PieceWriter pieces)
    {
        pieces.Call(AnswerBuffer.WithoutControls(_text).Trim());
        _hasCalls = true;
    }

    private bool TryText(AnswerBuffer buffer, string marker, bool isEnd)
    {
        _text += buffer.TakeUntil([marker], isEnd, out string? found);
        return found is not null;
    }

    private BodyState Over()
    {
        Raw = _text;
        return _hasCalls ? BodyState.Done : BodyState.Failed;
    }
}
