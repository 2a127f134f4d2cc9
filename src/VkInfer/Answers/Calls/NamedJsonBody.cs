namespace VkInfer.Answers.Calls;

/// <summary>A call as a name and, behind a marker or at once, a JSON object: <c>name[ARGS]{…}</c>. An id may stand between.</summary>
/// <param name="separator">What stands before the arguments; may be left out before a brace.</param>
/// <param name="idSeparator">What stands before an id; null: there are none.</param>
internal sealed class NamedJsonBody(string separator, string? idSeparator = null) : CallBody
{
    private readonly string[] _markers = idSeparator is null ? [separator, "{"] : [separator, idSeparator, "{"];
    private JsonValueReader _value;
    private string? _name;
    private string? _id;
    private string _head = "";
    private bool _hasBegun;

    public override BodyState Read(AnswerBuffer buffer, PieceWriter pieces, bool isEnd)
    {
        while (!_hasBegun)
        {
            _head += buffer.TakeUntil(_markers, isEnd, out string? marker);
            if (marker is null)
            {
                Raw = _name + _head;
                return isEnd ? BodyState.Failed : BodyState.More;
            }

            if (_name is null)
            {
                _name = AnswerBuffer.WithoutControls(_head).Trim();
            }
            else
            {
                _id = AnswerBuffer.WithoutControls(_head).Trim();
            }

            _head = "";
            if (_name.Length == 0)
            {
                Raw = marker;
                return BodyState.Failed;
            }

            if (marker != idSeparator)
            {
                pieces.Call(_name);
                _hasBegun = true;
                if (marker == "{")
                {
                    _value.Read('{');
                    pieces.Arguments("{");
                }
            }
        }

        return ReadArguments(ref _value, buffer, pieces, isEnd, string.IsNullOrEmpty(_id) ? null : _id);
    }

    /// <summary>Tells arguments up to the end of their JSON value.</summary>
    internal static BodyState ReadArguments(
        ref JsonValueReader value, AnswerBuffer buffer, PieceWriter pieces, bool isEnd, string? id = null)
    {
        string text = buffer.Rest;
        for (int i = 0; i < text.Length; i++)
        {
            JsonValueReader.Effect effect = value.Read(text[i]);
            if (effect != JsonValueReader.Effect.Inside)
            {
                bool isLast = effect == JsonValueReader.Effect.Last;
                pieces.Arguments(buffer.Take(isLast ? i + 1 : i));
                pieces.EndCall(isWhole: effect != JsonValueReader.Effect.Bad, id);
                return BodyState.Done;
            }
        }

        pieces.Arguments(buffer.Take(text.Length));
        if (isEnd)
        {
            pieces.EndCall(isWhole: false, id);
        }

        return isEnd ? BodyState.Done : BodyState.More;
    }
}
