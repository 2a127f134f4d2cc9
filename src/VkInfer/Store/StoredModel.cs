namespace VkInfer;

/// <summary>A model in a store.</summary>
/// <param name="Name">What it is asked for by.</param>
/// <param name="Commit">The commit it is of.</param>
/// <param name="Path">The file or folder that is loaded.</param>
/// <param name="Bytes">Bytes of its files.</param>
public sealed record StoredModel(ModelName Name, string Commit, string Path, long Bytes);
