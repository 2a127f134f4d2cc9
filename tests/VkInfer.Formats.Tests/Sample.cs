namespace VkInfer.Formats.Tests;

/// <summary>A small file that uses every part of the format, and what opening a file may allocate.</summary>
internal static class Sample
{
    public static GgufWriter Writer() => new GgufWriter { Alignment = 16 }
        .Add("general.architecture", "llama").Add("general.alignment", 16u)
        .Add("u8", (byte)1).Add("i8", (sbyte)-1).Add("u16", (ushort)2).Add("i16", (short)-2).Add("i32", -3)
        .Add("u64", 4UL).Add("i64", -4L).Add("f32", 1e-5f).Add("f64", 0.5).Add("flag", true)
        .Add("tokens", new[] { "<unk>", "<s>", "</s>", "a" }).Add("scores", new[] { 0f, 1f, 2f, 3f })
        .Add("types", new[] { 2, 3, 3, 1 }).Add("flags", new[] { true, false }).Add("bytes", new byte[] { 1, 2, 3 })
        .Add("nested", new object[] { new[] { 1, 2 }, new[] { "x", "y" } })
        .AddTensor("a.weight", GgufTensorType.F32, [4, 2], new byte[32])
        .AddTensor("b.weight", GgufTensorType.Q8_0, [32, 2], new byte[68])
        .AddTensor("c.weight", GgufTensorType.Q4_0, [32], new byte[18])
        .AddTensor("d.weight", GgufTensorType.F16, [1, 2, 3, 4], new byte[48]);

    /// <summary>Bytes that opening a file of this length may allocate: a fixed part for an exception, and a multiple of the file.</summary>
    public static long AllocationBound(long fileBytes) => 32_768 + (16 * fileBytes);
}
