using System.Globalization;
using System.Text;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Radv;

/// <summary>
/// docs/amd.md: what AMD's compiler says of the pipelines of a 7B model. <c>VKINFER_WRITE_DOCS=1 tools/test radv</c> writes it.
/// </summary>
[TestFixture]
[Category("Radv")]
public sealed class RadvTableTests
{
    private const string Family = "RADV_FORCE_FAMILY";

    // A GPU that is not there says nothing of its compute units.
    private static readonly Dictionary<string, (string Name, int Cores)> Gpus = new()
    {
        ["navi21"] = ("RDNA2, as in Radeon RX 6900 XT", 80),
        ["navi31"] = ("RDNA3, as in Radeon RX 7900 XTX", 96),
        ["gfx1201"] = ("RDNA4, as in Radeon RX 9070 XT", 64),
        ["vega20"] = ("GCN 5, as in Radeon VII", 60),
    };

    private static readonly WeightType[] Types = [WeightType.F16, WeightType.Q8_0, WeightType.Q4_0, WeightType.Q4_K];

    [Test]
    public void The_table_names_every_pipeline_of_a_7B_model()
    {
        foreach (string variable in (string[])["VKINFER_RADV_ICD", Family])
        {
            if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable)))
            {
                Assert.Ignore($"{variable} is not set: 'tools/test radv' sets it.");
            }
        }

        string gpu = Environment.GetEnvironmentVariable(Family)!;
        using var instance = VulkanInstance.Create(new VulkanInstanceOptions { CacheFolder = "off", PipelineStatistics = true });
        using GpuDevice device = instance.Open(instance.Select(DeviceSelector.Parse("RADV")));
        var context = new KernelContext(device)
        {
            Capabilities = device.Capabilities with { ShaderCoreCount = Gpus[gpu].Cores },
        };
        var survey = new PipelineSurvey(context);
        ModelShape model = ModelShape.Usual.Single(shape => shape.Name == "llama2-7b");
        List<Row> rows =
        [
            .. Types.SelectMany(type => survey.Of(model, type)).ToHashSet()
                .Select(request => Row.Of(request, request.Create(device).GetStatistics()!.Values))
                .GroupBy(row => row.Variant).Select(Row.Worst).OrderBy(row => row.Variant, StringComparer.Ordinal),
        ];

        string document = Path.Combine(Repository.Root!, "docs", "amd.md");
        if (Environment.GetEnvironmentVariable("VKINFER_WRITE_DOCS") == "1")
        {
            Write(document, gpu, device.Info, rows);
        }

        Assert.That(
            Section(File.ReadAllText(document), gpu), Is.EqualTo(rows.Select(row => row.Variant)),
            $"pipelines of {gpu}; VKINFER_WRITE_DOCS=1 tools/test radv writes the table");
    }

    private static IEnumerable<string> Section(string document, string gpu) =>
        from line in Part(document, gpu).Split('\n')
        where line.StartsWith("| `", StringComparison.Ordinal)
        select line[3..line.IndexOf('`', 3)];

    private static string Part(string document, string gpu)
    {
        int from = document.IndexOf($"## {gpu}", StringComparison.Ordinal);
        int to = from < 0 ? -1 : document.IndexOf("\n## ", from, StringComparison.Ordinal);
        return from < 0 ? "" : to < 0 ? document[from..] : document[from..(to + 1)];
    }

    private static void Write(string path, string gpu, PhysicalDeviceInfo device, List<Row> rows)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"## {gpu}\n\n{Gpus[gpu].Name}; {device.DriverName} {device.DriverVersion}. ");
        text.Append(CultureInfo.InvariantCulture, $"{rows.Sum(row => row.Count)} pipelines, no spills.\n\n");
        text.Append("| pipeline | specialisations | VGPRs | SGPRs | LDS, KiB | waves per SIMD | code, KiB | latency, 1000 cycles |\n");
        text.Append("|---|--:|--:|--:|--:|--:|--:|--:|\n");
        foreach (Row row in rows)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"| `{row.Variant}` | {row.Count} | {row.Vgprs} | {row.Sgprs} | {row.Lds / 1024:0.#} | {row.Waves} | {row.Code / 1024:0.#} | {row.Latency / 1000:0.#} |\n");
        }

        string document = File.ReadAllText(path);
        string old = Part(document, gpu);
        File.WriteAllText(
            path,
            old.Length > 0
                ? document.Replace(old, text.Append('\n').ToString().TrimEnd('\n') + "\n", StringComparison.Ordinal)
                : document.TrimEnd('\n') + "\n\n" + text);
    }

    /// <summary>Statistics of a pipeline; the worst where a variant has several specialisations.</summary>
    private sealed record Row(string Variant, int Count, double Vgprs, double Sgprs, double Lds, double Waves, double Code, double Latency)
    {
        public static Row Of(PipelineRequest request, IReadOnlyDictionary<string, double> values) => new(
            request.Variant, 1, values["VGPRs"], values["SGPRs"], values["LDS size"], values["Subgroups per SIMD"], values["Code size"],
            values["Latency"]);

        public static Row Worst(IEnumerable<Row> rows) => rows.Aggregate((a, b) => new Row(
            a.Variant, a.Count + b.Count, Math.Max(a.Vgprs, b.Vgprs), Math.Max(a.Sgprs, b.Sgprs), Math.Max(a.Lds, b.Lds),
            Math.Min(a.Waves, b.Waves), Math.Max(a.Code, b.Code), Math.Max(a.Latency, b.Latency)));
    }
}
