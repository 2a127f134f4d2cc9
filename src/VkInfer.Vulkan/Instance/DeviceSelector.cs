using System.Globalization;

namespace VkInfer.Vulkan;

/// <summary>Says which device is wanted: automatically, by index, by type, or by a part of its name. Immutable.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed record DeviceSelector
{
    private readonly int? _index;
    private readonly DeviceType? _type;
    private readonly string? _namePart;

    private DeviceSelector(int? index, DeviceType? type, string? namePart)
    {
        _index = index;
        _type = type;
        _namePart = namePart;
    }

    /// <summary>Discrete before integrated before virtual before software; within a type the one with the most device memory.</summary>
    public static DeviceSelector Auto { get; } = new(null, null, null);

    /// <summary>Reads a selector.</summary>
    /// <param name="text">
    /// <c>auto</c> or nothing; an index; <c>discrete</c>, <c>integrated</c>, <c>virtual</c> or <c>software</c>; else a part of the
    /// device's name. Case does not matter.
    /// </param>
    public static DeviceSelector Parse(string? text)
    {
        string word = text?.Trim() ?? string.Empty;
        if (word.Length == 0 || word.Equals("auto", StringComparison.OrdinalIgnoreCase))
        {
            return Auto;
        }

        if (int.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int index))
        {
            return new DeviceSelector(index, null, null);
        }

        return word.ToUpperInvariant() switch
        {
            "DISCRETE" => new DeviceSelector(null, DeviceType.Discrete, null),
            "INTEGRATED" => new DeviceSelector(null, DeviceType.Integrated, null),
            "VIRTUAL" => new DeviceSelector(null, DeviceType.Virtual, null),
            "SOFTWARE" or "CPU" => new DeviceSelector(null, DeviceType.Software, null),
            _ => new DeviceSelector(null, null, word),
        };
    }

    /// <summary>The text that <see cref="Parse"/> reads back.</summary>
    public override string ToString() => _index?.ToString(CultureInfo.InvariantCulture)
        ?? (_type is { } type ? type.ToString().ToLowerInvariant() : _namePart ?? "auto");

    internal PhysicalDeviceInfo? Choose(IReadOnlyList<PhysicalDeviceInfo> devices)
        => devices.Where(Matches).OrderBy(device => Rank(device.Type)).ThenByDescending(DeviceMemory).FirstOrDefault();

    private static int Rank(DeviceType type) => type switch
    {
        DeviceType.Discrete => 0,
        DeviceType.Integrated => 1,
        DeviceType.Virtual => 2,
        DeviceType.Other => 3,
        _ => 4,
    };

    private static long DeviceMemory(PhysicalDeviceInfo device)
        => device.Capabilities.Heaps.Where(heap => heap.DeviceLocal).Sum(heap => heap.Size);

    private bool Matches(PhysicalDeviceInfo device)
    {
        if (_index is { } index)
        {
            return device.Index == index;
        }

        return device.UnsupportedReason is null
            && (_type is null || device.Type == _type)
            && (_namePart is null || device.Name.Contains(_namePart, StringComparison.OrdinalIgnoreCase));
    }
}
