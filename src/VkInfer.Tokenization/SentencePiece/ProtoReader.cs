using System.Buffers.Binary;

namespace VkInfer.Tokenization;

/// <summary>
/// Reads the fields of one protocol buffers message. Nothing is allocated, and every length is checked against what is left. Source: the
/// protocol buffers documentation, "Encoding".
/// </summary>
internal ref struct ProtoReader(ReadOnlySpan<byte> message, string name)
{
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int Bytes = 2;
    private const int Fixed32 = 5;

    private readonly ReadOnlySpan<byte> _message = message;
    private int _position;
    private int _wireType;

    /// <summary>Number of the current field.</summary>
    public int Field { get; private set; }

    /// <summary>Goes to the next field; its value must be read or skipped.</summary>
    public bool Next()
    {
        if (_position == _message.Length)
        {
            return false;
        }

        ulong tag = ReadRawVarint();
        _wireType = (int)(tag & 7);
        Field = tag >> 3 is > 0 and < 1 << 29 ? (int)(tag >> 3) : throw Wrong("a field number", $"{tag >> 3}");
        return true;
    }

    /// <summary>The field as a number that fits 32 signed bits.</summary>
    public int ReadInt()
    {
        Expect(Varint);
        long value = (long)ReadRawVarint();
        return value is >= int.MinValue and <= int.MaxValue ? (int)value : throw Wrong("a number of 32 bits", $"{value}");
    }

    /// <summary>The field as a bool.</summary>
    public bool ReadBool()
    {
        Expect(Varint);
        return ReadRawVarint() != 0;
    }

    /// <summary>The field as a binary32.</summary>
    public float ReadFloat()
    {
        Expect(Fixed32);
        return BinaryPrimitives.ReadSingleLittleEndian(Take(4));
    }

    /// <summary>The field as bytes, text or another message.</summary>
    public ReadOnlySpan<byte> ReadBytes()
    {
        Expect(Bytes);
        ulong length = ReadRawVarint();
        return length <= (ulong)(_message.Length - _position) ? Take((int)length) : throw Wrong("bytes within the file", $"{length}");
    }

    /// <summary>Passes over the field.</summary>
    public void Skip()
    {
        switch (_wireType)
        {
            case Varint:
                _ = ReadRawVarint();
                break;
            case Fixed64:
                _ = Take(8);
                break;
            case Bytes:
                _ = ReadBytes();
                break;
            case Fixed32:
                _ = Take(4);
                break;
            default:
                throw Wrong("wire type 0, 1, 2 or 5", $"{_wireType}");
        }
    }

    private void Expect(int wireType)
    {
        if (_wireType != wireType)
        {
            throw Wrong($"wire type {wireType}", $"{_wireType}");
        }
    }

    private ulong ReadRawVarint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = Take(1)[0];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw Wrong("a number of at most ten bytes", "more");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _message.Length - _position)
        {
            throw Wrong($"{count} more bytes", $"{_message.Length - _position}");
        }

        ReadOnlySpan<byte> bytes = _message.Slice(_position, count);
        _position += count;
        return bytes;
    }

    private readonly TokenizerException Wrong(string expected, string actual) => new($"{name} field {Field}", expected, actual);
}
