namespace VkInfer.Vulkan;

/// <summary>Types and constants of a SPIR-V module: sizes of types, values of (specialisation) constants.</summary>
internal sealed class SpirvTypes
{
    private const int MostDepth = 64;
    private const uint CooperativeMatrix = 4456; // OpTypeCooperativeMatrixKHR

    private readonly Dictionary<uint, (uint Opcode, uint[] Operands)> _types = [];
    private readonly Dictionary<uint, (uint Opcode, uint[] Operands)> _constants = [];

    public Dictionary<uint, uint> SpecIds { get; } = [];

    public Dictionary<uint, uint> ArrayStrides { get; } = [];

    public Dictionary<(uint Type, uint Member), uint> MemberOffsets { get; } = [];

    /// <summary>Takes an instruction in, if it declares a type or a constant.</summary>
    public void Instruction(uint opcode, ReadOnlySpan<uint> operands)
    {
        if (opcode is >= 19 and <= 33 or CooperativeMatrix)
        {
            _types[operands[0]] = (opcode, operands[1..].ToArray());
        }
        else if (opcode is >= 41 and <= 46 or >= 48 and <= 52)
        {
            _constants[operands[1]] = (opcode, operands[2..].ToArray());
        }
    }

    public uint PointerTarget(uint pointerType) => _types[pointerType].Operands[1];

    public int MemberCount(uint structType) => _types[structType] is (30, var members) ? members.Length : 0;

    public uint MemberType(uint structType, uint member) => _types[structType].Operands[member];

    public SpecializationParameter[] SpecializationParameters() => [.. SpecIds
        .Where(pair => _constants.ContainsKey(pair.Key))
        .Select(pair => new SpecializationParameter(pair.Value, (uint)Value(pair.Key, default)))
        .OrderBy(parameter => parameter.Id)];

    /// <summary>The types of cooperative matrices.</summary>
    public IReadOnlyList<MatrixUse> Matrices(SpecializationConstants constants) => [.. _types.Values
        .Where(type => type.Opcode == CooperativeMatrix)
        .Select(type => new MatrixUse(
            ComponentOf(type.Operands[0]), Value(type.Operands[2], constants), Value(type.Operands[3], constants),
            Value(type.Operands[4], constants)))];

    private MatrixComponentType ComponentOf(uint type) => _types[type] switch
    {
        (22, [16, ..]) => MatrixComponentType.Float16,
        (22, [32, ..]) => MatrixComponentType.Float32,
        (21, [8, 0]) => MatrixComponentType.UInt8,
        (21, [8, 1]) => MatrixComponentType.SInt8,
        (21, [32, 0]) => MatrixComponentType.UInt32,
        (21, [32, 1]) => MatrixComponentType.SInt32,
        _ => MatrixComponentType.Unknown,
    };

    /// <summary>Bytes of a type: by its explicit layout, else tightly packed, as shared variables are.</summary>
    public long SizeOf(uint type, SpecializationConstants constants, int depth = 0)
    {
        if (depth > MostDepth)
        {
            throw new OverflowException();
        }

        (uint opcode, uint[] operands) = _types[type];
        return opcode switch
        {
            20 => 4, // bool
            21 or 22 => operands[0] / 8, // int, float
            23 or 24 => checked(operands[1] * SizeOf(operands[0], constants, depth + 1)), // vector, matrix
            28 => checked(Value(operands[1], constants)
                * (ArrayStrides.TryGetValue(type, out uint stride) ? stride : SizeOf(operands[0], constants, depth + 1))),
            30 => StructSize(type, operands, constants, depth),
            32 => 8, // pointer
            _ => 0,
        };
    }

    /// <summary>Components of a composite constant.</summary>
    public long[] Components(uint id, SpecializationConstants constants)
        => [.. _constants[id].Operands.Select(component => Value(component, constants))];

    /// <summary>Value of a scalar constant, with the given specialisation.</summary>
    public long Value(uint id, SpecializationConstants constants, int depth = 0)
    {
        if (depth > MostDepth)
        {
            throw new OverflowException();
        }

        (uint opcode, uint[] operands) = _constants[id];
        if (SpecIds.TryGetValue(id, out uint specId) && constants.TryGet(specId, out uint given))
        {
            return given;
        }

        return opcode switch
        {
            41 or 48 => 1, // true
            42 or 49 or 46 => 0, // false, null
            43 or 50 => operands.Length > 1 ? (long)(operands[0] | ((ulong)operands[1] << 32)) : operands[0],
            52 => Operation(operands, constants, depth + 1),
            _ => throw new KeyNotFoundException(),
        };
    }

    private long StructSize(uint type, uint[] members, SpecializationConstants constants, int depth)
    {
        long end = 0;
        for (uint i = 0; i < members.Length; i++)
        {
            long start = MemberOffsets.TryGetValue((type, i), out uint offset) ? offset : end;
            end = Math.Max(end, checked(start + SizeOf(members[i], constants, depth + 1)));
        }

        return end;
    }

    // OpSpecConstantOp on 32-bit integers, which is what array lengths are computed with.
    private long Operation(uint[] operands, SpecializationConstants constants, int depth)
    {
        long a = Value(operands[1], constants, depth);
        long b = operands.Length > 2 ? Value(operands[2], constants, depth) : 0;
        return operands[0] switch
        {
            124 => a, // OpBitcast
            113 or 114 => a, // OpUConvert, OpSConvert
            126 => (uint)-a, // OpSNegate
            128 => (uint)(a + b),
            130 => (uint)(a - b),
            132 => (uint)(a * b),
            134 => b == 0 ? 0 : (uint)a / (uint)b,
            135 => b == 0 ? 0 : (uint)((int)a / (int)b),
            137 => b == 0 ? 0 : (uint)a % (uint)b,
            138 or 139 => b == 0 ? 0 : (uint)((int)a % (int)b),
            164 or 170 => a == b ? 1 : 0, // OpLogicalEqual, OpIEqual
            165 or 171 => a != b ? 1 : 0,
            166 => a | b,
            167 => a & b,
            168 => a == 0 ? 1 : 0,
            169 => a != 0 ? b : Value(operands[3], constants, depth), // OpSelect
            172 => (uint)a > (uint)b ? 1 : 0,
            173 => (int)a > (int)b ? 1 : 0,
            174 => (uint)a >= (uint)b ? 1 : 0,
            175 => (int)a >= (int)b ? 1 : 0,
            176 => (uint)a < (uint)b ? 1 : 0,
            177 => (int)a < (int)b ? 1 : 0,
            178 => (uint)a <= (uint)b ? 1 : 0,
            179 => (int)a <= (int)b ? 1 : 0,
            194 => (uint)a >> (int)b,
            195 => (uint)((int)a >> (int)b),
            196 => (uint)a << (int)b,
            197 => a | b,
            198 => a ^ b,
            199 => a & b,
            200 => (uint)~a,
            _ => throw new KeyNotFoundException(),
        };
    }
}
