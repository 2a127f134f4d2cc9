namespace VkInfer.Answers.Calls;

/// <summary>
/// A call in GLM's way: its name, then <c>&lt;arg_key&gt;…&lt;/arg_key&gt;</c> and <c>&lt;arg_value&gt;…&lt;/arg_value&gt;</c> for each
/// argument.
/// Each argument is told when it is whole.
/// </summary>
/// <param name="tools">The tools, whose schemas give the arguments' types.</param>
/// <param name="mark">A text as a marker of the vocabulary.</param>
/// <param name="close">What ends the call.</param>
internal sealed class KeyValueBody(IReadOnlyList<ToolDefinition> tools, Func<string, string> mark, string close) : CallBody
{
    private readonly string _openKey = mark("<arg_key>"), _closeKey = mark("</arg_key>");
    private readonly string _openValue = mark("<arg_value>"), _closeValue = mark("</arg_value>");

    private ArgumentsWriter? _arguments;
    private string _text = "";
    private string _key = "";
    private int _place;

    public override BodyState Read(AnswerBuffer buffer, PieceWriter pieces, bool isEnd)
    {
        while (true)
        {
            // The name, then in turn: before a key, the key, before a value, the value.
            string[] markers = _place switch
            {
                0 or 1 => [_openKey, close],
                2 => [_closeKey],
                3 => [_openValue, close],
                _ => [_closeValue],
            };
            _text += buffer.TakeUntil(markers, isEnd, out string? marker);
            if (marker is null)
            {
                if (!isEnd)
                {
                    return BodyState.More;
                }

                Raw = _text;
                _arguments?.End(isWhole: false);
                return _arguments is null ? BodyState.Failed : BodyState.Done;
            }

            string text = AnswerBuffer.WithoutControls(_text);
            if (_place == 0)
            {
                string name = text.Trim();
                if (name.Length == 0 || name.Any(char.IsWhiteSpace))
                {
                    buffer.PutBack(marker);
                    Raw = _text;
                    return BodyState.Failed;
                }

                pieces.Call(name);
                _arguments = new ArgumentsWriter(tools, name, pieces);
            }

            _text = "";
            if (marker == close)
            {
                buffer.PutBack(marker);
                _arguments!.End(isWhole: _place is 0 or 1);
                return BodyState.Done;
            }

            if (_place == 2)
            {
                _key = text.Trim();
            }
            else if (_place == 4)
            {
                _arguments!.Add(_key, text);
            }

            _place = _place is 0 or 1 ? 2 : _place == 4 ? 1 : _place + 1;
        }
    }
}
