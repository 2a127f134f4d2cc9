using System.Text;
using VkInfer;
using VkInfer.Samples;

if (args is ["--help"] or ["-h"])
{
    Console.WriteLine("""
        Chats with a model: the embedded one, or --model FILE. Reads a keyboard or a pipe, one message a line.
        Options, as --key value: model, device, kv-type, context, prefill-chunk, validation, temperature, top-k, top-p, min-p,
        typical-p, repetition-penalty, frequency-penalty, presence-penalty, penalty-window, logit-bias, seed, max-tokens.
        appsettings.json (section VkInfer) and environment variables VKINFER_… set the same.
        """);
    return 0;
}

Console.OutputEncoding = Encoding.UTF8;
bool isInteractive = !Console.IsInputRedirected && !Console.IsOutputRedirected;
using TextReader input = Console.IsInputRedirected
    ? new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false, throwOnInvalidBytes: true))
    : Console.In;
try
{
    VkInferOptions options = VkInferOptions.Load(args);
    foreach (string warning in options.Warnings)
    {
        Console.Error.WriteLine($"warning: {warning}");
    }

    using Model model = await Model.LoadAsync(options.Model ?? Model.DefaultModelPath, options.ToModelOptions());
    using var chat = new ChatConsole(model, options.ToGenerationOptions(), input, Console.Out, Console.Error, isInteractive);
    Console.CancelKeyPress += (_, press) => press.Cancel = chat.StopAnswer();
    await chat.RunAsync();
    return 0;
}
catch (Exception problem) when (problem is VkInferException or IOException or UnauthorizedAccessException or ArgumentException)
{
    Console.Error.WriteLine($"chat: {problem.Message.ReplaceLineEndings(" ")}");
    return problem is OptionsException { IsFromCommandLine: true } ? 2 : 1;
}
