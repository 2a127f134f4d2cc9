using System.Buffers.Binary;

namespace VkInfer.Formats.Tests;

/// <summary>
/// Mutated files either open, and then all of their content can be read, or are refused with a <see cref="ModelFormatException"/>; neither
/// takes memory beyond a multiple of the file.
/// </summary>
public class GgufFuzzTests
{
    private const int Cases = 120_000;

    private static readonly ulong[] Interesting =
    [
        0, 1, 2, 3, 4, 7, 8, 9, 13, 16, 31, 32, 33, 127, 128, 255, 256, 65_535, 65_536, int.MaxValue, 1UL << 31, uint.MaxValue,
        1UL << 32, (1UL << 32) + 1, 1UL << 59, 1UL << 61, 1UL << 62, long.MaxValue, 1UL << 63, ulong.MaxValue - 7, ulong.MaxValue,
    ];

    [Test]
    public void Mutated_files_open_or_are_refused()
    {
        GgufWriter writer = Sample.Writer();
        byte[] original = writer.ToArray();
        (int Position, int Width)[] fields = writer.Fields.ToArray();
        int opened = 0;
        var findings = new HashSet<string>();
        for (int seed = 0; seed < Cases; seed++)
        {
            byte[] bytes = Mutate(original, fields, new Random(seed));
            try
            {
                if (Run(bytes) is { } error)
                {
                    findings.Add(Reason(error));
                }
                else
                {
                    opened++;
                }
            }
            catch (Exception exception) when (exception is not ModelFormatException)
            {
                Assert.Fail($"seed {seed}: {exception}\n{Convert.ToHexString(bytes)}");
            }
        }

        // Otherwise the mutations are too coarse to get past the first checks, and prove nothing.
        TestContext.Out.WriteLine($"{Cases} cases: {opened} opened, {Cases - opened} refused for {findings.Count} reasons");
        Assert.That(opened, Is.GreaterThan(Cases / 50));
        Assert.That(Cases - opened, Is.GreaterThan(Cases / 5));
        Assert.That(findings, Has.Count.GreaterThan(20));
    }

    /// <summary>Opens a file and reads all that it says it holds; returns why it was refused, or null.</summary>
    private static ModelFormatException? Run(byte[] bytes)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        GgufFile? file = null;
        ModelFormatException? error = null;
        try
        {
            file = GgufFile.Open(bytes, "fuzz.gguf");
        }
        catch (ModelFormatException exception)
        {
            error = exception;
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        long bound = Sample.AllocationBound(bytes.Length);
        if (allocated > bound)
        {
            throw new InvalidOperationException($"{allocated} bytes allocated for a file of {bytes.Length}; expected at most {bound}");
        }

        if (error is not null && (error.Message.Contains('\n') || error.Position is < 0 || error.Position > bytes.Length))
        {
            throw new InvalidOperationException($"not one line about a place in the file: {error.Message}");
        }

        using (file)
        {
            if (file is not null)
            {
                ReadAll(file);
            }
        }

        return error;
    }

    /// <summary>What is wrong, without names and numbers.</summary>
    private static string Reason(ModelFormatException error) =>
        new([.. error.What.TakeWhile(character => character is not ('(' or '\'') && !char.IsAsciiDigit(character))]);

    private static void ReadAll(GgufFile file)
    {
        foreach ((string key, GgufValue value) in file.Metadata)
        {
            _ = value.ToString();
            Attempt(() => file.GetLong(key));
            Attempt(() => file.GetIntArray(key));
            Attempt(() => file.GetFloatArray(key));
            Attempt(() => file.GetStringArray(key));
        }

        foreach (GgufTensor tensor in file.Tensors)
        {
            _ = file.GetTensorData(tensor, 0, (int)tensor.ByteSize)[^1];
            if (Dequantizer.IsSupported(tensor.Type))
            {
                Dequantizer.ToFloat32(
                    tensor.Type, file.GetTensorData(tensor, 0, (int)tensor.ByteSize), new float[tensor.ElementCount]);
            }
        }
    }

    private static void Attempt(Action read)
    {
        try
        {
            read();
        }
        catch (ModelFormatException)
        {
            // A value of another type: the answer that is wanted.
        }
    }

    private static byte[] Mutate(byte[] original, (int Position, int Width)[] fields, Random random)
    {
        byte[] bytes = original.ToArray();
        for (int steps = 1 + random.Next(3); steps > 0; steps--)
        {
            bytes = MutateOnce(bytes, fields, random);
        }

        return bytes;
    }

    private static byte[] MutateOnce(byte[] bytes, (int Position, int Width)[] fields, Random random)
    {
        if (bytes.Length == 0)
        {
            return bytes;
        }

        int at = random.Next(bytes.Length);
        switch (random.Next(8))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1:
                bytes[at] = (byte)random.Next(256);
                return bytes;
            case 2:
                return random.Next(4) == 0 ? bytes[..at] : bytes;
            case 3:
                int length = Math.Min(random.Next(1, 32), bytes.Length - at);
                return [.. bytes.AsSpan(0, at), .. bytes.AsSpan(at + length)];
            case 4:
                byte[] piece = bytes.AsSpan(at, Math.Min(random.Next(1, 32), bytes.Length - at)).ToArray();
                return [.. bytes.AsSpan(0, at), .. piece, .. bytes.AsSpan(at)];
            default:
                (int position, int width) = fields[random.Next(fields.Length)];
                if (position + width <= bytes.Length)
                {
                    SetField(bytes.AsSpan(position, width), random);
                }

                return bytes;
        }
    }

    private static void SetField(Span<byte> field, Random random)
    {
        ulong old = field.Length == 8 ? BinaryPrimitives.ReadUInt64LittleEndian(field) : BinaryPrimitives.ReadUInt32LittleEndian(field);
        ulong value = random.Next(3) switch
        {
            0 => Interesting[random.Next(Interesting.Length)],
            1 => unchecked(old + (ulong)random.Next(-2, 3)),
            _ => unchecked(old << random.Next(64)),
        };
        if (field.Length == 8)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(field, value);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(field, unchecked((uint)value));
        }
    }
}
