using System.Collections.Concurrent;
using System.Globalization;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Radv;

/// <summary>
/// Every pipeline that the kernels ask for, through AMD's compiler for the GPU that <c>RADV_FORCE_FAMILY</c> names. The GPU is not
/// there: it has no memory, and can neither record nor run.
/// </summary>
[TestFixture]
[Category("Radv")]
public sealed class RadvPipelineTests
{
    private const string Family = "RADV_FORCE_FAMILY";

    private static readonly string[] SpillStatistics = ["Spilled SGPRs", "Spilled VGPRs", "Scratch size"];

    // A GPU that is not there has no compute units: a small one, a large one, and one whose driver does not tell.
    private static readonly int?[] CoreCounts = [12, 96, 304, null];

    private VulkanInstance? _instance;
    private GpuDevice? _device;

    private GpuDevice Device => _device!;

    [OneTimeSetUp]
    public void Open()
    {
        foreach (string variable in (string[])["VKINFER_RADV_ICD", Family])
        {
            if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable)))
            {
                Assert.Ignore($"{variable} is not set: 'tools/test radv' sets it.");
            }
        }

        _instance = VulkanInstance.Create(new VulkanInstanceOptions { CacheFolder = "off", PipelineStatistics = true });
        _device = _instance.Open(_instance.Select(DeviceSelector.Parse("RADV")));
    }

    [OneTimeTearDown]
    public void Close()
    {
        _device?.Dispose();
        _instance?.Dispose();
    }

    /// <summary>Most of the time is the compiler's, which takes no more than one core for a pipeline.</summary>
    [Test]
    public void Every_pipeline_compiles_and_none_spills()
    {
        var spilling = new ConcurrentBag<string>();
        Parallel.ForEach(Requests(), request =>
        {
            List<string> spills = Spills(request.Create(Device));
            if (spills.Count > 0)
            {
                spilling.Add($"{request.Variant} with {request.Constants}: {string.Join(", ", spills)}");
            }
        });
        Assert.That(spilling, Is.Empty);
    }

    // The driver takes 32 for workgroups that are no larger, unless a size is asked for.
    [Test]
    public void Subgroups_have_the_usual_size_whatever_the_workgroup()
    {
        foreach (uint threads in new uint[] { 32, 64, 256 })
        {
            var request = new PipelineRequest("gather_rows", SpecializationConstants.From((0, threads)));
            Assert.That(
                request.Create(Device).GetStatistics()!.SubgroupSize, Is.EqualTo(Device.Capabilities.SubgroupSize),
                $"{threads} invocations");
        }
    }

    [Test]
    public void A_spill_is_seen()
    {
        // 256 sums for each lane are as many as it has registers.
        var tiling = new GemmTiledConstants(8, 8, 16, 16);
        Assert.That(
            Spills(new PipelineRequest("gemm_f32_f32_tiled", tiling.ToSpecialization(accumulate: false)).Create(Device)), Is.Not.Empty);
    }

    [Test]
    public void Every_variant_is_reached()
    {
        IEnumerable<string> expected = ShaderLibrary.Names.Where(name => !name.StartsWith("probe_", StringComparison.Ordinal));
        if (MatrixUnits.Find(Device.Capabilities) is null)
        {
            string[] ofMatrixUnits = ["coopmat", "flat", "_f16_vectors"];
            expected = expected.Where(name => !ofMatrixUnits.Any(part => name.Contains(part, StringComparison.Ordinal)));
        }

        if (MatrixUnits.FindNarrow(Device.Capabilities) is null or { N: > DecodeAttentionMatrix.MaxColumns })
        {
            expected = expected.Where(name =>
                !name.StartsWith("attention_decode_", StringComparison.Ordinal) || !name.EndsWith("_coopmat", StringComparison.Ordinal));
        }

        if (!Device.Capabilities.IntegerDotProductAccelerated)
        {
            expected = expected.Where(name => !name.EndsWith("_dot", StringComparison.Ordinal));
        }

        Assert.That(Requests().Select(request => request.Variant).Distinct(), Is.EquivalentTo(expected));
    }

    [Test]
    public void Matrix_units_are_found_where_the_hardware_has_them()
    {
        switch (Environment.GetEnvironmentVariable(Family))
        {
            case "navi31":
                Assert.That(MatrixUnits.Find(Device.Capabilities), Is.EqualTo(new MatrixShape(16, 16, 16, 64, HasHalfSums: true)));
                break;
            case "navi21" or "vega20":
                Assert.That(MatrixUnits.Find(Device.Capabilities), Is.Null);
                break;
            default:
                Assert.Ignore("Whether the driver offers them depends on its version.");
                break;
        }
    }

    /// <summary>
    /// Requests on the device as it is, without its matrix units, and of the matrix products that processors use: these would
    /// run here as well, and have a form of their own.
    /// </summary>
    private HashSet<PipelineRequest> Requests()
    {
        DeviceCapabilities scalar = Device.Capabilities with { CooperativeMatrixShapes = [] };
        var processor = new PipelineSurvey(new KernelContext(Device) { Capabilities = scalar, IsSoftware = true });
        var requests = ModelShape.Usual.SelectMany(processor.ProductsOf).ToHashSet();
        foreach (int? cores in CoreCounts)
        {
            foreach (DeviceCapabilities capabilities in (DeviceCapabilities[])[Device.Capabilities, scalar])
            {
                var survey = new PipelineSurvey(new KernelContext(Device) { Capabilities = capabilities with { ShaderCoreCount = cores } });
                requests.UnionWith(ModelShape.Usual.SelectMany(survey.Of));
            }
        }

        return requests;
    }

    /// <summary>What the compiler says was spilled or lies in scratch memory, such as "Spilled VGPRs: 12".</summary>
    private static List<string> Spills(ComputePipeline pipeline)
    {
        IReadOnlyDictionary<string, double>? statistics = pipeline.GetStatistics()?.Values;
        Assert.That(statistics?.Keys, Is.SupersetOf(SpillStatistics), "The driver's statistics lack what is looked for.");
        return
        [
            .. SpillStatistics
                .Where(name => statistics![name] != 0)
                .Select(name => string.Create(CultureInfo.InvariantCulture, $"{name}: {statistics![name]}")),
        ];
    }
}
