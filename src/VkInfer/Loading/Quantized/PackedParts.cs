using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>Finds the tensors that are parts of one matrix, and remembers which were taken.</summary>
/// <param name="file">Where they are.</param>
/// <param name="stem">What their names begin with.</param>
/// <param name="used">Receives the names of those that were found.</param>
internal sealed class PackedParts(IWeightSource file, string stem, HashSet<string> used)
{
    /// <summary>Takes a part that must be there.</summary>
    /// <param name="suffix">The rest of its name.</param>
    /// <param name="types">The types that it may have.</param>
    public GgufTensor Take(string suffix, params ReadOnlySpan<GgufTensorType> types)
    {
        used.Add(stem + suffix);
        if (!file.TryGetTensor(stem + suffix, out GgufTensor? tensor))
        {
            throw new UnsupportedModelException($"{file.Path}: tensor {stem}{suffix} is missing.");
        }

        return types.IsEmpty || types.Contains(tensor.Type) ? tensor : throw new UnsupportedModelException(
            $"{file.Path}: tensor {tensor.Name} has type {tensor.Type}; expected {string.Join(" or ", types.ToArray())}.");
    }

    /// <summary>Takes a part that may be there.</summary>
    public GgufTensor? TryTake(string suffix, params ReadOnlySpan<GgufTensorType> types) =>
        file.TryGetTensor(stem + suffix, out _) ? Take(suffix, types) : null;

    /// <summary>Refuses a part of another shape, given as safetensors has it.</summary>
    public void Check(GgufTensor tensor, params long[] shape)
    {
        if (!tensor.Dimensions.Reverse().SequenceEqual(shape))
        {
            string got = string.Join(" x ", tensor.Dimensions.Reverse());
            throw new UnsupportedModelException(
                $"{file.Path}: tensor {tensor.Name} is {got}; expected {string.Join(" x ", shape)}.");
        }
    }

    /// <summary>The groups that some inputs have.</summary>
    /// <param name="inputs">Inputs.</param>
    /// <param name="size">Inputs of a group; -1: all.</param>
    public int Groups(int inputs, int size)
    {
        int group = size == -1 ? inputs : size;
        return inputs % group == 0 ? inputs / group : throw new UnsupportedModelException(
            $"{file.Path}: {stem} has {inputs} inputs; expected whole groups of {group}.");
    }
}
