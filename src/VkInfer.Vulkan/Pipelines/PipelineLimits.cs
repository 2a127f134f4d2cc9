namespace VkInfer.Vulkan;

/// <summary>
/// What a pipeline must keep to. Drivers need not refuse one that breaks a limit or uses a feature that is off; some lose the device when
/// it runs, others compute nonsense.
/// </summary>
internal static class PipelineLimits
{
    /// <summary>Throws where a device cannot run a shader with these constants.</summary>
    /// <exception cref="ArgumentException">It cannot; the message says what is wanted and what there is.</exception>
    public static void Check(
        DeviceCapabilities limits, ShaderCode shader, SpecializationConstants constants, SubgroupRequest subgroups)
    {
        if (Problem(limits, shader.Reflection, constants, subgroups) is var (wanted, available))
        {
            throw new ArgumentException(
                $"Shader '{shader.Name}' with constants '{constants}' wants {wanted}; the device has {available}.");
        }
    }

    private static (string Wanted, string Available)? Problem(
        DeviceCapabilities limits, ShaderReflection reflection, SpecializationConstants constants, SubgroupRequest subgroups)
    {
        if (ShaderCapabilities.Missing(reflection, limits) is { } capability)
        {
            return (capability, "none of that");
        }

        foreach (MatrixUse matrix in reflection.Matrices(constants))
        {
            if (!limits.CooperativeMatrixShapes.Any(matrix.Suits))
            {
                return (matrix.ToString(), "no product of such matrices");
            }
        }

        WorkgroupUsage use = reflection.WorkgroupWith(constants);
        (int mostX, int mostY, int mostZ) = limits.MaxWorkgroupSize;
        if (use.X < 1 || use.Y < 1 || use.Z < 1 || use.X > mostX || use.Y > mostY || use.Z > mostZ
            || use.X * use.Y * use.Z > limits.MaxWorkgroupInvocations)
        {
            return ($"a workgroup of {use.X}x{use.Y}x{use.Z}", $"{mostX}x{mostY}x{mostZ} and {limits.MaxWorkgroupInvocations} invocations");
        }

        if (use.SharedMemoryBytes > limits.MaxSharedMemoryBytes)
        {
            return ($"{use.SharedMemoryBytes} bytes of shared memory", $"{limits.MaxSharedMemoryBytes}");
        }

        if (reflection.PushConstantSize > limits.MaxPushConstantBytes)
        {
            return ($"{reflection.PushConstantSize} bytes of push constants", $"{limits.MaxPushConstantBytes}");
        }

        return subgroups.Problem(limits, use);
    }
}
