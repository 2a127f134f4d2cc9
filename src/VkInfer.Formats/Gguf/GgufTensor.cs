using System.Collections.Immutable;

namespace VkInfer.Formats;

/// <summary>
/// Where a tensor lies in its file and what it holds; whichever format the file has, types and dimensions are ggml's. From an
/// <see cref="IWeightSource"/> all fields are validated: the name is not empty and unique, there are one to four positive dimensions, rows
/// are whole blocks, and the bytes lie within the file and in no other tensor.
/// </summary>
/// <param name="Name">Unique name, e.g. <c>blk.0.attn_q.weight</c>.</param>
/// <param name="Type">Storage of the elements.</param>
/// <param name="Dimensions">Sizes in ggml order: the first is the contiguous one (columns).</param>
/// <param name="Offset">Byte offset from the start of the file.</param>
/// <param name="ByteSize">Bytes of all elements, without padding.</param>
/// <param name="Part">Which file of a model in several holds it, counted from 0.</param>
public sealed record GgufTensor(
    string Name, GgufTensorType Type, ImmutableArray<long> Dimensions, long Offset, long ByteSize, int Part = 0)
{
    /// <summary>Elements of a row, the contiguous dimension.</summary>
    public long Columns => Dimensions[0];

    /// <summary>Number of rows: the product of all dimensions but the first.</summary>
    public long Rows
    {
        get
        {
            long rows = 1;
            foreach (long dimension in Dimensions.AsSpan()[1..])
            {
                rows = checked(rows * dimension);
            }

            return rows;
        }
    }

    /// <summary>Number of elements, <see cref="Columns"/> times <see cref="Rows"/>.</summary>
    public long ElementCount => checked(Columns * Rows);

    /// <summary>Bytes of one row.</summary>
    public long RowBytes => GgufTensorTypes.RowBytes(Type, Columns);

    /// <summary>Name, type and shape for messages, e.g. <c>'output.weight' Q8_0 [64 × 512]</c>.</summary>
    public override string ToString() => $"{DisplayText.Quote(Name)} {Type} [{string.Join(" × ", Dimensions)}]";
}
