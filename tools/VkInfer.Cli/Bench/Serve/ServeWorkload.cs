using System.Text.Json;

namespace VkInfer.Cli.Bench.Serve;

/// <summary>Makes the requests of a run: of random tokens and lengths, or of a file.</summary>
internal static class ServeWorkload
{
    private const int PrefixSeed = 99;
    private const int WarmUpTokens = 8;

    /// <summary>Random requests; the same for the same seed.</summary>
    /// <param name="count">How many.</param>
    /// <param name="prompt">Tokens of their prompts, the shared ones included.</param>
    /// <param name="generate">Tokens of their answers.</param>
    /// <param name="shared">Tokens that all prompts begin with, the same in every run.</param>
    /// <param name="vocabSize">Tokens are less than this.</param>
    /// <param name="seed">The seed.</param>
    public static ServeRequest[] Random(int count, LengthRange prompt, LengthRange generate, int shared, int vocabSize, int seed)
    {
        var random = new Random(seed);
        int[] prefix = RandomTokens.Create(shared, vocabSize, PrefixSeed);
        return [.. Enumerable.Range(0, count).Select(i => new ServeRequest(
            [.. prefix, .. RandomTokens.Create(Math.Max(1, prompt.Draw(random) - shared), vocabSize, seed + 1 + i)],
            generate.Draw(random)))];
    }

    /// <summary>
    /// Requests of a file, a JSON object a line: <c>{"prompt": "text", "tokens": 64}</c>, or <c>promptTokens</c>, a number of random tokens,
    /// in place of the prompt. They are repeated until there are enough.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="count">How many; null: each line once.</param>
    /// <param name="model">Encodes texts.</param>
    /// <param name="seed">Seed of random tokens.</param>
    /// <exception cref="CliException">A line is not such an object.</exception>
    public static ServeRequest[] Read(string path, int? count, Model model, int seed)
    {
        string[] lines = [.. File.ReadLines(path).Where(line => !string.IsNullOrWhiteSpace(line))];
        if (lines.Length == 0)
        {
            throw new CliException($"{path}: no requests, expected a JSON object a line");
        }

        return
        [
            .. Enumerable.Range(0, count ?? lines.Length).Select(
                i => ReadLine(path, lines[i % lines.Length], (i % lines.Length) + 1, model, seed + i)),
        ];
    }

    /// <summary>Requests as long as those that are timed, with short answers: other ones, which leave nothing to find.</summary>
    /// <param name="timed">What will be timed.</param>
    /// <param name="count">How many.</param>
    /// <param name="shared">Tokens that all prompts begin with.</param>
    /// <param name="vocabSize">Tokens are less than this.</param>
    /// <param name="seed">The seed.</param>
    public static ServeRequest[] WarmUp(ServeRequest[] timed, int count, int shared, int vocabSize, int seed) =>
    [
        .. Enumerable.Range(0, count).Select(i => timed[i % timed.Length]).Select((request, i) => new ServeRequest(
            [.. request.Prompt[..shared], .. RandomTokens.Create(request.Prompt.Length - shared, vocabSize, seed + i)],
            Math.Min(WarmUpTokens, request.Tokens))),
    ];

    private static ServeRequest ReadLine(string path, string line, int number, Model model, int seed)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement request = document.RootElement;
            int tokens = request.GetProperty("tokens").GetInt32();
            int[] prompt = request.TryGetProperty("prompt", out JsonElement text)
                ? model.Tokenizer.Encode(text.GetString()!)
                : RandomTokens.Create(request.GetProperty("promptTokens").GetInt32(), model.Config.VocabSize, seed);
            return prompt.Length > 0 && tokens > 0
                ? new ServeRequest(prompt, tokens)
                : throw new CliException(
                    $"{path}, line {number}: {prompt.Length} tokens of prompt and {tokens} to generate; expected 1 of each");
        }
        catch (Exception problem) when (problem is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new CliException(
                $"{path}, line {number}: expected {{\"prompt\": \"text\", \"tokens\": 64}} or \"promptTokens\" in place of the prompt");
        }
    }
}
