using System.Runtime.InteropServices;

namespace VkInfer.Formats;

/// <summary>Reads one metadata value. Arrays become one typed managed array each, never more than the file's own bytes.</summary>
internal static class GgufValueReader
{
    public static GgufValueType ReadType(GgufCursor cursor)
    {
        long position = cursor.Position;
        uint number = cursor.Read<uint>("the value type");
        return number <= (uint)GgufValueType.Float64
            ? (GgufValueType)number
            : throw cursor.Error("unknown value type", $"0 to {(int)GgufValueType.Float64}", $"{number}", at: position);
    }

    public static GgufValue Read(GgufCursor cursor, GgufValueType type)
    {
        const string What = "the value";
        long position = cursor.Position;
        return type switch
        {
            GgufValueType.String => ReadString(cursor, position),
            GgufValueType.Array => ReadArray(cursor, position, depth: 1),
            GgufValueType.UInt8 => Scalar(cursor.Read<byte>(What)),
            GgufValueType.Int8 => Scalar(cursor.Read<sbyte>(What)),
            GgufValueType.UInt16 => Scalar(cursor.Read<ushort>(What)),
            GgufValueType.Int16 => Scalar(cursor.Read<short>(What)),
            GgufValueType.UInt32 => Scalar(cursor.Read<uint>(What)),
            GgufValueType.Int32 or GgufValueType.Float32 => Scalar(cursor.Read<int>(What)),
            GgufValueType.Bool => Scalar(CheckBool(cursor, cursor.Read<byte>(What), position) ? 1 : 0),
            _ => Scalar(cursor.Read<long>(What)),
        };

        GgufValue Scalar(long bits) => GgufValue.Scalar(type, bits, position);
    }

    private static GgufValue ReadString(GgufCursor cursor, long position)
    {
        ulong count = cursor.Read<ulong>("the string length");
        return GgufValue.String(cursor.ReadBytes(count, "the string"), position);
    }

    private static GgufValue ReadArray(GgufCursor cursor, long position, int depth)
    {
        if (depth > GgufLimits.MaxArrayDepth)
        {
            throw cursor.Error("arrays are nested too deeply", $"at most {GgufLimits.MaxArrayDepth} levels", at: position);
        }

        GgufValueType elementType = ReadType(cursor);
        long countPosition = cursor.Position;
        ulong declared = cursor.Read<ulong>("the array length");
        int count = cursor.CheckCount(
            declared, MinBytes(elementType), elementType == GgufValueType.String ? GgufLimits.MaxStrings : Array.MaxLength, "array length",
            countPosition);
        return elementType switch
        {
            GgufValueType.String => ReadStrings(cursor, count, position),
            GgufValueType.Array => ReadArrays(cursor, count, position, depth),
            GgufValueType.Bool => ReadBools(cursor, count, position),
            GgufValueType.UInt8 => ReadNumbers<byte>(cursor, elementType, count, position),
            GgufValueType.Int8 => ReadNumbers<sbyte>(cursor, elementType, count, position),
            GgufValueType.UInt16 => ReadNumbers<ushort>(cursor, elementType, count, position),
            GgufValueType.Int16 => ReadNumbers<short>(cursor, elementType, count, position),
            GgufValueType.UInt32 => ReadNumbers<uint>(cursor, elementType, count, position),
            GgufValueType.Int32 => ReadNumbers<int>(cursor, elementType, count, position),
            GgufValueType.Float32 => ReadNumbers<float>(cursor, elementType, count, position),
            GgufValueType.UInt64 => ReadNumbers<ulong>(cursor, elementType, count, position),
            GgufValueType.Int64 => ReadNumbers<long>(cursor, elementType, count, position),
            _ => ReadNumbers<double>(cursor, elementType, count, position),
        };
    }

    private static GgufValue ReadNumbers<T>(GgufCursor cursor, GgufValueType elementType, int count, long position)
        where T : unmanaged
    {
        T[] numbers = count == 0 ? [] : GC.AllocateUninitializedArray<T>(count);
        cursor.ReadBytes(MemoryMarshal.AsBytes(numbers.AsSpan()), "the array");
        return GgufValue.Numbers(elementType, numbers, position);
    }

    private static GgufValue ReadBools(GgufCursor cursor, int count, long position)
    {
        long start = cursor.Position;
        byte[] bytes = cursor.ReadBytes((ulong)count, "the array");
        bool[] bools = count == 0 ? [] : new bool[count];
        for (int i = 0; i < count; i++)
        {
            bools[i] = CheckBool(cursor, bytes[i], start + i);
        }

        return GgufValue.Numbers(GgufValueType.Bool, bools, position);
    }

    private static GgufValue ReadStrings(GgufCursor cursor, int count, long position)
    {
        const string What = "a string of the array";
        long start = cursor.Position;
        long total = 0;
        for (int i = 0; i < count; i++)
        {
            ulong length = cursor.Read<ulong>(What);
            cursor.Skip(length, What);
            total += (long)length;
        }

        cursor.Rewind(start);
        byte[] bytes = total == 0 ? [] : GC.AllocateUninitializedArray<byte>((int)total);
        int[] ends = count == 0 ? [] : GC.AllocateUninitializedArray<int>(count);
        int end = 0;
        for (int i = 0; i < count; i++)
        {
            int length = (int)cursor.Read<ulong>(What);
            cursor.ReadBytes(bytes.AsSpan(end, length), What);
            end += length;
            ends[i] = end;
        }

        return GgufValue.Strings(new GgufByteStrings(bytes, ends), position);
    }

    private static GgufValue ReadArrays(GgufCursor cursor, int count, long position, int depth)
    {
        cursor.CountNestedArrays(count, position);
        GgufValue[] arrays = count == 0 ? [] : new GgufValue[count];
        for (int i = 0; i < count; i++)
        {
            arrays[i] = ReadArray(cursor, cursor.Position, depth + 1);
        }

        return GgufValue.Arrays(arrays, position);
    }

    private static bool CheckBool(GgufCursor cursor, byte value, long position) => value switch
    {
        0 => false,
        1 => true,
        _ => throw cursor.Error("a bool is neither 0 nor 1", "0 or 1", $"{value}", at: position),
    };

    private static int MinBytes(GgufValueType type) => type switch
    {
        GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.Bool => 1,
        GgufValueType.UInt16 or GgufValueType.Int16 => 2,
        GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.Float32 => 4,
        GgufValueType.String => GgufLimits.MinStringBytes,
        GgufValueType.Array => GgufLimits.MinArrayBytes,
        _ => 8,
    };
}
