using System.Text;
using Microsoft.Extensions.Configuration;
using VkInfer;
using VkInfer.Samples;

if (args is ["--help"] or ["-h"])
{
    Console.WriteLine("""
        Chats with a model: the embedded one, or --Model FILE. Reads a keyboard or a pipe, one message a line.
        Options are those of VkInferOptions, as --Temperature 0.2; the section VkInfer of appsettings.json and environment variables
        like VkInfer__Temperature set the same.
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
    IConfigurationRoot settings = new ConfigurationBuilder()
        .AddJsonFile(Path.GetFullPath("appsettings.json"), optional: true).AddEnvironmentVariables().Build();
    RefuseStrays(args);
    IConfiguration arguments = new ConfigurationBuilder().AddCommandLine(args).Build();
    VkInferOptions options = VkInferOptions.From(settings.GetSection("VkInfer"));
    options.Bind(arguments);
    using Model model = await Model.LoadAsync(options.Model ?? Model.DefaultModelPath, options);
    using var chat = new ChatConsole(model, options.ToGenerationOptions(), input, Console.Out, Console.Error, isInteractive);
    Console.CancelKeyPress += (_, press) => press.Cancel = chat.StopAnswer();
    await chat.RunAsync();
    return 0;
}
catch (Exception problem) when (
    problem is VkInferException or IOException or UnauthorizedAccessException or ArgumentException or FormatException
        or InvalidDataException)
{
    string message = problem is InvalidDataException { InnerException: { } inner } ? $"{problem.Message} {inner.Message}" : problem.Message;
    Console.Error.WriteLine($"chat: {message.ReplaceLineEndings(" ")}");
    return problem is OptionsException ? 2 : 1;
}

// AddCommandLine drops what is neither --Key VALUE nor --Key=VALUE.
static void RefuseStrays(string[] args)
{
    for (int i = 0; i < args.Length; i++)
    {
        if (!args[i].StartsWith("--", StringComparison.Ordinal))
        {
            throw new OptionsException(args[i], "expected --Key VALUE; a model is given by --Model FILE");
        }

        if (!args[i].Contains('=', StringComparison.Ordinal) && ++i == args.Length)
        {
            throw new OptionsException(args[^1], "expected a value behind it");
        }
    }
}
