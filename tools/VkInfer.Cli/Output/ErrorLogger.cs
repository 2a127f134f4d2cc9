using Microsoft.Extensions.Logging;

namespace VkInfer.Cli.Output;

/// <summary>Writes warnings, and with more wanted all messages, as lines of standard error. Thread-safe.</summary>
internal sealed class ErrorLogger(TextWriter error, bool verbose) : ILogger
{
    private readonly Lock _lock = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= (verbose ? LogLevel.Debug : LogLevel.Warning);

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
        {
            return;
        }

        lock (_lock)
        {
            error.WriteLine($"vkinfer: {logLevel}: {ErrorReport.OneLine(formatter(state, exception))}");
        }
    }
}
