namespace VkInfer.Vulkan;

/// <summary>What a dispatch must keep to: the shader's own interface and the device's limits.</summary>
internal static class DispatchChecks
{
    public static void Check(
        DeviceContext context, ComputePipeline pipeline, uint groupsX, uint groupsY, uint groupsZ,
        ReadOnlySpan<byte> pushConstants, ReadOnlySpan<BufferView> bindings)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        if (!pipeline.BelongsTo(context))
        {
            throw new ArgumentException($"Pipeline '{pipeline.Name}' is of another device.", nameof(pipeline));
        }

        DeviceCapabilities limits = context.Info.Capabilities;
        (int mostX, int mostY, int mostZ) = limits.MaxWorkgroupCount;
        if (groupsX - 1 >= (uint)mostX || groupsY - 1 >= (uint)mostY || groupsZ - 1 >= (uint)mostZ)
        {
            throw new ArgumentOutOfRangeException(
                nameof(groupsX), $"'{pipeline.Name}' was given {groupsX}x{groupsY}x{groupsZ} workgroups; 1x1x1 to {mostX}x{mostY}x{mostZ} "
                + "are allowed.");
        }

        CheckPushConstants(pipeline, pushConstants.Length, limits);
        if (bindings.Length < pipeline.Access.Length)
        {
            throw new ArgumentException(
                $"'{pipeline.Name}' has {pipeline.Access.Length} bindings and was given {bindings.Length}.", nameof(bindings));
        }

        for (int i = 0; i < pipeline.Access.Length; i++)
        {
            CheckBinding(context, pipeline, bindings[i], i);
        }
    }

    public static void CheckDevice(DeviceContext context, GpuBuffer buffer, string parameter)
    {
        if (!buffer.Device.Owns(context))
        {
            throw new ArgumentException($"Buffer '{buffer.Name}' is of another device.", parameter);
        }
    }

    // A C# struct may end in padding that the block does not have; a shader that uses no push constant has no block at all.
    private static void CheckPushConstants(ComputePipeline pipeline, int given, DeviceCapabilities limits)
    {
        int expected = pipeline.Reflection.PushConstantSize;
        bool fits = expected == 0 ? given <= limits.MaxPushConstantBytes : given >= expected && given <= ((expected + 7) & ~7);
        if (!fits)
        {
            throw Misuse(
                $"'{pipeline.Name}' has {expected} bytes of push constants and was given {given}.", "pushConstants");
        }
    }

    private static void CheckBinding(DeviceContext context, ComputePipeline pipeline, in BufferView view, int binding)
    {
        const string Parameter = "bindings";
        DeviceCapabilities limits = context.Info.Capabilities;
        view.Check(Parameter);
        CheckDevice(context, view.Buffer, Parameter);
        if (view.Offset % limits.StorageBufferOffsetAlignment != 0)
        {
            throw Misuse(
                $"Binding {binding} of '{pipeline.Name}': offset {view.Offset} in '{view.Buffer.Name}' is no multiple of "
                + $"{limits.StorageBufferOffsetAlignment}.", Parameter);
        }

        if (view.Length > limits.MaxStorageBufferRange)
        {
            throw Misuse(
                $"Binding {binding} of '{pipeline.Name}': {view.Length} bytes of '{view.Buffer.Name}' exceed the device's limit of "
                + $"{limits.MaxStorageBufferRange}; split the work.", Parameter);
        }
    }

    private static ArgumentException Misuse(string message, string parameter) => new(message, parameter);
}
