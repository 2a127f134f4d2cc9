namespace VkInfer.Answers.Calls;

/// <summary>
/// A call in Qwen3-Coder's way: <c>&lt;function=name&gt;</c>, then for each argument <c>&lt;parameter=key&gt;</c> and its text up to
/// <c>&lt;/parameter&gt;</c>, then <c>&lt;/function&gt;</c>. Each argument is told when it is whole.
/// </summary>
internal sealed class XmlFunctionBody(IReadOnlyList<ToolDefinition> tools) : CallBody
{
    private const string Function = "<function=", EndFunction = "</function>", Parameter = "<parameter=", EndParameter = "</parameter>";

    private ArgumentsWriter? _arguments;
    private string _text = "";
    private string? _key;
    private Place _place = Place.Start;

    private enum Place
    {
        Start,
        Name,
        Arguments,
        Key,
        Value,
    }

    public override BodyState Read(AnswerBuffer buffer, PieceWriter pieces, bool isEnd)
    {
        while (true)
        {
            switch (_place)
            {
                case Place.Start:
                    buffer.SkipSpace();
                    if (!buffer.TryTake(Function))
                    {
                        return !isEnd && buffer.MayBecome(Function) ? BodyState.More : BodyState.Failed;
                    }

                    _place = Place.Name;
                    break;
                case Place.Name when TryText(buffer, [">", "\n"], isEnd, out _):
                    Raw = Function + _text;
                    if (_text.Trim().Length == 0)
                    {
                        return BodyState.Failed;
                    }

                    pieces.Call(_text.Trim());
                    _arguments = new ArgumentsWriter(tools, _text.Trim(), pieces);
                    (_text, _place) = ("", Place.Arguments);
                    break;
                case Place.Arguments when TryText(buffer, [Parameter, EndFunction, "</tool_call>"], isEnd, out string marker):
                    _text = "";
                    if (marker != Parameter)
                    {
                        _arguments!.End(isWhole: true);
                        return End(buffer, marker);
                    }

                    _place = Place.Key;
                    break;
                case Place.Key when TryText(buffer, [">"], isEnd, out _):
                    (_key, _text, _place) = (_text.Trim(), "", Place.Value);
                    break;
                case Place.Value when TryText(buffer, [EndParameter, EndFunction], isEnd, out string marker):
                    _arguments!.Add(_key!, Value(_text));
                    (_text, _place) = ("", Place.Arguments);
                    if (marker == EndFunction)
                    {
                        _arguments.End(isWhole: true);
                        return BodyState.Done;
                    }

                    break;
                default:
                    if (!isEnd)
                    {
                        return BodyState.More;
                    }

                    Raw = Function + _text;
                    _arguments?.End(isWhole: false);
                    return _arguments is null ? BodyState.Failed : BodyState.Done;
            }
        }
    }

    private bool TryText(AnswerBuffer buffer, string[] markers, bool isEnd, out string marker)
    {
        _text += buffer.TakeUntil(markers, isEnd, out string? found);
        marker = found ?? "";
        return found is not null;
    }

    /// <summary>One line end belongs to each tag.</summary>
    private static string Value(string text)
    {
        text = AnswerBuffer.WithoutControls(text);
        text = text.StartsWith('\n') ? text[1..] : text;
        return text.EndsWith('\n') ? text[..^1] : text;
    }

    private static BodyState End(AnswerBuffer buffer, string marker)
    {
        // The function's own end was left out: what closes the call is still to be read.
        if (marker != EndFunction)
        {
            buffer.PutBack(marker);
        }

        return BodyState.Done;
    }
}
