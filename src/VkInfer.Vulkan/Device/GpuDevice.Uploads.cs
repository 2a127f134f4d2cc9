namespace VkInfer.Vulkan;

/// <summary>Uploads from many threads at once.</summary>
public sealed partial class GpuDevice
{
    /// <summary>Makes what loads a model: uploads that several threads fill at once. To be disposed before the device.</summary>
    /// <param name="slots">Pieces of staging memory, of <see cref="ParallelUploader.MaxBytes"/> each: more than there are threads.</param>
    public ParallelUploader CreateParallelUploader(int slots)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 1);
        _context.ThrowIfUnusable("upload");
        return new ParallelUploader(_context, Buffers, _uploads, _compute.Timeline, slots);
    }
}
