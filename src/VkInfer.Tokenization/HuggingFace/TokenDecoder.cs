using System.Text;

namespace VkInfer.Tokenization;

/// <summary>
/// The <c>decoder</c> of a <c>tokenizer.json</c>, as far as it looks at one token at a time: what stands for a token in text, and whether a
/// text's first space is dropped. So are all decoders of language models.
/// </summary>
internal sealed class TokenDecoder
{
    private readonly List<(string Old, string New)> _replacements = [];

    /// <summary>Whether tokens are GPT-2's alphabet of bytes.</summary>
    public bool IsByteLevel { get; private set; }

    /// <summary>Whether tokens such as <c>&lt;0x0A&gt;</c> are bytes.</summary>
    public bool HasByteTokens { get; private set; }

    /// <summary>Whether a text's first space is dropped.</summary>
    public bool StripsFirstSpace { get; private set; }

    /// <summary>Reads a decoder; null decodes tokens as they are.</summary>
    /// <exception cref="TokenizerException">It is of a kind that is not supported, or a field is wrong.</exception>
    public static TokenDecoder Read(JsonField? node)
    {
        var decoder = new TokenDecoder();
        if (node is { } present)
        {
            decoder.Add(present);
        }

        return decoder;
    }

    /// <summary>Appends what a token stands for.</summary>
    public void Append(string token, List<byte> bytes)
    {
        if (HasByteTokens && SentencePieceVocabulary.TryParseByte(token, out var value))
        {
            bytes.Add(value);
            return;
        }

        if (IsByteLevel && ByteLevelAlphabet.TryDecode(token, bytes))
        {
            return;
        }

        foreach (var (old, replacement) in _replacements)
        {
            token = token.Replace(old, replacement, StringComparison.Ordinal);
        }

        bytes.AddRange(Encoding.UTF8.GetBytes(token));
    }

    private void Add(JsonField node)
    {
        switch (node.Type)
        {
            case "Sequence":
                foreach (var step in node.Required("decoders").Items())
                {
                    Add(step);
                }

                break;
            case "ByteLevel":
                IsByteLevel = true;
                break;
            case "ByteFallback":
                HasByteTokens = true;
                break;
            case "Fuse":
                break;
            case "Replace":
                AddReplacement(node);
                break;
            case "Strip":
                StripsFirstSpace |= node.Required("content").AsString() == " " && node.Required("start").AsInt() > 0;
                break;
            case "Metaspace":
                var (replacement, scheme) = SplitterReader.MetaspaceFields(node);
                _replacements.Add((replacement.ToString(), " "));
                StripsFirstSpace |= scheme != "never";
                break;
            default:
                throw node.Required("type").Wrong("one of Sequence, ByteLevel, ByteFallback, Fuse, Replace, Strip, Metaspace");
        }
    }

    private void AddReplacement(JsonField node)
    {
        var old = node.Required("pattern").Required("String");
        var text = old.AsString();
        var content = node.Required("content").AsString();
        if (text.Length == 0 || content.Length > text.Length)
        {
            // Longer ones would let a vocabulary grow without bound while it is decoded.
            throw old.Wrong("a text that is at least as long as its replacement");
        }

        _replacements.Add((text, content));
    }
}
