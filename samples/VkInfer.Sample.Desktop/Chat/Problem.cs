using Microsoft.Data.Sqlite;
using VkInfer.Samples.Desktop.Conversations;
using VkInfer.Vulkan;

namespace VkInfer.Samples.Desktop.Chat;

/// <summary>Something went wrong, as a user is told.</summary>
/// <param name="Title">What, in a few words.</param>
/// <param name="Detail">The message of what found it.</param>
/// <param name="Advice">What to do.</param>
public sealed record Problem(string Title, string Detail, string Advice)
{
    /// <summary>Says what an exception means.</summary>
    public static Problem Of(Exception exception)
    {
        (string title, string advice) = exception switch
        {
            VulkanUnavailableException => ("No Vulkan device", "Install a driver, then start the application again."),
            DeviceNotFoundException => ("The device is not there", "Choose another device under Model."),
            OutOfDeviceMemoryException or OutOfMemoryException => (
                "Not enough memory", "Choose a smaller model, a shorter context, or another device under Model."),
            DeviceLostException => ("The device was lost", "Try again: the model is loaded anew. If it happens often, update the driver."),
            VulkanException => ("The device failed", "Try again, or choose another device under Model."),
            FileNotFoundException or DirectoryNotFoundException => ("The model's file is gone", "Choose another model under Model."),
            ModelStoreException => ("The model cannot be downloaded", "Try again: what is there already is not loaded twice."),
            UnsupportedModelException or Formats.ModelFormatException => ("This model does not run here", "Choose another model under Model."),
            ContextLengthExceededException => (
                "The conversation is too long", "Begin a new conversation, or load the model with a longer context under Model."),
            QueueFullException => ("Too much at once", "Wait for other answers to end, then try again."),
            ObjectDisposedException => ("The model was exchanged", "Try again: the model that is chosen now answers."),
            NotSupportedException or ArgumentException => ("The model cannot do this", "Change the settings, then try again."),
            SqliteException or DataFileException => (
                "The conversations cannot be kept", "See to it that the disk has room and the file may be written."),
            IOException or UnauthorizedAccessException => ("A file cannot be read", "Choose another model under Model."),
            _ => ("Something went wrong", "Try again."),
        };
        return new Problem(title, exception.Message, advice);
    }
}
