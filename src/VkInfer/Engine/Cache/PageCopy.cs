namespace VkInfer.Engine.Cache;

/// <summary>A page to copy at the head of a step, before any row is stored.</summary>
/// <param name="From">The page that others hold, too.</param>
/// <param name="To">The page that will be written.</param>
internal readonly record struct PageCopy(int From, int To);
