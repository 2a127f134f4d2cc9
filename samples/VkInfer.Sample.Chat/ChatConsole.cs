using VkInfer.Tokenization;

namespace VkInfer.Samples;

/// <summary>
/// A chat over lines of text: streams each answer, and knows a few commands that begin with a slash. Only
/// <see cref="StopAnswer"/> may be called from another thread.
/// </summary>
/// <param name="model">The model to talk to; it must outlive the chat.</param>
/// <param name="options">How answers are generated.</param>
/// <param name="input">Where messages come from, one a line.</param>
/// <param name="output">Where answers go.</param>
/// <param name="error">Where complaints go.</param>
/// <param name="isInteractive">Whether a person sits there: shows a prompt, hints and speeds.</param>
/// <param name="systemPrompt">Instructions that stand before the conversation, or null.</param>
internal sealed class ChatConsole(
    Model model, GenerationOptions options, TextReader input, TextWriter output, TextWriter error, bool isInteractive,
    string? systemPrompt = null) : IDisposable
{
    private const string Help = """
        /reset    forget the conversation
        /history  show the conversation
        /stats    tokens and speeds so far
        /device   the device the model runs on
        /help     this list
        /exit     leave (as Ctrl-D does); Ctrl-C stops an answer
        """;

    private readonly ChatSession _chat = new(model, systemPrompt);
    private readonly ChatStatistics _statistics = new();
    private readonly bool _usesColor = isInteractive && AnswerPrinter.WantsColor;
    private volatile CancellationTokenSource? _answer;

    /// <summary>The conversation so far.</summary>
    public IReadOnlyList<TemplateMessage> History => _chat.History;

    /// <summary>Ends the answer under way and keeps the chat going. Thread-safe.</summary>
    /// <returns>False if there is none, or if it is ending already.</returns>
    public bool StopAnswer()
    {
        if (_answer is not { IsCancellationRequested: false } answer)
        {
            return false;
        }

        answer.Cancel();
        return true;
    }

    /// <summary>Talks until the input ends or asks to leave.</summary>
    /// <param name="cancellationToken">Ends the chat with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="ContextLengthExceededException">A message does not fit, and nobody is there to reset the conversation.</exception>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        Note($"{model.Name} on {model.Device.Name}. /help lists the commands.");
        while (await ReadAsync(cancellationToken).ConfigureAwait(false) is { } line)
        {
            string message = line.Trim();
            if (message is "/exit" or "/quit")
            {
                return;
            }

            if (message.StartsWith('/'))
            {
                RunCommand(message);
            }
            else if (message.Length > 0)
            {
                await AnswerAsync(message, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _chat.Dispose();

    private async Task<string?> ReadAsync(CancellationToken cancellationToken)
    {
        if (isInteractive)
        {
            await output.WriteAsync("> ".AsMemory(), cancellationToken).ConfigureAwait(false);
            await output.FlushAsync(cancellationToken).ConfigureAwait(false);
        }

        // A console is read by a call that no token reaches.
        return await Task.Run(input.ReadLine, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private void RunCommand(string command)
    {
        switch (command)
        {
            case "/reset":
                _chat.Reset();
                Note("The conversation is forgotten.");
                break;
            case "/history":
                foreach (TemplateMessage message in _chat.History)
                {
                    output.WriteLine($"{message.Role}: {message.Content}");
                }

                break;
            case "/stats":
                output.WriteLine(_statistics.Describe(_chat.Session.Position, _chat.Session.Capacity));
                break;
            case "/device":
                output.WriteLine(
                    $"{model.Device.Name} ({model.Device.Type}), driver {model.Device.DriverName} {model.Device.DriverVersion}");
                break;
            case "/help":
                output.WriteLine(Help);
                break;
            default:
                error.WriteLine($"Unknown command {command}; /help lists the commands.");
                break;
        }
    }

    private async Task AnswerAsync(string message, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _answer = stop;
        try
        {
            using var printer = new AnswerPrinter(output, showsThoughts: isInteractive, _usesColor);
            await foreach (GenerationUpdate update in _chat.SendAsync(message, options, stop.Token).ConfigureAwait(false))
            {
                printer.Write(update.Pieces);
                if (update.Usage is { } usage)
                {
                    printer.End();
                    Finish(update.FinishReason, usage);
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            await output.WriteLineAsync().ConfigureAwait(false);
            Note("Stopped.");
        }
        catch (ContextLengthExceededException problem) when (isInteractive)
        {
            await error.WriteLineAsync($"{problem.Message} /reset forgets the conversation.").ConfigureAwait(false);
        }
        finally
        {
            _answer = null;
        }
    }

    private void Finish(FinishReason? reason, Usage usage)
    {
        _statistics.Add(usage);
        Note(ChatStatistics.Describe(usage));
        if (reason == FinishReason.ContextFull)
        {
            error.WriteLine($"The context of {_chat.Session.Capacity} tokens is full; /reset forgets the conversation.");
        }
    }

    /// <summary>Tells a person something that is no part of the answer; silent on a pipe.</summary>
    private void Note(string text)
    {
        if (isInteractive)
        {
            output.WriteLine(_usesColor ? $"\e[2m{text}\e[0m" : text);
        }
    }
}
