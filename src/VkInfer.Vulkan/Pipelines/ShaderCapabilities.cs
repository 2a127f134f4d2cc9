using System.Globalization;

namespace VkInfer.Vulkan;

/// <summary>
/// Compares the capabilities that SPIR-V declares with those of the device. Drivers need not refuse a shader that uses a feature which is
/// not switched on, and most run it, right or wrong. Numbers and names: SPIR-V specification 1.6, section 3.31.
/// </summary>
internal static class ShaderCapabilities
{
    /// <summary>What the shader declares and the device has not; null: it has all.</summary>
    public static string? Missing(ShaderReflection shader, DeviceCapabilities device)
    {
        foreach (uint capability in shader.Capabilities)
        {
            if (!Has(device, capability))
            {
                return Name(capability);
            }
        }

        return null;
    }

    /// <summary>Whether a capability is one that shaders here may declare.</summary>
    public static bool IsKnown(uint capability) => Name(capability)[0] != '#';

    private static bool Has(DeviceCapabilities device, uint capability) => capability switch
    {
        0 or 1 or 61 => true, // Vulkan 1.3 has these
        9 => device.Float16,
        11 => device.Int64,
        22 => device.Int16,
        39 => device.Int8,
        62 => device.SubgroupVote,
        63 => device.SubgroupArithmetic,
        64 => device.SubgroupBallot,
        65 => device.SubgroupShuffle,
        4433 or 4434 => device.Storage16,
        4448 or 4449 => device.Storage8,
        5116 => device.BFloat16,
        5345 or 5346 => device.VulkanMemoryModel,
        5347 => device.BufferDeviceAddress,
        6017 or 6018 or 6019 => device.IntegerDotProduct,
        6022 => device.CooperativeMatrixShapes.Count > 0,
        _ => false,
    };

    private static string Name(uint capability) => capability switch
    {
        0 => "Matrix",
        1 => "Shader",
        9 => "Float16",
        11 => "Int64",
        22 => "Int16",
        39 => "Int8",
        61 => "GroupNonUniform",
        62 => "GroupNonUniformVote",
        63 => "GroupNonUniformArithmetic",
        64 => "GroupNonUniformBallot",
        65 => "GroupNonUniformShuffle",
        4433 => "StorageBuffer16BitAccess",
        4434 => "UniformAndStorageBuffer16BitAccess",
        4448 => "StorageBuffer8BitAccess",
        4449 => "UniformAndStorageBuffer8BitAccess",
        5116 => "BFloat16TypeKHR",
        5345 => "VulkanMemoryModel",
        5346 => "VulkanMemoryModelDeviceScope",
        5347 => "PhysicalStorageBufferAddresses",
        6017 => "DotProductInput4x8Bit",
        6018 => "DotProductInput4x8BitPacked",
        6019 => "DotProduct",
        6022 => "CooperativeMatrixKHR",
        _ => string.Create(CultureInfo.InvariantCulture, $"#{capability}"),
    };
}
