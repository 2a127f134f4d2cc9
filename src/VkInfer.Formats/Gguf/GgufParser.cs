using System.Collections.Immutable;

namespace VkInfer.Formats;

/// <summary>
/// Reads and validates a header, after the GGUF specification (ggml-org/ggml, docs/gguf.md): magic, version, counts, metadata, tensor
/// records. All checks are made before any tensor is handed out.
/// </summary>
internal sealed class GgufParser(GgufCursor cursor, int part = 0)
{
    private const uint Magic = 0x46554747; // "GGUF", little-endian

    private readonly HashSet<string> _tensorNames = [];
    private long _keyBytes;

    public uint Version { get; private set; }

    public long Alignment { get; private set; } = GgufLimits.DefaultAlignment;

    public OrderedDictionary<string, GgufValue> Metadata { get; private set; } = [];

    public List<GgufTensor> Tensors { get; } = [];

    public void Parse()
    {
        ReadMagicAndVersion();
        long tensorCountPosition = cursor.Position;
        ulong tensorCount = cursor.Read<ulong>("the tensor count");
        long metadataCountPosition = cursor.Position;
        ulong metadataCount = cursor.Read<ulong>("the metadata count");

        int tensors = cursor.CheckCount(
            tensorCount, GgufLimits.MinTensorEntryBytes, GgufLimits.MaxTensors, "tensor count", tensorCountPosition);
        int entries = cursor.CheckCount(
            metadataCount, GgufLimits.MinMetadataEntryBytes, GgufLimits.MaxMetadataEntries, "metadata count", metadataCountPosition);

        Metadata = new OrderedDictionary<string, GgufValue>(entries);
        for (int i = 0; i < entries; i++)
        {
            ReadMetadataEntry();
        }

        ReadAlignment();

        // The counts were checked against the whole header; what metadata took is gone.
        tensors = cursor.CheckCount(
            (ulong)tensors, GgufLimits.MinTensorEntryBytes, GgufLimits.MaxTensors, "tensor count", tensorCountPosition);
        var records = new List<(GgufTensor Tensor, long Position)>(tensors);
        for (int i = 0; i < tensors; i++)
        {
            records.Add(ReadTensorRecord());
        }

        PlaceTensors(records);
    }

    private void ReadMagicAndVersion()
    {
        uint magic = cursor.Read<uint>("the magic");
        if (magic != Magic)
        {
            throw cursor.Error("not a GGUF file", "the magic bytes 47 47 55 46", HexBytes(magic), at: 0);
        }

        long position = cursor.Position;
        Version = cursor.Read<uint>("the version");
        if (Version is 2 or 3)
        {
            return;
        }

        if ((Version & 0xFFFF) == 0 && Version != 0)
        {
            throw cursor.Error("the file is big-endian, which is not supported", "a little-endian GGUF file", at: position);
        }

        throw cursor.Error("unsupported GGUF version", "2 or 3", $"{Version}", at: position);
    }

    private void ReadMetadataEntry()
    {
        long position = cursor.Position;
        string key = cursor.ReadName(GgufLimits.MaxKeyBytes, "metadata key");
        _keyBytes += cursor.Position - position;
        if (_keyBytes > GgufLimits.MaxKeyBytesInAll)
        {
            throw cursor.Error("the metadata keys are too long", $"at most {GgufLimits.MaxKeyBytesInAll} bytes in all", at: position);
        }

        cursor.SubjectKind = "metadata key";
        cursor.Subject = key;
        GgufValueType type = GgufValueReader.ReadType(cursor);
        if (!Metadata.TryAdd(key, GgufValueReader.Read(cursor, type)))
        {
            throw cursor.Error("duplicate metadata key", at: position);
        }

        cursor.SubjectKind = null;
    }

    private void ReadAlignment()
    {
        const string Key = "general.alignment";
        if (!Metadata.TryGetValue(Key, out GgufValue? value))
        {
            return;
        }

        if (value.Type != GgufValueType.UInt32)
        {
            throw cursor.Error($"{Key} has the wrong type", "UInt32", value.TypeName, at: value.Position);
        }

        _ = value.TryGetInt64(out long alignment);
        if (alignment == 0 || !long.IsPow2(alignment))
        {
            throw cursor.Error($"{Key} is not a power of two", "a power of two", $"{alignment}", at: value.Position);
        }

        Alignment = alignment;
    }

    /// <summary>Reads one record; the offset of the result still counts from the start of the data section.</summary>
    private (GgufTensor Tensor, long Position) ReadTensorRecord()
    {
        long position = cursor.Position;
        string name = cursor.ReadName(GgufLimits.MaxTensorNameBytes, "tensor name");
        cursor.SubjectKind = "tensor";
        cursor.Subject = name;

        ImmutableArray<long> dimensions = ReadDimensions(out long elements);
        GgufTensorType type = ReadTensorType();
        long byteSize = MeasureTensor(type, dimensions[0], elements, position);

        long offsetPosition = cursor.Position;
        ulong offset = cursor.Read<ulong>("the tensor offset");
        if (offset % (ulong)Alignment != 0)
        {
            throw cursor.Error("tensor offset is not aligned", $"a multiple of {Alignment}", $"{offset}", at: offsetPosition);
        }

        if (offset > (ulong)cursor.Length)
        {
            throw cursor.Error($"tensor offset {offset} lies outside the file of {cursor.Length} bytes", at: offsetPosition);
        }

        var tensor = new GgufTensor(name, type, dimensions, (long)offset, byteSize);
        if (!_tensorNames.Add(name))
        {
            throw cursor.Error("duplicate tensor name", at: position);
        }

        cursor.SubjectKind = null;
        return (tensor, offsetPosition);
    }

    private ImmutableArray<long> ReadDimensions(out long elements)
    {
        long position = cursor.Position;
        uint count = cursor.Read<uint>("the number of dimensions");
        if (count is 0 or > GgufLimits.MaxDimensions)
        {
            throw cursor.Error("wrong number of dimensions", $"1 to {GgufLimits.MaxDimensions}", $"{count}", at: position);
        }

        ImmutableArray<long>.Builder dimensions = ImmutableArray.CreateBuilder<long>((int)count);
        UInt128 product = 1;
        for (int i = 0; i < (int)count; i++)
        {
            position = cursor.Position;
            ulong dimension = cursor.Read<ulong>("a dimension");
            if (dimension is 0 or > long.MaxValue)
            {
                throw cursor.Error($"dimension {i} is out of range", $"1 to {long.MaxValue}", $"{dimension}", at: position);
            }

            product *= dimension;
            if (product > long.MaxValue)
            {
                throw cursor.Error("the product of the dimensions overflows", $"at most {long.MaxValue} elements", at: position);
            }

            dimensions.Add((long)dimension);
        }

        elements = (long)product;
        return dimensions.MoveToImmutable();
    }

    private GgufTensorType ReadTensorType()
    {
        long position = cursor.Position;
        uint number = cursor.Read<uint>("the tensor type");
        var type = (GgufTensorType)number;
        return number <= int.MaxValue && GgufTensorTypes.IsKnown(type)
            ? type
            : throw cursor.Error($"unknown tensor type {number}", at: position);
    }

    private long MeasureTensor(GgufTensorType type, long columns, long elements, long position)
    {
        int blockSize = GgufTensorTypes.BlockSize(type);
        if (columns % blockSize != 0)
        {
            throw cursor.Error(
                $"rows of type {type} must be whole blocks", $"a multiple of {blockSize} columns", $"{columns}", at: position);
        }

        UInt128 bytes = (UInt128)(ulong)(elements / blockSize) * (ulong)GgufTensorTypes.BlockBytes(type);
        return bytes <= (ulong)cursor.Length
            ? (long)bytes
            : throw cursor.Error($"tensor data of {bytes} bytes exceeds the file of {cursor.Length} bytes", at: position);
    }

    private void PlaceTensors(List<(GgufTensor Tensor, long Position)> records)
    {
        // Position and alignment are below 2^63 and 2^32, and offsets and sizes at most the file's size: no sum of three can wrap
        // for a file that exists.
        long dataStart = checked(cursor.Position + Alignment - 1) & -Alignment;
        foreach ((GgufTensor relative, long position) in records)
        {
            long offset = checked(dataStart + relative.Offset);
            if (checked(offset + relative.ByteSize) > cursor.Length)
            {
                throw cursor.Error(
                    $"data of tensor {DisplayText.Quote(relative.Name)} lies outside the file",
                    $"the bytes {offset} to {offset + relative.ByteSize}",
                    $"a file of {cursor.Length} bytes",
                    at: position);
            }

            Tensors.Add(relative with { Offset = offset, Part = part });
        }

        RefuseOverlaps(records);
    }

    private void RefuseOverlaps(List<(GgufTensor Tensor, long Position)> records)
    {
        int[] order = new int[records.Count];
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        Array.Sort(order, (a, b) => Tensors[a].Offset.CompareTo(Tensors[b].Offset));
        for (int i = 1; i < order.Length; i++)
        {
            GgufTensor before = Tensors[order[i - 1]];
            GgufTensor after = Tensors[order[i]];
            if (before.Offset + before.ByteSize > after.Offset)
            {
                throw cursor.Error(
                    $"tensors {DisplayText.Quote(before.Name)} and {DisplayText.Quote(after.Name)} overlap",
                    $"no data before byte {before.Offset + before.ByteSize}",
                    $"{after.Offset}",
                    at: records[order[i]].Position);
            }
        }
    }

    private static string HexBytes(uint value) =>
        $"{value & 0xFF:x2} {(value >> 8) & 0xFF:x2} {(value >> 16) & 0xFF:x2} {value >> 24:x2}";
}
