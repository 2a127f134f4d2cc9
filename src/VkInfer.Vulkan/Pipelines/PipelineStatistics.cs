using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>What a driver's compiler tells about a pipeline. The names are the driver's own. Immutable.</summary>
/// <param name="SubgroupSize">Subgroup size the pipeline was compiled for; 0 when not told.</param>
/// <param name="Values">Figures by the driver's name for them, such as "Spilled VGPRs" or "Register Count".</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed record PipelineStatistics(int SubgroupSize, IReadOnlyDictionary<string, double> Values)
{
    internal static unsafe PipelineStatistics Read(DeviceContext context, KhrPipelineExecutableProperties functions, Pipeline pipeline)
    {
        var pipelineInfo = new PipelineInfoKHR { SType = StructureType.PipelineInfoKhr, Pipeline = pipeline };
        uint count = 1;
        var executable = new PipelineExecutablePropertiesKHR { SType = StructureType.PipelineExecutablePropertiesKhr };
        context.Check(
            functions.GetPipelineExecutableProperties(context.Handle, &pipelineInfo, &count, &executable),
            "vkGetPipelineExecutablePropertiesKHR");

        const string Operation = "vkGetPipelineExecutableStatisticsKHR";
        var info = new PipelineExecutableInfoKHR { SType = StructureType.PipelineExecutableInfoKhr, Pipeline = pipeline };
        uint rows = 0;
        context.Check(functions.GetPipelineExecutableStatistics(context.Handle, &info, &rows, null), Operation);
        var statistics = new PipelineExecutableStatisticKHR[rows];
        for (int i = 0; i < statistics.Length; i++)
        {
            statistics[i].SType = StructureType.PipelineExecutableStatisticKhr;
        }

        var values = new Dictionary<string, double>(StringComparer.OrdinalIgnoreCase);
        fixed (PipelineExecutableStatisticKHR* first = statistics)
        {
            context.Check(functions.GetPipelineExecutableStatistics(context.Handle, &info, &rows, first), Operation);
            for (int i = 0; i < rows; i++)
            {
                values[Utf8Name.Read(first[i].Name)] = first[i].Format switch
                {
                    PipelineExecutableStatisticFormatKHR.Bool32Khr => first[i].Value.B32 ? 1 : 0,
                    PipelineExecutableStatisticFormatKHR.Int64Khr => first[i].Value.I64,
                    PipelineExecutableStatisticFormatKHR.Float64Khr => first[i].Value.F64,
                    _ => first[i].Value.U64,
                };
            }
        }

        return new PipelineStatistics((int)executable.SubgroupSize, values);
    }
}
