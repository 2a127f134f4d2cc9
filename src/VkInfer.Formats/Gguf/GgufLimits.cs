namespace VkInfer.Formats;

/// <summary>
/// Upper bounds that no honest file comes near, and the smallest size of each record. A count is compared with what the rest of the file
/// can hold before anything is allocated for it.
/// </summary>
internal static class GgufLimits
{
    public const int MaxKeyBytes = 65_535;
    public const int MaxTensorNameBytes = 1024;
    public const int MaxMetadataEntries = 65_536;
    public const int MaxTensors = 262_144;
    public const int MaxDimensions = 4;
    public const int MaxArrayDepth = 4;
    public const int DefaultAlignment = 32;

    /// <summary>Key length, one byte of key, type, one byte of value.</summary>
    public const int MinMetadataEntryBytes = 8 + 1 + 4 + 1;

    /// <summary>Name length, one byte of name, dimension count, one dimension, type, offset.</summary>
    public const int MinTensorEntryBytes = 8 + 1 + 4 + 8 + 4 + 8;

    /// <summary>A string's length.</summary>
    public const int MinStringBytes = 8;

    /// <summary>A nested array's element type and count.</summary>
    public const int MinArrayBytes = 4 + 8;
}
