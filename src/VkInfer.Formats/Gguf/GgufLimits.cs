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

    /// <summary>Strings of one array: the largest vocabularies have half a million merges.</summary>
    public const int MaxStrings = 1 << 22;

    /// <summary>Arrays within arrays, in the whole header: each costs an object. No known file has any.</summary>
    public const int MaxNestedArrays = 1 << 16;

    /// <summary>Metadata and tensor records together: what they become in memory is in proportion. The largest in use have 20 MB.</summary>
    public const long MaxHeaderBytes = 256L << 20;

    /// <summary>All metadata keys together.</summary>
    public const long MaxKeyBytesInAll = 16L << 20;
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
