using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>Which driver this is, exactly enough to find its quirks and its pipeline cache.</summary>
/// <param name="Id">VkDriverId.</param>
/// <param name="Version">The driver's packed version number.</param>
/// <param name="CacheUuid">pipelineCacheUUID, 32 hexadecimal digits.</param>
internal readonly record struct DriverIdentity(DriverId Id, uint Version, string CacheUuid);
