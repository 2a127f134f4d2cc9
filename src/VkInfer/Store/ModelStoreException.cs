using VkInfer.Formats;

namespace VkInfer;

/// <summary>
/// A model cannot be had: the hub does not have it, refuses it or cannot be reached, what came is damaged, or the disk is full. The message
/// is one line that names the model. What was loaded so far is kept, unless it is damaged, and a new attempt goes on from there.
/// </summary>
public sealed class ModelStoreException : VkInferException
{
    private const int MostCharacters = 600;

    internal ModelStoreException(string message, Exception? inner = null)
        : base(DisplayText.OneLine(message, MostCharacters), inner)
    {
    }
}
