using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace VkInfer.Extensions.AI;

/// <summary>
/// The activity source and the meter, both named <c>VkInfer</c>. Names, units, attributes and bucket boundaries are those of
/// OpenTelemetry's semantic conventions for generative AI; instruments of our own begin with <c>vkinfer.</c>.
/// </summary>
internal static class ChatTelemetry
{
    public const string Name = "VkInfer";
    public const string Provider = "vkinfer";
    public const string Operation = "chat";

    private const string Seconds = "s";

    private static readonly Meter Meter = new(Name);

    public static ActivitySource Activities { get; } = new(Name);

    public static Histogram<long> TokenUsage { get; } = Meter.CreateHistogram(
        "gen_ai.client.token.usage", "{token}", "Input and output tokens of a request", null, new InstrumentAdvice<long>
        {
            HistogramBucketBoundaries = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864],
        });

    public static Histogram<double> Duration { get; } = Histogram(
        "gen_ai.client.operation.duration", "Time from a request to the end of its answer",
        [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]);

    public static Histogram<double> TimeToFirstToken { get; } = Histogram(
        "gen_ai.server.time_to_first_token", "Time from a request to its answer's first token",
        [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0]);

    public static Histogram<double> TimePerOutputToken { get; } = Histogram(
        "gen_ai.server.time_per_output_token", "Time for each token behind the first",
        [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5]);

    public static UpDownCounter<int> Waiting { get; } =
        Meter.CreateUpDownCounter<int>("vkinfer.requests.waiting", "{request}", "Requests that wait for the model");

    public static UpDownCounter<int> Running { get; } =
        Meter.CreateUpDownCounter<int>("vkinfer.requests.running", "{request}", "Requests that are being answered");

    private static Histogram<double> Histogram(string name, string description, IReadOnlyList<double> boundaries) =>
        Meter.CreateHistogram(name, Seconds, description, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = boundaries });
}
