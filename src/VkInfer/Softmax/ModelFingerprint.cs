using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using VkInfer.Formats;
using VkInfer.Loading;

namespace VkInfer;

/// <summary>
/// What tells one model from another without reading all of it: SHA-256 of its metadata, of every tensor's name, type, shape and
/// place, and of three samples of every tensor's bytes. A fine-tuned model differs in every tensor.
/// </summary>
internal static class ModelFingerprint
{
    private const int SampleBytes = 1024;

    /// <summary>The fingerprint in hexadecimal digits.</summary>
    public static string Of(ModelSource source)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Add(string text) => hash.AppendData(Encoding.UTF8.GetBytes(text + '\n'));
        foreach ((string key, string value) in source.Metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            Add($"{key}={value}");
        }

        foreach (GgufTensor tensor in source.Weights.Tensors)
        {
            Add(string.Create(CultureInfo.InvariantCulture, $"{tensor} {tensor.Offset} {tensor.ByteSize}"));
            int length = (int)Math.Min(SampleBytes, tensor.ByteSize);
            foreach (long offset in (long[])[0, (tensor.ByteSize - length) / 2, tensor.ByteSize - length])
            {
                hash.AppendData(source.Weights.GetTensorData(tensor, offset, length));
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
