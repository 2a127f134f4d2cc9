using System.Globalization;

namespace VkInfer.Vulkan;

/// <summary>Values of specialisation constants by constant_id. Immutable; equal when ids and values are. The default has none.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly struct SpecializationConstants : IEquatable<SpecializationConstants>
{
    private readonly (uint Id, uint Value)[]? _entries;

    private SpecializationConstants((uint Id, uint Value)[] entries) => _entries = entries;

    /// <summary>Number of constants.</summary>
    public int Count => _entries?.Length ?? 0;

    internal ReadOnlySpan<(uint Id, uint Value)> Entries => _entries;

    /// <summary>Takes values by id. Numbers other than uint go through <see cref="Bits(float)"/> and its like.</summary>
    /// <exception cref="ArgumentException">An id comes twice.</exception>
    public static SpecializationConstants From(params (uint Id, uint Value)[] constants)
    {
        ArgumentNullException.ThrowIfNull(constants);
        (uint Id, uint Value)[] entries = constants.ToArray();
        Array.Sort(entries, (a, b) => a.Id.CompareTo(b.Id));
        for (int i = 1; i < entries.Length; i++)
        {
            if (entries[i].Id == entries[i - 1].Id)
            {
                throw new ArgumentException(
                    string.Create(CultureInfo.InvariantCulture, $"Specialisation constant {entries[i].Id} is given twice."),
                    nameof(constants));
            }
        }

        return new SpecializationConstants(entries);
    }

    /// <summary>A float constant's bits.</summary>
    public static uint Bits(float value) => BitConverter.SingleToUInt32Bits(value);

    /// <summary>A bool constant's bits.</summary>
    public static uint Bits(bool value) => value ? 1u : 0u;

    /// <summary>An int constant's bits.</summary>
    public static uint Bits(int value) => unchecked((uint)value);

    /// <inheritdoc/>
    public bool Equals(SpecializationConstants other) => Entries.SequenceEqual(other.Entries);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is SpecializationConstants other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach ((uint Id, uint Value) entry in Entries)
        {
            hash.Add(entry);
        }

        return hash.ToHashCode();
    }

    /// <summary>The constants as <c>id=value</c>, for messages.</summary>
    public override string ToString() => string.Join(' ', (_entries ?? []).Select(entry
        => string.Create(CultureInfo.InvariantCulture, $"{entry.Id}={entry.Value}")));

    /// <summary>Equality.</summary>
    public static bool operator ==(SpecializationConstants left, SpecializationConstants right) => left.Equals(right);

    /// <summary>Inequality.</summary>
    public static bool operator !=(SpecializationConstants left, SpecializationConstants right) => !left.Equals(right);

    /// <summary>The value of a constant, as bits.</summary>
    /// <param name="id">constant_id.</param>
    /// <param name="value">Its value; 0 where there is none.</param>
    /// <returns>Whether the constant is given.</returns>
    public bool TryGet(uint id, out uint value)
    {
        foreach ((uint Id, uint Value) entry in Entries)
        {
            if (entry.Id == id)
            {
                value = entry.Value;
                return true;
            }
        }

        value = 0;
        return false;
    }
}
