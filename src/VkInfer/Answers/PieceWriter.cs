namespace VkInfer.Answers;

/// <summary>
/// Collects pieces. White space between sections (reasoning, text, calls) belongs to none of them: it is held back until it is known what
/// follows. An answer that is text alone stays as it is.
/// </summary>
internal sealed class PieceWriter
{
    private List<AnswerPiece> _pieces = [];
    private string _space = "";
    private bool _isReasoning;
    private bool _isFresh;
    private int _calls;

    /// <summary>Number of calls so far.</summary>
    public int Calls => _calls;

    /// <summary>What has come since this was last asked.</summary>
    public IReadOnlyList<AnswerPiece> Drain()
    {
        if (_pieces.Count == 0)
        {
            return [];
        }

        List<AnswerPiece> pieces = _pieces;
        _pieces = [];
        return pieces;
    }

    /// <summary>Adds text or reasoning; control tokens in it are left out.</summary>
    public void Write(string text, bool isReasoning)
    {
        text = AnswerBuffer.WithoutControls(text);
        if (text.Length == 0)
        {
            return;
        }

        if (isReasoning != _isReasoning)
        {
            Break();
            _isReasoning = isReasoning;
        }

        text = _space + text;
        text = _isFresh ? text.TrimStart() : text;
        string solid = text.TrimEnd();
        _space = text[solid.Length..];
        if (solid.Length > 0)
        {
            _isFresh = false;
            _pieces.Add(isReasoning ? new ReasoningPiece(solid) : new TextPiece(solid));
        }
    }

    /// <summary>Ends a section.</summary>
    public void Break() => (_space, _isFresh) = ("", true);

    /// <summary>Begins a call.</summary>
    public void Call(string name)
    {
        Break();
        _pieces.Add(new ToolCallPiece(_calls, name));
    }

    /// <summary>Adds to the arguments of the call that was begun.</summary>
    public void Arguments(string json)
    {
        json = AnswerBuffer.WithoutControls(json);
        if (json.Length > 0)
        {
            _pieces.Add(new ToolArgumentsPiece(_calls, json));
        }
    }

    /// <summary>Ends the call that was begun.</summary>
    public void EndCall(bool isWhole, string? id = null) => _pieces.Add(new ToolCallEndPiece(_calls++, id, isWhole));

    /// <summary>Ends the answer.</summary>
    public void End()
    {
        if (_space.Length > 0 && !_isReasoning && !_isFresh)
        {
            _pieces.Add(new TextPiece(_space));
        }

        Break();
    }
}
