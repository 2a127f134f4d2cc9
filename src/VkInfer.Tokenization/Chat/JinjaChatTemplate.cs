using System.Runtime.CompilerServices;
using System.Text.Json;
using VkInfer.Jinja;

namespace VkInfer.Tokenization;

/// <summary>A template in Jinja, as model files carry it.</summary>
internal sealed class JinjaChatTemplate : ChatTemplate
{
    private readonly JinjaTemplate _template;
    private readonly string _source;
    private readonly ConditionalWeakTable<Tokenizer, TemplateTokens> _tokens = [];

    public JinjaChatTemplate(string source)
    {
        _source = source;
        try
        {
            _template = JinjaTemplate.Parse(source);
        }
        catch (JinjaException exception)
        {
            throw new ChatTemplateException(exception);
        }
    }

    public override int[] Render(
        Tokenizer tokenizer, IReadOnlyList<TemplateMessage> messages, bool addGenerationPrompt, JsonElement? variables = null)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(messages);
        TemplateTokens tokens = _tokens.GetValue(tokenizer, key => key.CreateTemplateTokens(_source));

        // as transformers passes them: tools and documents are none where there are none
        var seen = new Dictionary<string, object?>
        {
            ["messages"] = messages.Select(message => Message(message, tokens)).ToArray(),
            ["tools"] = null,
            ["documents"] = null,
            ["add_generation_prompt"] = addGenerationPrompt,
            ["bos_token"] = TokenText(tokenizer, tokenizer.BosTokenId),
            ["eos_token"] = TokenText(tokenizer, tokenizer.EosTokenId),
            ["unk_token"] = TokenText(tokenizer, tokenizer.UnknownTokenId),
            ["pad_token"] = TokenText(tokenizer, tokenizer.PaddingTokenId),
        };
        AddMembers(seen, variables, new MarkerGuard(tokens), nameof(variables));
        string text;
        try
        {
            text = _template.Render(seen);
        }
        catch (JinjaException exception)
        {
            throw new ChatTemplateException(exception);
        }

        var ids = new List<int>();
        tokenizer.EncodeTemplate(text, tokens, ids);
        if (tokenizer.AddBos && (ids.Count == 0 || ids[0] != tokenizer.BosTokenId))
        {
            ids.Insert(0, tokenizer.BosTokenId!.Value);
        }

        return [.. ids];
    }

    private static Dictionary<string, object?> Message(TemplateMessage message, TemplateTokens tokens)
    {
        var guard = new MarkerGuard(tokens, isOfModel: message.Role == TemplateRole.Assistant);
        var members = new Dictionary<string, object?> { ["role"] = Name(message.Role), ["content"] = guard.Protect(message.Content) };
        if (message.Reasoning.Length > 0)
        {
            members["reasoning_content"] = members["thinking"] = guard.Protect(message.Reasoning);
        }

        AddMembers(members, message.Extra, guard, nameof(TemplateMessage.Extra));
        return members;
    }

    private static void AddMembers(Dictionary<string, object?> target, JsonElement? members, MarkerGuard guard, string name)
    {
        if (members is not { } json)
        {
            return;
        }

        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new ArgumentException($"Expected a JSON object, got {json.ValueKind}.", name);
        }

        foreach (JsonProperty member in json.EnumerateObject())
        {
            target[member.Name] = guard.Protect(member.Value);
        }
    }

    private static string TokenText(Tokenizer tokenizer, int? id) =>
        id is { } token ? tokenizer.TextOf(token) : "";
}
