using VkInfer.Answers.Calls;

namespace VkInfer.Answers.Formats;

/// <summary>
/// Reads answers of Llama 3: an answer that begins with a JSON object that has a name, behind <c>&lt;|python_tag|&gt;</c> or at once, is
/// calls,
/// with semicolons between; any other is text.
/// </summary>
internal sealed class LlamaParser : AnswerParser
{
    private static readonly string Tag = AnswerBuffer.Control("<|python_tag|>");

    private CallBody? _body;
    private string _tag = "";
    private bool _isText;

    /// <inheritdoc/>
    public override bool IsReasoning => false;

    private protected override bool Step(bool isEnd)
    {
        if (_isText)
        {
            Pieces.Write(Buffer.TakeUntil([], isEnd, out _), isReasoning: false);
            return false;
        }

        if (_body is null)
        {
            string rest = Buffer.Rest.TrimStart();
            bool isTag = rest.StartsWith(Tag, StringComparison.Ordinal);
            bool isBehindCall = Pieces.Calls > 0 && rest.StartsWith(';');
            if (rest.Length == 0)
            {
                _isText = isEnd;
                return isEnd;
            }

            if (isTag || isBehindCall)
            {
                Buffer.SkipSpace();
                _tag = Buffer.Take(isTag ? Tag.Length : 1);
                return true;
            }

            _isText = rest[0] != '{';
            _body = _isText ? null : new JsonCallBody();
            return true;
        }

        switch (_body.Read(Buffer, Pieces, isEnd))
        {
            case BodyState.More:
                return false;
            case BodyState.Failed:
                _isText = true;
                Pieces.Write(_body.Raw, isReasoning: false);
                break;
        }

        _body = null;
        return true;
    }
}
