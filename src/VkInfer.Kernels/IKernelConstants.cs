using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>The specialisation constants of a shader as a typed record. A test compares the names with the shader's source.</summary>
internal interface IKernelConstants
{
    /// <summary>The constants' names in the shader, by id; id 0 is the workgroup size (local_size_x_id), which has no name there.</summary>
    static abstract IReadOnlyList<string> Names { get; }

    /// <summary>The shader's file below <c>shaders</c>.</summary>
    static abstract string Source { get; }

    /// <summary>The values, by id.</summary>
    SpecializationConstants ToSpecialization();
}
