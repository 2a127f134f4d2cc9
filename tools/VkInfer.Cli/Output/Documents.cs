using System.Text.Json.Serialization;

namespace VkInfer.Cli.Output;

// The JSON documents of the commands; properties are written in camelCase.

internal sealed record DevicesDocument(IReadOnlyList<DeviceDocument> Devices);

internal sealed record DeviceDocument(
    int Index, string Name, string Type, uint VendorId, uint DeviceId, string Driver, string DriverVersion, string ApiVersion, string Uuid,
    string? UnsupportedReason, CapabilitiesDocument Capabilities);

internal sealed record CapabilitiesDocument(
    int SubgroupSize, int MinSubgroupSize, int MaxSubgroupSize, int MaxSharedMemoryBytes, int MaxWorkgroupInvocations,
    long MaxStorageBufferRange, bool Float16, bool Int8, bool Storage16, bool Storage8, bool IntegerDotProduct, bool BFloat16,
    IReadOnlyList<string> CooperativeMatrixShapes, bool CooperativeMatrix2Nv, bool Timestamps, double TimestampPeriodNanoseconds,
    int? ShaderCoreCount, IReadOnlyList<HeapDocument> Heaps, bool HostVisibleDeviceLocal, bool TransferQueue, bool MemoryBudget);

internal sealed record HeapDocument(long Bytes, bool DeviceLocal, bool HostVisible);

internal sealed record SelfTestDocument(IReadOnlyList<DeviceTestDocument> Devices);

internal sealed record DeviceTestDocument(
    int Index, string Name, string Driver, string DriverVersion, string? Refused, int Cases, IReadOnlyDictionary<string, string> LeftOut,
    double Seconds);

internal sealed record InspectDocument(
    string Model, string Name, long FileBytes, ConfigDocument? Config, MemoryDocument? Memory, SoftmaxDocument? Softmax,
    string? Unsupported, IReadOnlyDictionary<string, string> Metadata, IReadOnlyList<TensorDocument> Tensors);

internal sealed record ConfigDocument(
    string Architecture, int VocabSize, int HiddenSize, int IntermediateSize, int NumLayers, int NumHeads, int NumKvHeads, int HeadDim,
    int RotaryDim, string RopePairing, float RopeTheta, float NormEps, int MaxContextLength);

internal sealed record MemoryDocument(long WeightBytes, long KvCacheBytes, long ScratchBytes, long TotalBytes);

internal sealed record SoftmaxDocument(string Origin, IReadOnlyList<SoftmaxLayerDocument> Layers)
{
    public static SoftmaxDocument? Of(SoftmaxPlan? plan) => plan is null ? null : new SoftmaxDocument(
        plan.Origin,
        [.. plan.Layers.Select(layer => new SoftmaxLayerDocument(
            layer.Decode.Scheme.ToString(), layer.Prefill.Scheme.ToString(), layer.Decode.Phi, layer.Decode.Lower, layer.Decode.Upper))]);
}

internal sealed record SoftmaxLayerDocument(string Decode, string Prefill, float Phi, float Lower, float Upper);

internal sealed record SoftmaxStatsDocument(long Rows, long Recomputed)
{
    public static SoftmaxStatsDocument Of(Kernels.SoftmaxStats stats) => new(stats.Rows, stats.Recomputed);
}

internal sealed record CalibrateDocument(string? File, SoftmaxCalibration Calibration);

internal sealed record FidelityDocument(
    string Device, string Model, string Softmax, string KvType, string Reference, int Tokens, double Perplexity, double ReferencePerplexity,
    double PerplexityDifference, double EqualGreedyShare, double KlMean, double Kl99, double LargestLogitDifference, double RecomputeRate,
    double TokensPerSecond, double ReferenceTokensPerSecond);

internal sealed record TensorDocument(string Name, string Type, IReadOnlyList<long> Dimensions, long Bytes);

internal sealed record ConvertDocument(string Model, string File, long FileBytes);

internal sealed record TokenizeDocument(IReadOnlyList<int> Ids);

internal sealed record DetokenizeDocument(string Text);

internal sealed record LogitsDocument(string File, int Rows, int Columns);

internal sealed record GenerateDocument(
    string Text,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reasoning,
    IReadOnlyList<int> Ids, FinishReason FinishReason, UsageDocument Usage, TimingsDocument Timings,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<LogProbabilitiesDocument>? LogProbabilities,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SoftmaxStatsDocument? SoftmaxStats);

internal sealed record LogProbabilitiesDocument(int Id, double LogProbability, IReadOnlyList<LogProbabilityDocument> Top);

internal sealed record LogProbabilityDocument(int Id, double LogProbability);

internal sealed record UsageDocument(int PromptTokens, int CompletionTokens, int CachedTokens);

internal sealed record TimingsDocument(
    double LoadMilliseconds, double PrefillMilliseconds, double DecodeMilliseconds, double PrefillTokensPerSecond,
    double DecodeTokensPerSecond);

internal sealed record ChatDocument(IReadOnlyList<ChatTurnDocument> Turns);

internal sealed record ChatTurnDocument(
    string Role, string Text, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reasoning);

internal sealed record PerplexityDocument(
    double Perplexity, int Tokens, double MeanNegativeLogLikelihood, double StandardError, int Windows, int Context);

internal sealed record BenchDocument(
    string Device, string Driver, string Model, IReadOnlyList<BenchResultDocument> Results, BenchCheckDocument Check,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SoftmaxStatsDocument? SoftmaxStats);

internal sealed record BenchResultDocument(
    string Test, double TokensPerSecond, double StdDev, double? GpuMilliseconds, double WallMilliseconds, int Repeats);

internal sealed record BenchCheckDocument(bool Ok, double? Nmse, double Bound, bool Finite, bool Repeatable);

internal sealed record TuneDocument(string? File, LinearTuning Tuning, IReadOnlyList<string> Problems);

internal sealed record AblationDocument(
    string Device, string Driver, string Model, IReadOnlyList<string> Variants, IReadOnlyList<Bench.AblationRow> Rows);

internal sealed record ProfileDocument(string Device, string Driver, string Model, IReadOnlyList<Bench.ProfileResult> Results);

internal sealed record ServeDocument(
    string Device, string Driver, string Model, IReadOnlyList<Bench.Serve.ServeResult> Results);

internal sealed record PullDocument(string Name, string Path);

internal sealed record ListDocument(string Folder, IReadOnlyList<StoredModelDocument> Models);

internal sealed record StoredModelDocument(string Name, string Commit, string Path, long Bytes);

internal sealed record RemoveDocument(string Name, long Bytes);
