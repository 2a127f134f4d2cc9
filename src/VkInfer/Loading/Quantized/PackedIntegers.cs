using System.Buffers.Binary;
using System.Runtime.InteropServices;
using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>
/// A matrix of small integers q as GPTQ, AWQ and compressed-tensors store it, w = s (q - z), with a scale s and a whole zero z for each
/// group of inputs. It becomes the smallest block format that holds it exactly: with the zero in the middle Q4_0 (4 bits) or Q8_0 (8 bits),
/// with others Q5_0 (4 bits); F32 where groups are no whole blocks of 32 neighbours (desc_act), a half does not hold a scale, or zeros of
/// 8 bits vary. Immutable.
/// </summary>
internal sealed class PackedIntegers : HfTensorForm
{
    private const int Block = 32;

    private readonly IWeightSource _file;
    private readonly PackedTensors _tensors;
    private readonly int[] _groups;

    /// <param name="file">Where the tensors are.</param>
    /// <param name="name">The weights' name, with <c>.weight</c>.</param>
    /// <param name="tensors">The tensors, of which the file says nothing contradictory.</param>
    public PackedIntegers(IWeightSource file, string name, PackedTensors tensors)
        : base(Describe(file, name, tensors, tensors.ReadGroups(file)))
    {
        (_file, _tensors) = (file, tensors);
        _groups = tensors.ReadGroups(file);
    }

    /// <inheritdoc/>
    public override byte[] Read(IWeightSource file)
    {
        byte[] quants = _file.GetTensorData(_tensors.Quants, 0, checked((int)_tensors.Quants.ByteSize));
        byte[] data = new byte[Changed.ByteSize];
        (float[] scales, int[] zeros) = (_tensors.ReadScales(_file), _tensors.ReadZeros(_file));
        int rowBytes = checked((int)Changed.RowBytes);
        Parallel.For(0, _tensors.Outputs, output => WriteRow(
            output, quants, scales.AsSpan(output * _tensors.Groups, _tensors.Groups),
            zeros.AsSpan(output * _tensors.Groups, _tensors.Groups), data.AsSpan(output * rowBytes, rowBytes)));
        return data;
    }

    private static GgufTensor Describe(IWeightSource file, string name, PackedTensors tensors, int[] groups)
    {
        int middle = 1 << (tensors.Packing.Bits - 1);
        int[] zeros = tensors.ReadZeros(file);
        bool inBlocks = groups.Length % Block == 0 && tensors.HasHalfScales(file)
            && Enumerable.Range(0, groups.Length).All(i => groups[i] == groups[i / Block * Block]);
        GgufTensorType type = !inBlocks ? GgufTensorType.F32
            : tensors.Packing.Bits == 8 ? zeros.All(zero => zero == middle) ? GgufTensorType.Q8_0 : GgufTensorType.F32
            : zeros.All(zero => zero == middle) ? GgufTensorType.Q4_0 : GgufTensorType.Q5_0;
        return tensors.Quants with
        {
            Name = name,
            Type = type,
            Dimensions = [tensors.Inputs, tensors.Outputs],
            ByteSize = tensors.Outputs * GgufTensorTypes.RowBytes(type, tensors.Inputs),
        };
    }

    private void WriteRow(int output, byte[] quants, ReadOnlySpan<float> scales, ReadOnlySpan<int> zeros, Span<byte> row)
    {
        if (Changed.Type == GgufTensorType.F32)
        {
            Span<float> values = MemoryMarshal.Cast<byte, float>(row);
            for (int input = 0; input < values.Length; input++)
            {
                int group = _groups[input];
                values[input] = scales[group] * (_tensors.Packing.Read(quants, output, input) - zeros[group]);
            }

            return;
        }

        Span<sbyte> numbers = stackalloc sbyte[Block];
        int blockBytes = GgufTensorTypes.BlockBytes(Changed.Type);
        for (int block = 0; block < _tensors.Inputs / Block; block++)
        {
            int group = _groups[block * Block];
            for (int i = 0; i < Block; i++)
            {
                numbers[i] = (sbyte)(_tensors.Packing.Read(quants, output, (block * Block) + i) - zeros[group]);
            }

            Span<byte> bytes = row.Slice(block * blockBytes, blockBytes);
            BinaryPrimitives.WriteHalfLittleEndian(bytes, (Half)scales[group]);
            WriteNumbers(numbers, bytes[2..]);
        }
    }

    private void WriteNumbers(ReadOnlySpan<sbyte> numbers, Span<byte> bytes)
    {
        if (Changed.Type == GgufTensorType.Q8_0)
        {
            MemoryMarshal.AsBytes(numbers).CopyTo(bytes);
            return;
        }

        int zero = Changed.Type == GgufTensorType.Q4_0 ? 8 : 16;
        Span<byte> nibbles = bytes[^(Block / 2)..];
        uint fifth = 0;
        for (int i = 0; i < Block / 2; i++)
        {
            (int low, int high) = (numbers[i] + zero, numbers[i + (Block / 2)] + zero);
            nibbles[i] = (byte)((low & 15) | ((high & 15) << 4));
            fifth |= ((uint)low >> 4 << i) | ((uint)high >> 4 << (i + (Block / 2)));
        }

        if (Changed.Type == GgufTensorType.Q5_0)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, fifth);
        }
    }
}
