namespace VkInfer.Engine.Scheduling;

/// <summary>As many sequences wait as may.</summary>
internal sealed class QueueFullException(int waiting)
    : InvalidOperationException($"{waiting} requests wait, which is the limit. Ask again later.");
