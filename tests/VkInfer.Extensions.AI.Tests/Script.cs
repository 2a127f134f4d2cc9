using System.Text.RegularExpressions;
using VkInfer.Answers;
using VkInfer.Tokenization;

namespace VkInfer.Extensions.AI.Tests;

/// <summary>A client whose model says what a test wants, beneath everything else: template, format, parser, contents.</summary>
internal sealed partial class Script
{
    private readonly Func<string, string> _answer;

    /// <param name="answer">Gives the answer to a prompt's text; control tokens of it stand in ⟦…⟧.</param>
    /// <param name="template">A template in place of the embedded model's.</param>
    public Script(Func<string, string> answer, string? template = null)
    {
        _answer = answer;
        Model model = MiniModel.Model;
        string source = template ?? model.ChatTemplateSource ?? "";
        Client = new VkInferChatClient(model, MiniModel.Options())
        {
            Generate = Generate,
            Text = new ModelText(
                model.Name, model.Tokenizer, template is null ? model.ChatTemplate : ChatTemplate.FromJinja(template), source,
                AnswerFormat.Of(source, model.Tokenizer)),
        };
    }

    public VkInferChatClient Client { get; }

    /// <summary>The prompts that came.</summary>
    public List<string> Prompts { get; } = [];

    /// <summary>The options that came with them.</summary>
    public List<GenerationOptions> Options { get; } = [];

    private async IAsyncEnumerable<GenerationUpdate> Generate(ChatRequest request)
    {
        string prompt = MiniModel.Model.Tokenizer.Decode(request.Prompt, skipSpecial: false);
        Prompts.Add(prompt);
        Options.Add(request.Generation);
        int tokens = 0;
        string[] parts = Controls().Split(_answer(prompt));
        for (int i = 0; i < parts.Length; i++)
        {
            await Task.Yield();
            for (int at = 0; at < parts[i].Length; at += 3)
            {
                tokens++;
                if (i % 2 == 1)
                {
                    yield return new GenerationUpdate("", [0], null, null) { ControlToken = parts[i] };
                    break;
                }

                yield return new GenerationUpdate(parts[i].Substring(at, Math.Min(3, parts[i].Length - at)), [0], null, null);
            }
        }

        yield return new GenerationUpdate(
            "", [1], FinishReason.EndOfText,
            new Usage(request.Prompt.Length, 0, tokens + 1, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)));
    }

    [GeneratedRegex("⟦([^⟧]*)⟧")]
    private static partial Regex Controls();
}
