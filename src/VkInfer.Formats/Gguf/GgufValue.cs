using System.Globalization;
using System.Text;

namespace VkInfer.Formats;

/// <summary>
/// One metadata value of the type that the file declares: a number, a bool, a string or an array. Numbers are widened only where no value
/// changes; nothing is ever reinterpreted. Immutable; safe to use from any thread and after the file is closed.
/// </summary>
public sealed class GgufValue
{
    private readonly long _bits;
    private readonly object? _data;

    private GgufValue(GgufValueType type, GgufValueType elementType, int count, long bits, object? data, long position)
    {
        Type = type;
        ElementType = elementType;
        Count = count;
        Position = position;
        _bits = bits;
        _data = data;
    }

    /// <summary>The declared type.</summary>
    public GgufValueType Type { get; }

    /// <summary>The declared type of an array's elements; for anything else the same as <see cref="Type"/>.</summary>
    public GgufValueType ElementType { get; }

    /// <summary>Number of an array's elements; 1 for anything else.</summary>
    public int Count { get; }

    /// <summary>Byte offset of the value from the start of the file.</summary>
    public long Position { get; }

    /// <summary>Whether this is an array.</summary>
    public bool IsArray => Type == GgufValueType.Array;

    /// <summary>Type for messages, e.g. <c>UInt32</c> or <c>String[512]</c>.</summary>
    public string TypeName => IsArray ? $"{ElementType}[{Count}]" : Type.ToString();

    /// <summary>The value of any integer type that fits 64 signed bits.</summary>
    public bool TryGetInt64(out long value) => TryConvert(Type, _bits, out value);

    /// <summary>The value of a Float32 or Float64.</summary>
    public bool TryGetDouble(out double value) => TryConvert(Type, _bits, out value);

    /// <summary>The value of a Bool.</summary>
    public bool TryGetBool(out bool value)
    {
        value = _bits != 0;
        return Type == GgufValueType.Bool;
    }

    /// <summary>The value of a String decoded as UTF-8; invalid sequences become U+FFFD.</summary>
    public bool TryGetString(out string value)
    {
        value = Type == GgufValueType.String ? Encoding.UTF8.GetString((byte[])_data!) : "";
        return Type == GgufValueType.String;
    }

    /// <summary>The bytes of a String, unchanged.</summary>
    public bool TryGetBytes(out ReadOnlyMemory<byte> value)
    {
        value = Type == GgufValueType.String ? (byte[])_data! : default(ReadOnlyMemory<byte>);
        return Type == GgufValueType.String;
    }

    /// <summary>One element of an array as a value of its own.</summary>
    /// <exception cref="InvalidOperationException">This is not an array.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The index is not within [0, <see cref="Count"/>).</exception>
    public GgufValue GetElement(int index)
    {
        if (!IsArray)
        {
            throw new InvalidOperationException($"a value of type {Type} has no elements");
        }

        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        return _data switch
        {
            GgufByteStrings strings => String(strings[index].ToArray(), Position),
            GgufValue[] arrays => arrays[index],
            _ => Scalar(ElementType, ElementBits(index), Position),
        };
    }

    /// <summary>For people: numbers as they are, strings quoted and shortened, arrays by type, length and first elements.</summary>
    public override string ToString()
    {
        switch (Type)
        {
            case GgufValueType.String:
                return DisplayText.Quote((byte[])_data!);
            case GgufValueType.Array:
                const int Shown = 4;
                IEnumerable<string> elements = Enumerable.Range(0, Math.Min(Count, Shown)).Select(index => GetElement(index).ToString());
                return $"{TypeName} [{string.Join(", ", elements)}{(Count > Shown ? ", …" : "")}]";
            case GgufValueType.Bool:
                return _bits != 0 ? "true" : "false";
            case GgufValueType.Float32:
                return BitConverter.Int32BitsToSingle((int)_bits).ToString(CultureInfo.InvariantCulture);
            case GgufValueType.Float64:
                return BitConverter.Int64BitsToDouble(_bits).ToString(CultureInfo.InvariantCulture);
            case GgufValueType.UInt64:
                return ((ulong)_bits).ToString(CultureInfo.InvariantCulture);
            default:
                return _bits.ToString(CultureInfo.InvariantCulture);
        }
    }

    /// <summary>A UInt32, as GGUF writes counts and token ids.</summary>
    public static GgufValue FromUInt32(uint value) => Scalar(GgufValueType.UInt32, value, 0);

    /// <summary>A Float32.</summary>
    public static GgufValue FromFloat32(float value) => Scalar(GgufValueType.Float32, BitConverter.SingleToInt32Bits(value), 0);

    /// <summary>A Bool.</summary>
    public static GgufValue FromBool(bool value) => Scalar(GgufValueType.Bool, value ? 1 : 0, 0);

    /// <summary>A String, as UTF-8.</summary>
    public static GgufValue FromString(string value) => String(Encoding.UTF8.GetBytes(value), 0);

    /// <summary>An array of Float32; it must not change.</summary>
    public static GgufValue FromFloats(float[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return Numbers(GgufValueType.Float32, values, 0);
    }

    /// <summary>An array of Int32; it must not change.</summary>
    public static GgufValue FromInts(int[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return Numbers(GgufValueType.Int32, values, 0);
    }

    /// <summary>An array of UInt8; it must not change.</summary>
    public static GgufValue FromBytes(byte[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return Numbers(GgufValueType.UInt8, values, 0);
    }

    /// <summary>An array of String, each as the bytes given.</summary>
    public static GgufValue FromStrings(IReadOnlyCollection<byte[]> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        int end = 0;
        int[] ends = [
            .. values.Select(
                value => end = checked(end + (value?.Length ?? throw new ArgumentException("A string is null.", nameof(values)))))];
        byte[] bytes = new byte[end];
        int at = 0;
        foreach (byte[] value in values)
        {
            value.CopyTo(bytes, at);
            at += value.Length;
        }

        return Strings(new GgufByteStrings(bytes, ends), 0);
    }

    /// <summary>The bits of a number or bool, in the low bytes.</summary>
    internal long Bits => _bits;

    internal static GgufValue Scalar(GgufValueType type, long bits, long position) => new(type, type, 1, bits, null, position);

    internal static GgufValue String(byte[] bytes, long position) =>
        new(GgufValueType.String, GgufValueType.String, 1, 0, bytes, position);

    internal static GgufValue Numbers(GgufValueType elementType, Array elements, long position) =>
        new(GgufValueType.Array, elementType, elements.Length, 0, elements, position);

    internal static GgufValue Strings(GgufByteStrings strings, long position) =>
        new(GgufValueType.Array, GgufValueType.String, strings.Count, 0, strings, position);

    internal static GgufValue Arrays(GgufValue[] arrays, long position) =>
        new(GgufValueType.Array, GgufValueType.Array, arrays.Length, 0, arrays, position);

    /// <summary>The strings of a string array, else null.</summary>
    internal GgufByteStrings? ByteStrings => _data as GgufByteStrings;

    internal bool TryGetElement(int index, out long value)
    {
        value = 0;
        return IsNumeric(ElementType) && TryConvert(ElementType, ElementBits(index), out value);
    }

    internal bool TryGetElement(int index, out double value)
    {
        value = 0;
        return IsNumeric(ElementType) && TryConvert(ElementType, ElementBits(index), out value);
    }

    private static bool IsNumeric(GgufValueType type) => type is not (GgufValueType.String or GgufValueType.Array);

    // By declared type, not by the array's: to the runtime an sbyte[] is a byte[] too.
    private long ElementBits(int index) => ElementType switch
    {
        GgufValueType.UInt8 => ((byte[])_data!)[index],
        GgufValueType.Int8 => ((sbyte[])_data!)[index],
        GgufValueType.UInt16 => ((ushort[])_data!)[index],
        GgufValueType.Int16 => ((short[])_data!)[index],
        GgufValueType.UInt32 => ((uint[])_data!)[index],
        GgufValueType.Int32 => ((int[])_data!)[index],
        GgufValueType.Float32 => BitConverter.SingleToInt32Bits(((float[])_data!)[index]),
        GgufValueType.Bool => ((bool[])_data!)[index] ? 1 : 0,
        GgufValueType.UInt64 => unchecked((long)((ulong[])_data!)[index]),
        GgufValueType.Int64 => ((long[])_data!)[index],
        GgufValueType.Float64 => BitConverter.DoubleToInt64Bits(((double[])_data!)[index]),
        _ => throw new InvalidOperationException($"an array of {ElementType} has no numbers"),
    };

    private static bool TryConvert(GgufValueType type, long bits, out long value)
    {
        value = bits;
        return type switch
        {
            GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.UInt16 or GgufValueType.Int16
                or GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.Int64 => true,
            GgufValueType.UInt64 => bits >= 0,
            _ => false,
        };
    }

    private static bool TryConvert(GgufValueType type, long bits, out double value)
    {
        value = type switch
        {
            GgufValueType.Float32 => BitConverter.Int32BitsToSingle((int)bits),
            GgufValueType.Float64 => BitConverter.Int64BitsToDouble(bits),
            _ => 0,
        };
        return type is GgufValueType.Float32 or GgufValueType.Float64;
    }
}
