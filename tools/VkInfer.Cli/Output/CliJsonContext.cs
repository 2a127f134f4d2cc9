using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace VkInfer.Cli.Output;

/// <summary>Writes the documents without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(FinishReasonConverter)])]
[JsonSerializable(typeof(DevicesDocument))]
[JsonSerializable(typeof(SelfTestDocument))]
[JsonSerializable(typeof(InspectDocument))]
[JsonSerializable(typeof(ConvertDocument))]
[JsonSerializable(typeof(TokenizeDocument))]
[JsonSerializable(typeof(DetokenizeDocument))]
[JsonSerializable(typeof(LogitsDocument))]
[JsonSerializable(typeof(GenerateDocument))]
[JsonSerializable(typeof(ChatDocument))]
[JsonSerializable(typeof(PerplexityDocument))]
[JsonSerializable(typeof(BenchDocument))]
[JsonSerializable(typeof(CalibrateDocument))]
[JsonSerializable(typeof(FidelityDocument))]
[JsonSerializable(typeof(TuneDocument))]
[JsonSerializable(typeof(AblationDocument))]
[JsonSerializable(typeof(ProfileDocument))]
[JsonSerializable(typeof(ServeDocument))]
[JsonSerializable(typeof(PullDocument))]
[JsonSerializable(typeof(ListDocument))]
[JsonSerializable(typeof(RemoveDocument))]
internal sealed partial class CliJsonContext : JsonSerializerContext
{
    /// <summary>The context the program writes with: text stays readable, since no document is put into a web page.</summary>
    public static CliJsonContext Readable => field ??= new CliJsonContext(
        new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}

/// <summary>
/// Writes finish reasons as <c>endOfText</c>, <c>stopString</c>, <c>maxTokens</c>, <c>contextFull</c>, <c>grammarComplete</c>.
/// </summary>
internal sealed class FinishReasonConverter() : JsonStringEnumConverter<FinishReason>(JsonNamingPolicy.CamelCase);
