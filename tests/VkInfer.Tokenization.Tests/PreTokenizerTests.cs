namespace VkInfer.Tokenization.Tests;

/// <summary>Where words end, by the published expressions.</summary>
public sealed class PreTokenizerTests
{
    [TestCase("gpt-2", "Hello  world's 1234!?\n\n x", ExpectedResult = "Hello| | world|'s| 1234|!?|\n\n| x")]
    [TestCase("gpt-2", "I'LL a1b", ExpectedResult = "I|'|LL| a|1|b")]
    [TestCase("llama-bpe", "Hello  world'S 12345!?\n\n x", ExpectedResult = "Hello| | world|'S| |123|45|!?\n\n| x")]
    [TestCase("qwen2", "a 123 \n b", ExpectedResult = "a| |1|2|3| \n| b")]
    [TestCase("smollm", "a 12", ExpectedResult = "a| |1|2")]
    [TestCase("default", "a=b 12345", ExpectedResult = "a|=|b| |123|45")]
    [TestCase("llama-bpe", "🦙abc", ExpectedResult = "🦙abc", Description = "one code point before letters joins them")]
    [TestCase("llama-bpe", "🦙🦙abc", ExpectedResult = "🦙🦙|abc", Description = "the longer run of symbols comes first")]
    [TestCase("gpt-2", "x𝐀𝐁 𝟏𝟐𝟑!", ExpectedResult = "x𝐀𝐁| 𝟏𝟐𝟑|!", Description = "letters and digits beyond U+FFFF")]
    [TestCase("llama-bpe", "𝟏𝟐𝟑𝟒", ExpectedResult = "𝟏𝟐𝟑|𝟒")]
    [TestCase("deepseek-v3", " \U0001FD1A", ExpectedResult = " |\U0001FD1A", Description = "an unassigned code point is no symbol")]
    [TestCase("qwen35", "e\u0301a 1", ExpectedResult = "e\u0301a| |1", Description = "marks belong to words")]
    [TestCase("qwen2", "e\u0301a", ExpectedResult = "e|\u0301a")]
    [TestCase("kimi-k2", "ab漢字cd 1234!", ExpectedResult = "ab|漢字|cd| |123|4|!")]
    [TestCase("minicpm5", "a 12345", ExpectedResult = "a| |123|45")]
    [TestCase("bailingmoe", "I'LL \n\nx", ExpectedResult = "I|'LL| \n\n|x")]
    [TestCase("exaone-moe", "a b c 1", ExpectedResult = "a b c| |1", Description = "words with single spaces between")]
    [TestCase("tiny_aya", "12345678 x", ExpectedResult = "12|345|678| x")]
    [TestCase("afmoe", "1234567", ExpectedResult = "1|234|567")]
    [TestCase("superbpe", "1234567", ExpectedResult = "1|234|567")]
    [TestCase("jais-2", "a     b", ExpectedResult = "a|    | b", Description = "spaces by powers of two")]
    [TestCase("laguna", "a\n\nb", ExpectedResult = "a|\n\n|b")]
    [TestCase("gemma4", "a b\n\nc", ExpectedResult = "a b|\n\n|c")]
    [TestCase("whitespace", "a b", ExpectedResult = "a| |b")]
    [TestCase("chameleon", "IMGIMGABZ a1", ExpectedResult = "IMGIMGABZ| a|1")]
    [TestCase("spark2_5", "a!\n\n12", ExpectedResult = "a|!|\n|\n|1|2")]
    [TestCase("youtu", "Ab12가ㄅ漢", ExpectedResult = "Ab|1|2|가|ㄅ|漢")]
    [TestCase("ufakzeka", "Ali'nin", ExpectedResult = "Ali|'nin")]
    public string Words_end_where_the_expression_says(string name, string text) =>
        string.Join('|', PreTokenizers.Find(name).Split(text).Select(range => text[range]));

    [Test]
    public void Every_name_of_llama_cpp_is_known()
    {
        string[] names = (
            "default minicpm5 llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano deepseek-llm deepseek-coder deepseek-v3 "
            + "spark2_5 youtu falcon mpt starcoder gpt-2 phi-2 jina-es jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 mellum modern-bert jais-2 gemma4 "
            + "granite-embed-multi-311m sarvam-moe jina-v1-en jina-v2-code roberta-bpe whitespace refact command-r qwen2 deepseek-r1-qwen kormo "
            + "f2llmv2 qwen35 stablelm2 olmo dbrx smaug-bpe poro-chat glm4 chatglm-bpe viking jais tekken smollm codeshell bloom gpt3-finnish exaone "
            + "exaone4 exaone-moe chameleon minerva-7b megrez gpt-4o llama4 kanana2 talkie granite-embed-multi-97m tiny_aya cohere2moe superbpe "
            + "trillion granite-docling bailingmoe bailingmoe2 llada-moe seed-coder hunyuan hunyuan-dense hy_v4 joyai-llm kimi-k2 ufakzeka grok-2 "
            + "afmoe laguna minimax-m2 solar-open mellum2").Split(' ');
        Assert.That(names, Has.Length.EqualTo(90));
        const string Text = "Hello, wörld's 12345 漢字\n\n x";
        foreach (string name in names)
        {
            Assert.That(string.Concat(PreTokenizers.Find(name).Split(Text).Select(range => Text[range])), Is.EqualTo(Text), name);
        }
    }
}
