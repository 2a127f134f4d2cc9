using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>A Vulkan call failed. Carries the operation, and the result code with its name where there is one.</summary>
public class VulkanException : VkInferException
{
    /// <summary>Creates the exception with a message of its own.</summary>
    /// <param name="message">What failed, what was expected, what came.</param>
    /// <param name="innerException">The cause, if any.</param>
    public VulkanException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
        Operation = string.Empty;
        ResultName = string.Empty;
    }

    private protected VulkanException(string message, int resultCode, string operation)
        : base(message)
    {
        ResultCode = resultCode;
        ResultName = NameOf((Result)resultCode);
        Operation = operation;
    }

    /// <summary>The VkResult as a number; 0 when the failure was found before Vulkan was called.</summary>
    public int ResultCode { get; }

    /// <summary>The VkResult by name; empty when there is none.</summary>
    public string ResultName { get; }

    /// <summary>The Vulkan call or the step that failed; empty when there is none.</summary>
    public string Operation { get; }

    internal static VulkanException From(Result result, string operation) => result switch
    {
        Result.ErrorDeviceLost => new DeviceLostException(operation),
        _ => new VulkanException($"{operation} failed: {NameOf(result)} ({(int)result}).", (int)result, operation),
    };

    internal static void ThrowIfFailed(Result result, string operation)
    {
        if (result < Result.Success)
        {
            throw From(result, operation);
        }
    }

    private static string NameOf(Result result) => Enum.IsDefined(result) ? result.ToString() : "unknown result";
}
