using System.Buffers.Binary;
using System.Text;

namespace VkInfer.Vulkan;

/// <summary>
/// Reads from SPIR-V what a launcher must know. Follows the SPIR-V specification 1.6, sections 2.3 (layout) and 3 (instructions).
/// </summary>
internal sealed class SpirvReader
{
    private const uint Magic = 0x07230203;
    private const uint MostIds = 1 << 22;
    private const uint GlCompute = 5;
    private const uint LocalSize = 17;
    private const uint LocalSizeId = 38;

    private readonly string _shader;
    private readonly SpirvTypes _types = new();
    private readonly Dictionary<uint, uint> _bindings = [];
    private readonly Dictionary<uint, uint> _sets = [];
    private readonly HashSet<uint> _nonWritable = [];
    private readonly HashSet<uint> _nonReadable = [];
    private readonly HashSet<(uint Type, uint Member)> _nonWritableMembers = [];
    private readonly HashSet<(uint Type, uint Member)> _nonReadableMembers = [];
    private readonly Dictionary<(uint Type, uint Member), string> _memberNames = [];
    private readonly List<(uint Id, uint Type, uint Storage)> _variables = [];
    private readonly List<uint> _capabilities = [];
    private string? _entryPoint;
    private uint[]? _localSize;
    private uint[]? _localSizeIds;
    private uint _workgroupSizeConstant;

    private SpirvReader(string shader) => _shader = shader;

    public static ShaderReflection Read(ShaderCode code)
    {
        var reader = new SpirvReader(code.Name);
        try
        {
            return reader.ReadModule(code.SpirV.Span);
        }
        catch (Exception exception) when (IsDangling(exception))
        {
            throw reader.Malformed("an instruction refers to what is not there", exception);
        }
    }

    // What looking an id or an operand up throws when a module is damaged.
    private static bool IsDangling(Exception exception) => exception is KeyNotFoundException or IndexOutOfRangeException
        or ArgumentOutOfRangeException or OverflowException;

    private ShaderReflection ReadModule(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 20 || bytes.Length % 4 != 0 || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic)
        {
            throw Malformed("it has no SPIR-V header");
        }

        uint[] words = new uint[bytes.Length / 4];
        for (int i = 0; i < words.Length; i++)
        {
            words[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(i * 4)..]);
        }

        if (words[3] > MostIds)
        {
            throw Malformed("its bound of ids is absurd");
        }

        for (int at = 5; at < words.Length;)
        {
            int length = (int)(words[at] >> 16);
            if (length == 0 || length > words.Length - at)
            {
                throw Malformed("an instruction is longer than the code");
            }

            Instruction(words[at] & 0xffff, words.AsSpan(at + 1, length - 1));
            at += length;
        }

        if (_entryPoint is null)
        {
            throw Malformed("it has no compute entry point");
        }

        return Result(_entryPoint);
    }

    private void Instruction(uint opcode, ReadOnlySpan<uint> operands)
    {
        switch (opcode)
        {
            case 17: // OpCapability
                _capabilities.Add(operands[0]);
                break;
            case 6: // OpMemberName
                _memberNames[(operands[0], operands[1])] = Text(operands[2..]);
                break;
            case 15 when operands[0] == GlCompute: // OpEntryPoint
                _entryPoint = Text(operands[2..]);
                break;
            case 16 when operands[1] == LocalSize: // OpExecutionMode
                _localSize = operands[2..5].ToArray();
                break;
            case 331 when operands[1] == LocalSizeId: // OpExecutionModeId
                _localSizeIds = operands[2..5].ToArray();
                break;
            case 71: // OpDecorate
                Decorate(operands[0], operands[1], operands[2..]);
                break;
            case 72: // OpMemberDecorate
                DecorateMember((operands[0], operands[1]), operands[2], operands[3..]);
                break;
            case 59: // OpVariable
                _variables.Add((operands[1], operands[0], operands[2]));
                break;
            default:
                _types.Instruction(opcode, operands);
                break;
        }
    }

    private void Decorate(uint id, uint decoration, ReadOnlySpan<uint> values)
    {
        switch (decoration)
        {
            case 1: // SpecId
                _types.SpecIds[id] = values[0];
                break;
            case 6: // ArrayStride
                _types.ArrayStrides[id] = values[0];
                break;
            case 11 when values[0] == 25: // BuiltIn WorkgroupSize
                _workgroupSizeConstant = id;
                break;
            case 24:
                _nonWritable.Add(id);
                break;
            case 25:
                _nonReadable.Add(id);
                break;
            case 33:
                _bindings[id] = values[0];
                break;
            case 34:
                _sets[id] = values[0];
                break;
            default:
                break;
        }
    }

    private void DecorateMember((uint Type, uint Member) member, uint decoration, ReadOnlySpan<uint> values)
    {
        switch (decoration)
        {
            case 24:
                _nonWritableMembers.Add(member);
                break;
            case 25:
                _nonReadableMembers.Add(member);
                break;
            case 35: // Offset
                _types.MemberOffsets[member] = values[0];
                break;
            default:
                break;
        }
    }

    private ShaderReflection Result(string entryPoint)
    {
        const uint Uniform = 2;
        const uint Workgroup = 4;
        const uint PushConstant = 9;
        const uint StorageBuffer = 12;

        var bindings = new List<BindingAccess>();
        var shared = new List<uint>();
        uint pushBlock = 0;
        foreach ((uint id, uint type, uint storage) in _variables)
        {
            switch (storage)
            {
                case StorageBuffer:
                case Uniform:
                    AddBinding(bindings, id, _types.PointerTarget(type));
                    break;
                case PushConstant:
                    pushBlock = _types.PointerTarget(type);
                    break;
                case Workgroup:
                    shared.Add(_types.PointerTarget(type));
                    break;
                default:
                    break;
            }
        }

        List<PushConstantMember> members = pushBlock == 0 ? [] : PushMembers(pushBlock);
        return new ShaderReflection
        {
            Bindings = bindings,
            PushConstantSize = members.Select(member => member.Offset + member.Size).DefaultIfEmpty().Max(),
            PushConstantMembers = members,
            SpecializationParameters = _types.SpecializationParameters(),
            EntryPoint = entryPoint,
            Capabilities = _capabilities,
            Matrices = CheckedMatrices,
            Workgroup = constants => CheckedUsage(constants, shared),
        };
    }

    private void AddBinding(List<BindingAccess> bindings, uint variable, uint block)
    {
        if (_sets.GetValueOrDefault(variable) != 0)
        {
            throw Malformed($"it uses descriptor set {_sets[variable]}, and only set 0 is bound");
        }

        uint number = _bindings[variable];
        if (number >= 64)
        {
            throw Malformed($"it uses binding {number}, and at most 64 are bound");
        }

        while (bindings.Count <= number)
        {
            bindings.Add(BindingAccess.None);
        }

        BindingAccess access = BindingAccess.None;
        int members = _types.MemberCount(block);
        for (uint i = 0; i < members; i++)
        {
            access |= _nonReadable.Contains(variable) || _nonReadableMembers.Contains((block, i)) ? 0 : BindingAccess.Read;
            access |= _nonWritable.Contains(variable) || _nonWritableMembers.Contains((block, i)) ? 0 : BindingAccess.Write;
        }

        // Two variables may alias one binding (the same buffer seen as other types).
        bindings[(int)number] |= access;
    }

    private List<PushConstantMember> PushMembers(uint block)
    {
        var members = new List<PushConstantMember>();
        for (uint i = 0; i < _types.MemberCount(block); i++)
        {
            members.Add(new PushConstantMember(
                _memberNames.GetValueOrDefault((block, i), string.Empty),
                checked((int)_types.MemberOffsets[(block, i)]),
                checked((int)_types.SizeOf(_types.MemberType(block, i), default))));
        }

        return members;
    }

    private IReadOnlyList<MatrixUse> CheckedMatrices(SpecializationConstants constants)
    {
        try
        {
            return _types.Matrices(constants);
        }
        catch (Exception exception) when (IsDangling(exception))
        {
            throw Malformed("the size of a cooperative matrix cannot be computed", exception);
        }
    }

    private WorkgroupUsage CheckedUsage(SpecializationConstants constants, List<uint> shared)
    {
        try
        {
            return Usage(constants, shared);
        }
        catch (Exception exception) when (IsDangling(exception))
        {
            throw Malformed("the size of its workgroup cannot be computed", exception);
        }
    }

    private WorkgroupUsage Usage(SpecializationConstants constants, List<uint> shared)
    {
        long bytes = 0;
        foreach (uint type in shared)
        {
            bytes += _types.SizeOf(type, constants);
        }

        // The WorkgroupSize constant overrides the execution mode.
        long[] size = _workgroupSizeConstant != 0
            ? _types.Components(_workgroupSizeConstant, constants)
            : _localSizeIds is { } ids
                ? [.. ids.Select(id => _types.Value(id, constants))]
                : _localSize is { } fixedSize
                    ? [.. fixedSize.Select(value => (long)value)]
                    : throw Malformed("it states no workgroup size");
        return new WorkgroupUsage(size[0], size[1], size[2], bytes);
    }

    private ArgumentException Malformed(string problem, Exception? cause = null)
        => new($"Shader '{_shader}' is not usable SPIR-V: {problem}.", cause);

    private static string Text(ReadOnlySpan<uint> words)
    {
        ReadOnlySpan<byte> bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(words);
        int end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }
}
