using System.Text;
using VkInfer.Formats;
using VkInfer.Tokenization;

namespace VkInfer;

/// <summary>A tokenizer as the keys <c>tokenizer.*</c> of GGUF; what <see cref="Loading.GgufTokenizerReader"/> reads.</summary>
internal static class TokenizerMetadata
{
    public static void Write(TokenizerData data, string? chatTemplate, GgufFileWriter writer)
    {
        void Set(string key, GgufValue? value)
        {
            if (value is not null)
            {
                writer.Set("tokenizer.ggml." + key, value);
            }
        }

        GgufValue? Id(int? id) => id is { } number ? GgufValue.FromUInt32((uint)number) : null;
        GgufValue? Flag(bool? flag) => flag is { } value ? GgufValue.FromBool(value) : null;

        Set("model", GgufValue.FromString(data.Model));
        Set("pre", data.PreTokenizer is { } pre ? GgufValue.FromString(pre) : data.Model == "llama" ? GgufValue.FromString("default")
            : null);
        Set("tokens", GgufValue.FromStrings([.. data.Tokens.Select((token, id) => WithSpaces(data, token, id))]));
        Set("scores", data.Scores is { } scores ? GgufValue.FromFloats(scores) : null);
        Set("token_type", data.TokenTypes is { } types ? GgufValue.FromInts(types) : null);
        Set("merges", data.Merges is { } merges ? GgufValue.FromStrings([.. merges.Select(Encoding.UTF8.GetBytes)]) : null);
        Set("bos_token_id", Id(data.BosTokenId));
        Set("eos_token_id", Id(data.EosTokenId));
        IEnumerable<int> said = new[] { data.EotTokenId }.OfType<int>().Concat(data.EndOfGenerationTokenIds ?? []);
        int[] ends = [.. said.Where(id => id != data.EosTokenId).Distinct()];
        Set("eot_token_id", Id(ends.Length > 0 ? ends[0] : null));
        Set("eom_token_id", Id(ends.Length > 1 ? ends[1] : null));
        Set("eos_token_ids", ends.Length > 2 ? GgufValue.FromInts(data.EosTokenId is { } eos ? [eos, .. ends] : ends) : null);
        Set("suppress_tokens", data.SuppressedTokenIds is { Count: > 0 } suppressed ? GgufValue.FromInts([.. suppressed]) : null);
        Set("unknown_token_id", Id(data.UnknownTokenId));
        Set("padding_token_id", Id(data.PaddingTokenId));
        Set("add_bos_token", Flag(data.AddBos));
        Set("add_eos_token", Flag(data.AddEos));
        Set("add_space_prefix", Flag(data.AddSpacePrefix));
        Set("remove_extra_whitespaces", Flag(data.RemoveExtraWhitespaces));
        Set("precompiled_charsmap", data.PrecompiledCharsMap is { Length: > 0 } map ? GgufValue.FromBytes(map) : null);
        if (chatTemplate is not null)
        {
            writer.Set("tokenizer.chat_template", GgufValue.FromString(chatTemplate));
        }
    }

    /// <summary>GGUF's user-defined tokens are text: where other tokens have ▁ for a space, they have the space.</summary>
    private static byte[] WithSpaces(TokenizerData data, byte[] token, int id)
    {
        const int UserDefined = 4;
        return data.Model is "llama" or "t5" or "gemma4" && data.TokenTypes?[id] == UserDefined
            ? Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(token).Replace('\u2581', ' '))
            : token;
    }
}
