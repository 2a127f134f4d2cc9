using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;

namespace VkInfer.Formats.Tests;

/// <summary>
/// Decoders against ggml's own, on seeded random blocks: every entry of every codebook, scale and sign. <c>block-digests.json</c> is made
/// by
/// <c>tools/codebooks/make-tables.py</c>.
/// </summary>
public sealed class BlockDigestTests
{
    private static readonly JsonElement Digests = JsonDocument.Parse(
        File.ReadAllText(Path.Combine(TestContext.CurrentContext.TestDirectory, "block-digests.json"))).RootElement;

    private static IEnumerable<GgufTensorType> Types => Digests.EnumerateObject().Select(entry => Enum.Parse<GgufTensorType>(entry.Name));

    [TestCaseSource(nameof(Types))]
    public void Decodes_random_blocks_to_the_bits_of_ggml(GgufTensorType type)
    {
        JsonElement entry = Digests.GetProperty(type.ToString());
        byte[] blocks = RandomBlocks(type, entry);
        float[] values = new float[entry.GetProperty("blocks").GetInt32() * GgufTensorTypes.BlockSize(type)];
        Dequantizer.ToFloat32(type, blocks, values);
        string[] first = [
            .. values[..8].Select(value => BitConverter.SingleToUInt32Bits(value).ToString("x8", CultureInfo.InvariantCulture))];
        Assert.That(first, Is.EqualTo(entry.GetProperty("first").EnumerateArray().Select(word => word.GetString())));
        Assert.That(
            Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(values.AsSpan()))),
            Is.EqualTo(entry.GetProperty("sha256").GetString()));
    }

    private static byte[] RandomBlocks(GgufTensorType type, JsonElement entry)
    {
        int size = GgufTensorTypes.BlockBytes(type);
        byte[] data = new byte[entry.GetProperty("blocks").GetInt32() * size];
        ulong state = (ulong)type.ToString().Sum(letter => letter);
        for (int i = 0; i < data.Length; i++)
        {
            state = unchecked((state * 6364136223846793005) + 1442695040888963407);
            data[i] = (byte)(state >> 56);
        }

        foreach (JsonProperty cleared in entry.GetProperty("cleared").EnumerateObject())
        {
            for (int at = int.Parse(cleared.Name, CultureInfo.InvariantCulture); at < data.Length; at += size)
            {
                data[at] &= (byte)~cleared.Value.GetInt32();
            }
        }

        return data;
    }
}
