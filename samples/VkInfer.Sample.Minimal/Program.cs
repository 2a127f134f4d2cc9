// Asks the embedded model (or the GGUF file named on the command line) for a story, and prints it as it comes.
using VkInfer;

string path = args.Length > 0 ? args[0] : Model.DefaultModelPath;
using Model model = await Model.LoadAsync(path, new ModelOptions { Device = "auto" });
Console.WriteLine($"{model.Name} on {model.Device.Name}");

using var chat = new ChatSession(model);
var options = new GenerationOptions { Sampling = new SamplingOptions { Temperature = 0.7f, Seed = 1 }, MaxTokens = 200 };

await foreach (GenerationUpdate update in chat.SendAsync("Tell me a story about a fox.", options))
{
    Console.Write(update.Text);
    if (update.Usage is { } usage)
    {
        Console.WriteLine($"\n\n{usage.CompletionTokens} tokens at {usage.DecodeTokensPerSecond:F0} tokens/s ({update.FinishReason})");
    }
}
