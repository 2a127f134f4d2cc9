namespace VkInfer.Vulkan;

/// <summary>What a dispatch does to a binding.</summary>
[Flags]
[EditorBrowsable(EditorBrowsableState.Never)]
public enum BindingAccess
{
    /// <summary>The shader does not use the binding.</summary>
    None = 0,

    /// <summary>Reads.</summary>
    Read = 1,

    /// <summary>Writes.</summary>
    Write = 2,

    /// <summary>Reads and writes.</summary>
    ReadWrite = Read | Write,
}

/// <summary>A member of the push-constant block.</summary>
/// <param name="Name">Its name; empty when the compiler stripped names.</param>
/// <param name="Offset">First byte in the block.</param>
/// <param name="Size">Bytes.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct PushConstantMember(string Name, int Offset, int Size);

/// <summary>A specialisation constant.</summary>
/// <param name="Id">constant_id.</param>
/// <param name="Default">Value when not specialised, as bits.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct SpecializationParameter(uint Id, uint Default);

/// <summary>What compiled code says about itself. Immutable.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed record ShaderReflection
{
    /// <summary>Access by binding number of set 0; bindings that the code does not use are <see cref="BindingAccess.None"/>.</summary>
    public required IReadOnlyList<BindingAccess> Bindings { get; init; }

    /// <summary>Bytes of the push-constant block, up to its last member's end; 0 without one.</summary>
    public required int PushConstantSize { get; init; }

    /// <summary>Members of the push-constant block.</summary>
    public required IReadOnlyList<PushConstantMember> PushConstantMembers { get; init; }

    /// <summary>Specialisation constants, by id.</summary>
    public required IReadOnlyList<SpecializationParameter> SpecializationParameters { get; init; }

    /// <summary>Name of the entry point.</summary>
    public required string EntryPoint { get; init; }

    /// <summary>The capabilities that the code declares, by their numbers in SPIR-V.</summary>
    internal IReadOnlyList<uint> Capabilities { get; init; } = [];

    /// <summary>The types of cooperative matrices with the given constants.</summary>
    internal Func<SpecializationConstants, IReadOnlyList<MatrixUse>> Matrices { get; init; } = static _ => [];

    internal Func<SpecializationConstants, WorkgroupUsage> Workgroup { get; init; } = static _ => default;

    /// <summary>Workgroup size and shared memory with the given constants.</summary>
    public WorkgroupUsage WorkgroupWith(SpecializationConstants constants) => Workgroup(constants);
}

/// <summary>What a workgroup takes.</summary>
/// <param name="X">Invocations along x.</param>
/// <param name="Y">Invocations along y.</param>
/// <param name="Z">Invocations along z.</param>
/// <param name="SharedMemoryBytes">Bytes of shared variables.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct WorkgroupUsage(long X, long Y, long Z, long SharedMemoryBytes);

/// <summary>A type of cooperative matrix that a shader uses.</summary>
/// <param name="Component">Type of its elements.</param>
/// <param name="Rows">Rows.</param>
/// <param name="Columns">Columns.</param>
/// <param name="Use">0: A, 1: B, 2: the sum.</param>
internal readonly record struct MatrixUse(MatrixComponentType Component, long Rows, long Columns, long Use)
{
    /// <summary>Whether a product of this shape takes such a matrix.</summary>
    public bool Suits(CooperativeMatrixShape shape) => Use switch
    {
        0 => (Component, Rows, Columns) == (shape.A, shape.M, shape.K),
        1 => (Component, Rows, Columns) == (shape.B, shape.K, shape.N),
        _ => (Rows, Columns) == (shape.M, shape.N) && (Component == shape.C || Component == shape.Result),
    };
}
