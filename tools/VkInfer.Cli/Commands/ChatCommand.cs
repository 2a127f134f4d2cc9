using System.CommandLine;
using VkInfer.Cli.Output;
using VkInfer.Samples;
using VkInfer.Tokenization;

namespace VkInfer.Cli.Commands;

/// <summary>Talks with a model over a keyboard or a pipe.</summary>
internal sealed class ChatCommand : CliCommand
{
    private readonly Option<string?> _system = new("--system") { Description = "Instructions that stand before the conversation." };
    private readonly Interrupt _interrupt;

    public ChatCommand(CliConsole console, Interrupt interrupt)
        : base("chat", "Talks with a model, one message a line; --json writes the whole conversation when it ends.", console)
    {
        _interrupt = interrupt;
        Options.Add(_system);
        AddModelOptions();
        AddSettings(nameof(VkInferOptions.Draft));
        AddGenerationOptions();
    }

    protected override async Task RunAsync(CliCall call, CancellationToken cancellationToken)
    {
        using Model model = await call.LoadModelAsync(cancellationToken).ConfigureAwait(false);
        TextWriter output = call.Json ? TextWriter.Null : Console.Out;
        using var chat = new ChatConsole(
            model, call.Options.ToGenerationOptions(), Console.In, output, Console.Error, Console.IsInteractive && !call.Json,
            call.Parse.GetValue(_system));

        // Of a conversation that is piped in, an interrupt ends all.
        _interrupt.Handler = Console.IsInteractive ? chat.StopAnswer : null;
        try
        {
            await chat.RunAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _interrupt.Handler = null;
        }

        if (call.Json)
        {
            call.WriteJson(new ChatDocument([.. chat.History.Select(Document)]), CliJsonContext.Readable.ChatDocument);
        }
    }

    private static ChatTurnDocument Document(TemplateMessage message) => new(
        message.Role.ToString().ToLowerInvariant(), message.Content, message.Reasoning.Length > 0 ? message.Reasoning : null);
}
