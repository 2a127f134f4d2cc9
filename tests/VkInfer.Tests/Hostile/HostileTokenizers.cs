using static VkInfer.Tests.Hostile.HostileCase;

namespace VkInfer.Tests.Hostile;

/// <summary>Vocabularies of another length or type than the embedding, and ids that point outside.</summary>
internal static class HostileTokenizers
{
    private const string Prefix = "tokenizer.ggml.";

    public static IEnumerable<TestCaseData> Cases()
    {
        foreach (string key in new[] { "model", "tokens" })
        {
            yield return Remove(Prefix + key, Prefix + key);
        }

        yield return Set(Prefix + "model", "wordpiece", "wordpiece", "llama", "gpt2");
        yield return Set(Prefix + "model", 1u, Prefix + "model");
        foreach (int length in new[] { 0, TinyLlama.VocabSize - 1, TinyLlama.VocabSize + 1 })
        {
            yield return Set(Prefix + "tokens", Tokens(length), Prefix + "tokens", $"{length}");
            yield return Set(Prefix + "scores", new float[length], Prefix + "scores");
            yield return Set(Prefix + "token_type", new int[length], Prefix + "token_type");
        }

        yield return Set(Prefix + "tokens", new int[TinyLlama.VocabSize], Prefix + "tokens", "strings");
        yield return Set(Prefix + "tokens", "all of them", Prefix + "tokens", "strings");
        yield return Set(Prefix + "scores", new byte[TinyLlama.VocabSize], Prefix + "scores", "floats");
        yield return Set(Prefix + "scores", Enumerable.Repeat(float.NaN, TinyLlama.VocabSize).ToArray(), "Scores[0]");
        yield return Set(Prefix + "token_type", new float[TinyLlama.VocabSize], Prefix + "token_type", "integers");
        foreach (string key in new[] { "bos", "eos", "eot", "eom", "unknown", "padding", "fim_pad", "fim_rep", "fim_sep" })
        {
            yield return Set($"{Prefix}{key}_token_id", "1", $"{key}_token_id", "a token id or a list of them");
            yield return Set($"{Prefix}{key}_token_id", new[] { 0.5f }, $"{key}_token_id");
        }

        yield return Set("tokenizer.chat_template", 1u, "tokenizer.chat_template", "a string");
        yield return Merges("zz a", "Merges[0]", "zz");
        yield return Merges("ab", "Merges[0]", "ab");
        yield return Merges("b a", "Merges[0]", "ba");
        yield return Of(
            "a byte token that is no byte",
            model =>
            {
                string[] tokens = Tokens(TinyLlama.VocabSize);
                tokens[10] = "<0x-1>";
                model.Metadata[Prefix + "tokens"] = tokens;
            },
            "Tokens[10]", "<0x-1>");
    }

    private static string[] Tokens(int length) =>
        [.. ((string[])new TinyLlama().Metadata[Prefix + "tokens"]).Concat(["extra"]).Take(length)];

    private static TestCaseData Merges(string merge, params string[] said) => Of(
        $"merge \"{merge}\"",
        model =>
        {
            model.Metadata[Prefix + "model"] = "gpt2";
            model.Metadata[Prefix + "merges"] = new[] { merge };
        },
        said);
}
