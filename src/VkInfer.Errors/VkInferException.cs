namespace VkInfer;

/// <summary>
/// Something that VkInfer itself found wrong: with a file, a device, a grammar, a download or a setting. The derived types say what, and
/// carry the facts. Arguments, missing files, cancellation and use after disposal have the exceptions of .NET.
/// </summary>
public abstract class VkInferException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What, where, expected, got.</param>
    /// <param name="innerException">The cause, if any.</param>
    protected VkInferException(string? message = null, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
