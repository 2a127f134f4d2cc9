namespace VkInfer;

/// <summary>How far loading has come.</summary>
/// <param name="Stage">What is being done, in a word or two.</param>
/// <param name="BytesDone">Bytes of weights already on the device.</param>
/// <param name="BytesTotal">Bytes of weights in all.</param>
public readonly record struct LoadProgress(string Stage, long BytesDone, long BytesTotal);
