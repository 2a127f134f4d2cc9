using System.Runtime.InteropServices;

namespace VkInfer.Kernels;

/// <summary>Push constants of the matrix-vector products; mirrors <c>push/gemv.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GemvPush
{
    public uint Slots;
    public uint Stride;
    public uint FirstRow;
    public uint Squares;
    public uint Columns;
    public float Eps;
    public uint NextColumns;
    public uint FirstSquare;
    public uint UpSkip;
    public uint Width;
    public uint NumHeads;
    public uint NumKvHeads;
    public uint HeadDim;
    public uint RotaryDim;
    public uint Capacity;
    public uint LayerAt;
    public ChainPush Chain;
    public uint ChosenLow;
    public uint ChosenHigh;
    public uint WeightsLow;
    public uint WeightsHigh;
    public uint ExpertRows;
    public uint RowChunks;

    /// <summary>Takes the matrices of experts, which have so many rows each.</summary>
    public void Choose(ExpertChoice choice, int rows)
    {
        (ulong chosen, ulong weights) = (choice.Chosen.DeviceAddress, choice.Weights.DeviceAddress);
        (ChosenLow, ChosenHigh, WeightsLow, WeightsHigh) = ((uint)chosen, (uint)(chosen >> 32), (uint)weights, (uint)(weights >> 32));
        ExpertRows = (uint)rows;
    }
}
