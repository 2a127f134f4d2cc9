namespace VkInfer.Vulkan;

/// <summary>A compute shader, compiled. Equality is by name and code. Immutable, if the memory behind it is left alone.</summary>
/// <param name="Name">For messages, debuggers and the pipeline cache.</param>
/// <param name="SpirV">SPIR-V of one compute entry point.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed record ShaderCode(string Name, ReadOnlyMemory<byte> SpirV)
{
    private ShaderReflection? _reflection;

    /// <summary>What the code says about its bindings, constants and sizes. Read once, when first asked for.</summary>
    /// <exception cref="ArgumentException">The code is no well-formed SPIR-V compute shader.</exception>
    public ShaderReflection Reflection => _reflection ??= SpirvReader.Read(this);

    /// <inheritdoc/>
    public bool Equals(ShaderCode? other)
        => other is not null && Name == other.Name && SpirV.Span.SequenceEqual(other.SpirV.Span);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, SpirV.Length);
}
