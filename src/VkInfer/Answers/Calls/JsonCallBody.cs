using System.Text;
using System.Text.Json;

namespace VkInfer.Answers.Calls;

/// <summary>
/// A call as a JSON object: <c>{"name": "…", "arguments": {…}}</c>, with the members in any order. Arguments stream once the name is known.
/// </summary>
internal sealed class JsonCallBody : CallBody
{
    private readonly StringBuilder _raw = new();
    private readonly StringBuilder _member = new();
    private readonly StringBuilder _arguments = new();
    private JsonValueReader _value;
    private Place _place = Place.Start;
    private string _key = "";
    private string? _name;
    private string? _id;
    private bool _hasArguments;
    private bool _hasBegun;

    private enum Place
    {
        Start,
        Key,
        InKey,
        Colon,
        Value,
        Done,
    }

    public override BodyState Read(AnswerBuffer buffer, PieceWriter pieces, bool isEnd)
    {
        string text = buffer.Rest;
        int read = 0;
        bool isBad = false;
        while (read < text.Length && _place != Place.Done)
        {
            (bool isTaken, isBad) = Read(text[read]);
            if (isBad)
            {
                break;
            }

            read += isTaken ? 1 : 0;
        }

        _raw.Append(buffer.Take(read));
        bool isOver = _place == Place.Done || isBad || isEnd;
        if (_name is null)
        {
            Raw = _raw.ToString();
            return isOver ? BodyState.Failed : BodyState.More;
        }

        Tell(pieces, isOver);
        if (isOver)
        {
            pieces.EndCall(isWhole: _place == Place.Done || (isBad && _place == Place.Key && _hasArguments), _id);
        }

        return isOver ? BodyState.Done : BodyState.More;
    }

    private void Tell(PieceWriter pieces, bool isOver)
    {
        if (!_hasBegun)
        {
            pieces.Call(_name!);
            _hasBegun = true;
        }

        // Arguments in a string of their own are told when the string is whole.
        bool isText = _key is "arguments" or "parameters" && _place == Place.Value && _value.IsText;
        if (!isText || isOver)
        {
            pieces.Arguments(_arguments.ToString());
            _arguments.Clear();
        }

        if (isOver && !_hasArguments && _place == Place.Done)
        {
            pieces.Arguments("{}");
        }
    }

    /// <returns>Whether the character was taken, and whether it is wrong there.</returns>
    private (bool IsTaken, bool IsBad) Read(char c)
    {
        switch (_place)
        {
            case Place.Start:
                _place = c == '{' ? Place.Key : _place;
                return (true, c != '{' && !char.IsWhiteSpace(c));
            case Place.Key:
                if (c == '"')
                {
                    _member.Clear().Append(c);
                    _value = default;
                    _value.Read(c);
                    _place = Place.InKey;
                }

                _place = c == '}' ? Place.Done : _place;
                return (true, c is not ('"' or '}' or ',') && !char.IsWhiteSpace(c));
            case Place.InKey:
                _member.Append(c);
                if (_value.Read(c) == JsonValueReader.Effect.Last)
                {
                    _key = Text(_member) ?? "";
                    _place = Place.Colon;
                }

                return (true, false);
            case Place.Colon:
                if (c == ':')
                {
                    _member.Clear();
                    _value = default;
                    _place = Place.Value;
                }

                return (true, c != ':' && !char.IsWhiteSpace(c));
            default:
                return ReadValue(c);
        }
    }

    private (bool IsTaken, bool IsBad) ReadValue(char c)
    {
        JsonValueReader.Effect effect = _value.Read(c);
        if (effect == JsonValueReader.Effect.Bad)
        {
            return (false, true);
        }

        bool isArguments = _key is "arguments" or "parameters";
        StringBuilder target = isArguments ? _arguments : _member;
        if (effect is JsonValueReader.Effect.Inside or JsonValueReader.Effect.Last && _value.HasBegun)
        {
            target.Append(c);
            _hasArguments |= isArguments;
        }

        if (effect is JsonValueReader.Effect.Last or JsonValueReader.Effect.Behind)
        {
            _place = Place.Key;
            return (effect == JsonValueReader.Effect.Last, !EndValue(isArguments));
        }

        return (true, false);
    }

    private bool EndValue(bool isArguments)
    {
        if (isArguments)
        {
            if (_value.IsText && Text(_arguments) is { } inner)
            {
                _arguments.Clear().Append(inner);
            }

            return true;
        }

        switch (_key)
        {
            case "name" or "function":
                // What was told once is not told otherwise later.
                _name ??= Text(_member);
                return !string.IsNullOrEmpty(_name);
            case "id":
                _id = Text(_member);
                return true;
            default:
                return true;
        }
    }

    private static string? Text(StringBuilder json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json.ToString());
            return document.RootElement.ValueKind == JsonValueKind.String ? document.RootElement.GetString() : null;
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            return null; // No JSON, or a lone surrogate.
        }
    }
}
