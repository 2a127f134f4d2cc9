using System.Text.Json;

namespace VkInfer.Tokenization;

/// <summary>The ChatML format.</summary>
internal sealed class ChatMlTemplate : ChatTemplate
{
    private const string StartText = "<|im_start|>";
    private const string EndText = "<|im_end|>";

    public override int[] Render(
        Tokenizer tokenizer, IReadOnlyList<TemplateMessage> messages, bool addGenerationPrompt, JsonElement? variables = null)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(messages);
        int start = Find(tokenizer, StartText);
        int end = Find(tokenizer, EndText);

        // where the markers are user-defined tokens, ordinary text would contain them
        SpecialTokenScope scope = tokenizer.IsControl(start) && tokenizer.IsControl(end)
            ? SpecialTokenScope.UserDefined
            : SpecialTokenScope.None;
        var ids = new List<int>();
        if (tokenizer.AddBos)
        {
            ids.Add(tokenizer.BosTokenId!.Value);
        }

        foreach (TemplateMessage message in messages)
        {
            ids.Add(start);
            tokenizer.Encode($"{Name(message.Role)}\n{message.Content}", scope, ids);
            ids.Add(end);
            tokenizer.Encode("\n", SpecialTokenScope.None, ids);
        }

        if (addGenerationPrompt)
        {
            ids.Add(start);
            tokenizer.Encode("assistant\n", SpecialTokenScope.None, ids);
        }

        return [.. ids];
    }

    private static int Find(Tokenizer tokenizer, string text) => tokenizer.TryGetSpecialTokenId(text, out int id)
        ? id
        : throw new TokenizerException(nameof(TokenizerData.Tokens), $"a control token {text}, which ChatML needs", "none");
}
