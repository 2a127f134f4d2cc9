using System.Buffers.Binary;
using VkInfer.Vulkan;

namespace VkInfer.Testing;

/// <summary>Shaders as a driver with a fault would compile them: valid, and wrong.</summary>
public static class BrokenShader
{
    /// <summary>
    /// The shader with its arithmetic changed: differences for sums and the reverse, FMix for Fma (SPIR-V specification, sections 3.42.13
    /// and GLSL.std.450); where it has none of those, greater for less, equal for unequal, or an order of integers, whichever it has first.
    /// Orders of integers come last because loops end by them: one that counts to a number of no meaning may take minutes.
    /// </summary>
    /// <param name="shader">The right one.</param>
    public static ShaderCode Of(ShaderCode shader)
    {
        ArgumentNullException.ThrowIfNull(shader);
        byte[] code = shader.SpirV.ToArray();
        Func<uint, uint?, (uint Opcode, uint? Function)?>[] changes = [Arithmetic, FloatOrder, Equality, IntegerOrder];
        if (!changes.Any(change => Replace(code, change) > 0))
        {
            throw new ArgumentException($"'{shader.Name}' has nothing to break", nameof(shader));
        }

        return new ShaderCode(shader.Name, code);
    }

    /// <summary>
    /// The shader with its counting gone: atomic sums become atomic disjunctions, so that of several arrivals one is seen.
    /// </summary>
    /// <param name="shader">The right one.</param>
    public static ShaderCode NeverArrives(ShaderCode shader)
    {
        ArgumentNullException.ThrowIfNull(shader);
        byte[] code = shader.SpirV.ToArray();
        return Replace(code, (opcode, _) => opcode == 234 ? (241, null) : null) > 0 // OpAtomicIAdd, OpAtomicOr
            ? new ShaderCode(shader.Name, code)
            : throw new ArgumentException($"'{shader.Name}' counts nothing", nameof(shader));
    }

    private static int Replace(byte[] code, Func<uint, uint?, (uint Opcode, uint? Function)?> change)
    {
        const uint ExtInst = 12;
        int changed = 0;
        for (int at = 20; at < code.Length;)
        {
            uint word = BinaryPrimitives.ReadUInt32LittleEndian(code.AsSpan(at));
            (uint opcode, int length) = (word & 0xffff, (int)(word >> 16));
            uint? function = opcode == ExtInst ? BinaryPrimitives.ReadUInt32LittleEndian(code.AsSpan(at + 16)) : null;
            if (change(opcode, function) is var (newOpcode, newFunction))
            {
                BinaryPrimitives.WriteUInt32LittleEndian(code.AsSpan(at), (word & 0xffff0000) | newOpcode);
                if (newFunction is { } number)
                {
                    BinaryPrimitives.WriteUInt32LittleEndian(code.AsSpan(at + 16), number);
                }

                changed++;
            }

            at += 4 * length;
        }

        return changed;
    }

    private static (uint Opcode, uint? Function)? Arithmetic(uint opcode, uint? function) => (opcode, function) switch
    {
        (129, _) => (131, null), // OpFAdd, OpFSub
        (131, _) => (129, null),
        (133, _) => (129, null), // OpFMul
        (12, 50) => (12, 46), // Fma, FMix
        _ => null,
    };

    private static (uint Opcode, uint? Function)? FloatOrder(uint opcode, uint? function) => opcode switch
    {
        184 => (186, null), // OpFOrdLessThan, OpFOrdGreaterThan
        186 => (184, null),
        _ => null,
    };

    private static (uint Opcode, uint? Function)? Equality(uint opcode, uint? function) => opcode switch
    {
        170 => (171, null), // OpIEqual, OpINotEqual
        171 => (170, null),
        _ => null,
    };

    private static (uint Opcode, uint? Function)? IntegerOrder(uint opcode, uint? function) => opcode switch
    {
        172 => (176, null), // OpUGreaterThan, OpULessThan
        176 => (172, null),
        _ => null,
    };
}
