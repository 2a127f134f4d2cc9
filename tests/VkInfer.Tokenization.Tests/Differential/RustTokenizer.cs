using Rust = Tokenizers.DotNet.Tokenizer;

namespace VkInfer.Tokenization.Tests;

/// <summary>The Rust tokenizers, for comparison.</summary>
internal sealed class RustTokenizer : IDisposable
{
    private readonly Rust _tokenizer;

    /// <summary>Loads a <c>tokenizer.json</c>; the test is skipped where the library has no build for the machine.</summary>
    public RustTokenizer(byte[] json)
    {
        string path = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"{Guid.NewGuid():N}.json");
        File.WriteAllBytes(path, json);
        try
        {
            _tokenizer = new Rust(path);
        }
        catch (Exception exception) when (exception is DllNotFoundException or TypeInitializationException or BadImageFormatException)
        {
            Assert.Ignore($"The Rust tokenizers do not run here: {exception.Message}");
            throw;
        }
        finally
        {
            File.Delete(path);
        }
    }

    public void Dispose() => _tokenizer.Dispose();

    public int[] Encode(string text) => [.. _tokenizer.Encode(text).Select(id => (int)id)];

    /// <summary>Decodes without special tokens.</summary>
    public string Decode(IEnumerable<int> ids) => _tokenizer.Decode([.. ids.Select(id => (uint)id)]);
}
