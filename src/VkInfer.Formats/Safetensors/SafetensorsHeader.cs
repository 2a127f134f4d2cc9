using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text.Json;

namespace VkInfer.Formats;

/// <summary>
/// Reads and validates the header of a safetensors file, after the format's specification (huggingface/safetensors, README.md): eight bytes
/// of length, that many bytes of JSON, then the data, every byte of which belongs to exactly one tensor.
/// </summary>
internal sealed class SafetensorsHeader
{
    private const int LengthBytes = 8;

    /// <summary>The specification's own bound.</summary>
    private const long MaxHeaderBytes = 100_000_000;

    private const int MaxNameBytes = 1024;
    private const int MaxDimensions = 4;

    /// <summary>The header, a tensor, and a list in it.</summary>
    private const int MaxDepth = 3;

    private const string MetadataName = "__metadata__";

    private readonly string _path;
    private readonly int _part;
    private readonly long _dataStart;
    private readonly long _dataLength;
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    private SafetensorsHeader(string path, int part, long dataStart, long dataLength)
    {
        _path = path;
        _part = part;
        _dataStart = dataStart;
        _dataLength = dataLength;
    }

    private List<GgufTensor> Tensors { get; } = [];

    /// <summary>Reads a header.</summary>
    /// <param name="file">The file.</param>
    /// <param name="path">What messages call it.</param>
    /// <param name="part">Its number among the files of the model.</param>
    /// <returns>The tensors in the order of the header.</returns>
    /// <exception cref="ModelFormatException">The header or what it says about the data is wrong.</exception>
    public static List<GgufTensor> Read(FileBytes file, string path, int part)
    {
        if (file.Length < LengthBytes)
        {
            throw new ModelFormatException(path, 0, "the file ends within the header length", $"{LengthBytes} bytes", $"{file.Length}");
        }

        Span<byte> prefix = stackalloc byte[LengthBytes];
        file.Read(0, prefix);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        long limit = Math.Min(file.Length - LengthBytes, MaxHeaderBytes);
        if (length > (ulong)limit)
        {
            throw new ModelFormatException(path, 0, "header length is out of range", $"at most {limit} bytes", $"{length}");
        }

        var header = new SafetensorsHeader(path, part, LengthBytes + (long)length, file.Length - LengthBytes - (long)length);
        byte[] json = new byte[length];
        file.Read(LengthBytes, json);
        header.Parse(json);
        header.CheckPlacement();
        return header.Tensors;
    }

    private void Parse(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            Expect(ref reader, JsonTokenType.StartObject, "the header");
            while (ReadName(ref reader, out string? name, out long position))
            {
                if (!_names.Add(name))
                {
                    throw Error(position, $"duplicate name {DisplayText.Quote(name)}");
                }

                if (name == MetadataName)
                {
                    ReadMetadata(ref reader);
                }
                else
                {
                    Tensors.Add(Tensors.Count < GgufLimits.MaxTensors
                        ? ReadTensor(ref reader, name, position)
                        : throw Error(position, "there are too many tensors", $"at most {GgufLimits.MaxTensors}"));
                }
            }

            // A header may be padded with white space; the reader refuses anything else.
            while (reader.Read())
            {
            }
        }
        catch (JsonException exception)
        {
            throw Error(LengthBytes + reader.BytesConsumed, $"the header is not valid JSON ({DisplayText.Quote(exception.Message)})");
        }
        catch (InvalidOperationException)
        {
            throw Error(LengthBytes + reader.TokenStartIndex, "the header is not valid UTF-8");
        }
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartObject, MetadataName);
        while (ReadName(ref reader, out _, out _))
        {
            Expect(ref reader, JsonTokenType.String, "a value of " + MetadataName);
        }
    }

    private GgufTensor ReadTensor(ref Utf8JsonReader reader, string name, long position)
    {
        if (name.Length == 0 || name.Length > MaxNameBytes || name.Any(char.IsControl))
        {
            throw Error(
                position, $"tensor name {DisplayText.Quote(name)} is not allowed",
                $"1 to {MaxNameBytes} characters without control characters");
        }

        (GgufTensorType Type, int Bytes)? type = null;
        ImmutableArray<long>? shape = null;
        (long Start, long End)? range = null;
        Expect(ref reader, JsonTokenType.StartObject, $"tensor {DisplayText.Quote(name)}");
        while (ReadName(ref reader, out string? field, out long fieldPosition))
        {
            switch (field)
            {
                case "dtype" when type is null:
                    Expect(ref reader, JsonTokenType.String, "dtype");
                    type = TypeOf(reader.GetString()!, name, fieldPosition);
                    break;
                case "shape" when shape is null:
                    shape = ReadShape(ref reader, name);
                    break;
                case "data_offsets" when range is null:
                    range = ReadRange(ref reader, name);
                    break;
                default:
                    throw Error(
                        fieldPosition, $"field {DisplayText.Quote(field)} of tensor {DisplayText.Quote(name)} is unknown or a duplicate");
            }
        }

        if (type is not { } t || shape is not { } s || range is not { } r)
        {
            throw Error(position, $"tensor {DisplayText.Quote(name)} lacks a field", "dtype, shape and data_offsets");
        }

        var bytes = (UInt128)(ulong)t.Bytes;
        foreach (long dimension in s)
        {
            // Stays below 2^128: each factor is below 2^63, and the product is looked at after each.
            bytes *= (ulong)dimension;
            if (bytes > long.MaxValue)
            {
                throw Error(position, $"the size of tensor {DisplayText.Quote(name)} overflows", $"at most {long.MaxValue} bytes");
            }
        }

        return bytes == (ulong)(r.End - r.Start)
            ? new GgufTensor(name, t.Type, s, _dataStart + r.Start, r.End - r.Start, _part)
            : throw Error(
                position, $"data_offsets of tensor {DisplayText.Quote(name)} do not fit its dtype and shape", $"{bytes} bytes",
                $"{r.End - r.Start}");
    }

    /// <summary>The sizes, turned into ggml's order; a scalar is a row of one.</summary>
    private ImmutableArray<long> ReadShape(ref Utf8JsonReader reader, string name)
    {
        Expect(ref reader, JsonTokenType.StartArray, "shape");
        var dimensions = new List<long>(MaxDimensions);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long dimension) || dimension < 1)
            {
                throw Error(
                    LengthBytes + reader.TokenStartIndex, $"a dimension of tensor {DisplayText.Quote(name)} is out of range",
                    $"1 to {long.MaxValue}");
            }

            if (dimensions.Count == MaxDimensions)
            {
                throw Error(
                    LengthBytes + reader.TokenStartIndex, $"tensor {DisplayText.Quote(name)} has too many dimensions",
                    $"at most {MaxDimensions}");
            }

            dimensions.Add(dimension);
        }

        dimensions.Reverse();
        return dimensions.Count == 0 ? [1] : [.. dimensions];
    }

    private (long Start, long End) ReadRange(ref Utf8JsonReader reader, string name)
    {
        Expect(ref reader, JsonTokenType.StartArray, "data_offsets");
        long position = LengthBytes + reader.TokenStartIndex;
        if (ReadOffset(ref reader) is { } start && ReadOffset(ref reader) is { } end && start <= end && end <= _dataLength
            && reader.Read() && reader.TokenType == JsonTokenType.EndArray)
        {
            return (start, end);
        }

        throw Error(
            position, $"data_offsets of tensor {DisplayText.Quote(name)} are wrong", $"two ascending numbers from 0 to {_dataLength}");

        static long? ReadOffset(ref Utf8JsonReader reader) =>
            reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long value) && value >= 0 ? value : null;
    }

    private (GgufTensorType Type, int Bytes) TypeOf(string name, string tensor, long position) => name switch
    {
        "F32" => (GgufTensorType.F32, 4),
        "F16" => (GgufTensorType.F16, 2),
        "BF16" => (GgufTensorType.BF16, 2),
        "F64" => (GgufTensorType.F64, 8),
        "I64" => (GgufTensorType.I64, 8),
        "I32" => (GgufTensorType.I32, 4),
        "I16" => (GgufTensorType.I16, 2),
        // Bytes, to be listed, or read by who knows what they are.
        "I8" or "U8" or "BOOL" or "F8_E4M3" or "F8_E5M2" => (GgufTensorType.I8, 1),
        _ => throw Error(
            position, $"tensor {DisplayText.Quote(tensor)} has a dtype that is not supported",
            "F32, F16, BF16, F64, I64, I32, I16, I8, U8, BOOL, F8_E4M3 or F8_E5M2", DisplayText.Quote(name)),
    };

    /// <summary>Refuses tensors that overlap, and bytes that belong to none, which the specification forbids.</summary>
    private void CheckPlacement()
    {
        long end = _dataStart;
        foreach (GgufTensor? tensor in Tensors.OrderBy(tensor => tensor.Offset))
        {
            if (tensor.Offset != end)
            {
                throw Error(
                    null,
                    $"data of tensor {DisplayText.Quote(tensor.Name)} {(tensor.Offset < end ? "overlaps another's" : "follows a gap")}",
                    $"data_offsets that begin at {end - _dataStart}", $"{tensor.Offset - _dataStart}");
            }

            end += tensor.ByteSize;
        }

        if (end != _dataStart + _dataLength)
        {
            throw Error(null, "bytes at the end of the file belong to no tensor", $"{end - _dataStart} bytes of data", $"{_dataLength}");
        }
    }

    private void Expect(ref Utf8JsonReader reader, JsonTokenType type, string what)
    {
        if (!reader.Read() || reader.TokenType != type)
        {
            throw Error(LengthBytes + reader.TokenStartIndex, $"{what} has the wrong type", $"{type}", $"{reader.TokenType}");
        }
    }

    private static bool ReadName(ref Utf8JsonReader reader, out string name, out long position)
    {
        bool isName = reader.Read() && reader.TokenType == JsonTokenType.PropertyName;
        position = LengthBytes + reader.TokenStartIndex;
        name = isName ? reader.GetString()! : "";
        return isName;
    }

    private ModelFormatException Error(long? position, string what, string? expected = null, string? got = null) =>
        new(_path, position, what, expected, got);
}
