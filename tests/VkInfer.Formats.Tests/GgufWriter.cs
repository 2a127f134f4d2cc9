using System.Text;

namespace VkInfer.Formats.Tests;

/// <summary>Writes GGUF files into memory, valid by default, and wrong in any field that a test sets.</summary>
internal sealed class GgufWriter
{
    private readonly List<(byte[] Key, uint Type, byte[] Value)> _metadata = [];
    private readonly List<(byte[] Name, uint Type, ulong[] Dimensions, byte[] Data, ulong? Offset, uint? Count)> _tensors = [];

    public uint Magic { get; set; } = 0x46554747;

    public uint Version { get; set; } = 3;

    public ulong? TensorCount { get; set; }

    public ulong? MetadataCount { get; set; }

    /// <summary>Alignment that the writer uses; to declare it, add <c>general.alignment</c>.</summary>
    public int Alignment { get; set; } = 32;

    /// <summary>Positions and widths of all lengths, counts, types and offsets of the last file written.</summary>
    public List<(int Position, int Width)> Fields { get; } = [];

    public GgufWriter Add(string key, object value) => AddRaw(key, (uint)TypeOf(value), Encode(value));

    public GgufWriter AddRaw(string key, uint type, byte[] value) => AddRaw(Encoding.UTF8.GetBytes(key), type, value);

    public GgufWriter AddRaw(byte[] key, uint type, byte[] value)
    {
        _metadata.Add((key, type, value));
        return this;
    }

    public GgufWriter AddTensor(string name, GgufTensorType type, ulong[] dimensions, byte[] data) =>
        AddTensor(Encoding.UTF8.GetBytes(name), (uint)type, dimensions, data);

    public GgufWriter AddTensor(
        byte[] name, uint type, ulong[] dimensions, byte[] data, ulong? offset = null, uint? dimensionCount = null)
    {
        _tensors.Add((name, type, dimensions, data, offset, dimensionCount));
        return this;
    }

    /// <summary>The bytes of an array value: element type, count, elements.</summary>
    public static byte[] Array(uint elementType, ulong count, params byte[][] elements) =>
        [.. BitConverter.GetBytes(elementType), .. BitConverter.GetBytes(count), .. elements.SelectMany(element => element)];

    public static byte[] Text(string text) => Text(Encoding.UTF8.GetBytes(text));

    public static byte[] Text(byte[] text) => [.. BitConverter.GetBytes((ulong)text.Length), .. text];

    public byte[] ToArray()
    {
        Fields.Clear();
        var file = new List<byte>();
        Field(file, BitConverter.GetBytes(Magic));
        Field(file, BitConverter.GetBytes(Version));
        Field(file, BitConverter.GetBytes(TensorCount ?? (ulong)_tensors.Count));
        Field(file, BitConverter.GetBytes(MetadataCount ?? (ulong)_metadata.Count));
        foreach ((byte[]? key, uint type, byte[]? value) in _metadata)
        {
            Field(file, BitConverter.GetBytes((ulong)key.Length));
            file.AddRange(key);
            Field(file, BitConverter.GetBytes(type));
            if (type == (uint)GgufValueType.String)
            {
                Fields.Add((file.Count, 8));
            }
            else if (type == (uint)GgufValueType.Array)
            {
                Fields.Add((file.Count, 4));
                Fields.Add((file.Count + 4, 8));
                Fields.Add((file.Count + 12, 8));
            }

            file.AddRange(value);
        }

        var data = new List<byte>();
        foreach ((byte[]? name, uint type, ulong[]? dimensions, byte[]? bytes, ulong? offset, uint? count) in _tensors)
        {
            Field(file, BitConverter.GetBytes((ulong)name.Length));
            file.AddRange(name);
            Field(file, BitConverter.GetBytes(count ?? (uint)dimensions.Length));
            foreach (ulong dimension in dimensions)
            {
                Field(file, BitConverter.GetBytes(dimension));
            }

            Field(file, BitConverter.GetBytes(type));
            Pad(data);
            Field(file, BitConverter.GetBytes(offset ?? (ulong)data.Count));
            data.AddRange(bytes);
        }

        if (_tensors.Count > 0)
        {
            Pad(file);
        }

        file.AddRange(data);
        return [.. file];
    }

    private static GgufValueType TypeOf(object value) => value switch
    {
        byte => GgufValueType.UInt8,
        sbyte => GgufValueType.Int8,
        ushort => GgufValueType.UInt16,
        short => GgufValueType.Int16,
        uint => GgufValueType.UInt32,
        int => GgufValueType.Int32,
        float => GgufValueType.Float32,
        bool => GgufValueType.Bool,
        string => GgufValueType.String,
        System.Array => GgufValueType.Array,
        ulong => GgufValueType.UInt64,
        long => GgufValueType.Int64,
        double => GgufValueType.Float64,
        _ => throw new ArgumentException($"no GGUF type for {value.GetType()}", nameof(value)),
    };

    private static byte[] Encode(object value) => value switch
    {
        byte number => [number],
        sbyte number => [(byte)number],
        ushort number => BitConverter.GetBytes(number),
        short number => BitConverter.GetBytes(number),
        uint number => BitConverter.GetBytes(number),
        int number => BitConverter.GetBytes(number),
        float number => BitConverter.GetBytes(number),
        bool flag => BitConverter.GetBytes(flag),
        string text => Text(text),
        ulong number => BitConverter.GetBytes(number),
        long number => BitConverter.GetBytes(number),
        double number => BitConverter.GetBytes(number),
        System.Array array => Array(
            (uint)(array.Length > 0 ? TypeOf(array.GetValue(0)!) : GgufValueType.UInt8),
            (ulong)array.Length,
            [.. array.Cast<object>().Select(Encode)]),
        _ => throw new ArgumentException($"no GGUF type for {value.GetType()}", nameof(value)),
    };

    private void Field(List<byte> file, byte[] bytes)
    {
        Fields.Add((file.Count, bytes.Length));
        file.AddRange(bytes);
    }

    private void Pad(List<byte> bytes)
    {
        while (bytes.Count % Alignment != 0)
        {
            bytes.Add(0);
        }
    }
}
