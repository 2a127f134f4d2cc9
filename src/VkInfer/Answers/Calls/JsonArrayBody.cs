namespace VkInfer.Answers.Calls;

/// <summary>Calls as a JSON array of objects.</summary>
internal sealed class JsonArrayBody : CallBody
{
    private JsonCallBody? _call;
    private bool _isOpen;
    private bool _hasCalls;

    public override BodyState Read(AnswerBuffer buffer, PieceWriter pieces, bool isEnd)
    {
        while (true)
        {
            if (_call is not null)
            {
                BodyState state = _call.Read(buffer, pieces, isEnd);
                if (state == BodyState.Failed)
                {
                    Raw += _call.Raw;
                    return _hasCalls ? BodyState.Done : BodyState.Failed;
                }

                if (state == BodyState.More)
                {
                    return state;
                }

                (_call, _hasCalls) = (null, true);
            }

            buffer.SkipSpace();
            if (buffer.IsEmpty)
            {
                return !isEnd ? BodyState.More : _hasCalls ? BodyState.Done : BodyState.Failed;
            }

            char next = buffer.Rest[0];
            switch (next)
            {
                case '[' when !_isOpen:
                    _isOpen = true;
                    Raw += buffer.Take(1);
                    break;
                case ',' when _hasCalls:
                    buffer.Take(1);
                    break;
                case ']' when _isOpen:
                    Raw += buffer.Take(1);
                    return _hasCalls ? BodyState.Done : BodyState.Failed;
                case '{':
                    _call = new JsonCallBody();
                    break;
                default:
                    return _hasCalls ? BodyState.Done : BodyState.Failed;
            }
        }
    }
}
