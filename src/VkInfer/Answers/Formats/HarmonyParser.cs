using VkInfer.Answers.Calls;

namespace VkInfer.Answers.Formats;

/// <summary>
/// Reads answers in channels: a header up to <c>&lt;|message|&gt;</c>, which names the channel and perhaps a recipient, then its content.
/// What has a recipient is a call, on whichever channel; <c>analysis</c> is reasoning, the others are text.
/// </summary>
/// <param name="hasTools">Whether there is anything to call; else the channel alone says what a message is.</param>
internal sealed class HarmonyParser(bool hasTools) : AnswerParser
{
    private const int MostHeader = 500;
    private const string Functions = "functions.";

    private static readonly string Message = AnswerBuffer.Control("<|message|>"), Channel = AnswerBuffer.Control("<|channel|>");

    private static readonly string[] Ends =
        [.. new[] { "<|end|>", "<|call|>", "<|return|>", "<|start|>" }.Select(AnswerBuffer.Control)];

    private readonly string[] _inHeader = [Message, .. Ends];
    private readonly string[] _inContent = [.. Ends, Channel];
    private string _header = "";
    private bool _isHeader = true;
    private bool _isCall;
    private bool _isReasoning;
    private JsonValueReader _arguments;
    private bool _isWhole; // The arguments are a whole value.

    /// <inheritdoc/>
    public override bool IsReasoning => _isReasoning && !_isHeader;

    private protected override bool Step(bool isEnd)
    {
        if (_isHeader)
        {
            _header += Buffer.TakeUntil(_inHeader, isEnd, out string? marker);
            if (marker == Message)
            {
                Open();
                return true;
            }

            bool isNone = marker is null && (isEnd || _header.Length > MostHeader);
            if (isNone && _header.Length > 0)
            {
                // No header at all: the answer is text.
                _isHeader = false;
                (string text, _header) = (_header, "");
                Pieces.Write(text, isReasoning: false);
                return true;
            }

            // A message that ends before its content has none.
            _header = marker is null ? _header : "";
            return marker is not null;
        }

        string content = Buffer.TakeUntil(_inContent, isEnd, out string? end);
        if (_isCall)
        {
            ReadArguments(AnswerBuffer.WithoutControls(content));
        }
        else
        {
            Pieces.Write(content, _isReasoning);
        }

        if (end is not null)
        {
            Close(isWhole: true);
            _header = end == Channel ? Channel : "";
        }

        return end is not null;
    }

    private protected override void Finish()
    {
        if (!_isHeader)
        {
            // The token that ends a call ends the answer, and is not told.
            Close(_isWhole);
        }
    }

    private void Open()
    {
        _isHeader = false;
        int channel = _header.IndexOf(Channel, StringComparison.Ordinal);
        string[] words = AnswerBuffer.WithoutControls(channel < 0 ? "" : _header[(channel + Channel.Length)..])
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string? to = AnswerBuffer.WithoutControls(_header.Replace(Channel, " ", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .FirstOrDefault(word => word.StartsWith("to=", StringComparison.Ordinal))?[3..];
        _isReasoning = words is ["analysis", ..];
        _isCall = hasTools && !string.IsNullOrEmpty(to);
        (_arguments, _isWhole) = (default, false);
        Pieces.Break();
        if (_isCall)
        {
            Pieces.Call(to!.StartsWith(Functions, StringComparison.Ordinal) ? to[Functions.Length..] : to);
        }

        _header = "";
    }

    private void ReadArguments(string json)
    {
        foreach (char c in json)
        {
            _isWhole |= _arguments.Read(c) == JsonValueReader.Effect.Last;
        }

        Pieces.Arguments(json);
    }

    private void Close(bool isWhole)
    {
        if (_isCall)
        {
            Pieces.EndCall(isWhole);
        }

        Pieces.Break();
        (_isHeader, _isCall) = (true, false);
    }
}
