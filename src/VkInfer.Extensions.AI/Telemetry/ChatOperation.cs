using System.Diagnostics;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;

namespace VkInfer.Extensions.AI;

/// <summary>What one request leaves behind: an activity, measurements and a log message, whichever way it ends.</summary>
internal sealed class ChatOperation : IDisposable
{
    private readonly ILogger _logger;
    private readonly string _requestModel;
    private readonly Activity? _activity;
    private readonly long _started = Stopwatch.GetTimestamp();
    private string? _responseModel;
    private long _first;
    private long _latest;
    private GenerationUpdate? _last;
    private Exception? _problem;
    private State _state;

    private ChatOperation(string requestModel, ILogger logger, Activity? activity)
    {
        _requestModel = requestModel;
        _logger = logger;
        _activity = activity;
        Enter(State.Waiting);
    }

    private enum State
    {
        None,
        Waiting,
        Running,
    }

    /// <summary>A request arrives.</summary>
    public static ChatOperation Begin(string requestModel, ChatOptions? options, ILogger logger)
    {
        // Nothing happens beneath it, so it does not become the current one.
        Activity? current = Activity.Current;
        Activity? activity = ChatTelemetry.Activities.StartActivity($"{ChatTelemetry.Operation} {requestModel}", ActivityKind.Client);
        Activity.Current = current;
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag("gen_ai.operation.name", ChatTelemetry.Operation);
            activity.SetTag("gen_ai.provider.name", ChatTelemetry.Provider);
            activity.SetTag("gen_ai.request.model", requestModel);
            activity.SetTag("gen_ai.request.max_tokens", options?.MaxOutputTokens);
            activity.SetTag("gen_ai.request.temperature", options?.Temperature);
            activity.SetTag("gen_ai.request.top_k", options?.TopK);
            activity.SetTag("gen_ai.request.top_p", options?.TopP);
            activity.SetTag("gen_ai.request.frequency_penalty", options?.FrequencyPenalty);
            activity.SetTag("gen_ai.request.presence_penalty", options?.PresencePenalty);
            activity.SetTag("gen_ai.request.seed", options?.Seed);
            activity.SetTag("gen_ai.request.stop_sequences", options?.StopSequences is { Count: > 0 } stops ? stops.ToArray() : null);
            activity.SetTag("gen_ai.output.type", options?.ResponseFormat is ChatResponseFormatJson ? "json" : "text");
        }

        return new ChatOperation(requestModel, logger, activity);
    }

    /// <summary>The request has its turn.</summary>
    public void Run(string responseModel)
    {
        _responseModel = responseModel;
        Enter(State.Running);
    }

    /// <summary>Whether the answer has calls.</summary>
    public bool HasCalls { get; set; }

    /// <summary>A piece of the answer came.</summary>
    public void Take(GenerationUpdate update)
    {
        if (update.TokenIds.Count > 0)
        {
            _latest = Stopwatch.GetTimestamp();
            _first = _first == 0 ? _latest : _first;
        }

        _last = update;
    }

    /// <summary>Waits for something whose failure is the request's.</summary>
    public async ValueTask<T> Watch<T>(ValueTask<T> task)
    {
        try
        {
            return await task.ConfigureAwait(false);
        }
        catch (Exception problem)
        {
            _problem = problem;
            throw;
        }
    }

    /// <summary>The request has ended; an answer that was left before its end counts as cancelled.</summary>
    public void Dispose()
    {
        Enter(State.None);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(_started);
        string? error = _problem?.GetType().FullName ?? (_last?.FinishReason is null ? typeof(OperationCanceledException).FullName : null);
        WriteLog(elapsed);
        Measure(elapsed, error);
        if (_activity is not null)
        {
            Describe(_activity, error);
            _activity.Dispose();
        }
    }

    private void WriteLog(TimeSpan elapsed)
    {
        if (_last is { FinishReason: { } reason, Usage: { } usage })
        {
            Log.Answered(_logger, usage.PromptTokens, usage.CompletionTokens, elapsed.TotalMilliseconds, reason);
        }
        else if (_problem is null or OperationCanceledException)
        {
            Log.Cancelled(_logger, elapsed.TotalMilliseconds);
        }
        else
        {
            Log.Failed(_logger, elapsed.TotalMilliseconds, _problem);
        }
    }

    private void Measure(TimeSpan elapsed, string? error)
    {
        if (ChatTelemetry.Duration.Enabled)
        {
            TagList tags = Tags();
            if (error is not null)
            {
                tags.Add("error.type", error);
            }

            ChatTelemetry.Duration.Record(elapsed.TotalSeconds, tags);
        }

        if (ChatTelemetry.TokenUsage.Enabled && _last?.Usage is { } usage)
        {
            TagList input = Tags(), output = Tags();
            input.Add("gen_ai.token.type", "input");
            output.Add("gen_ai.token.type", "output");
            ChatTelemetry.TokenUsage.Record(usage.PromptTokens, input);
            ChatTelemetry.TokenUsage.Record(usage.CompletionTokens, output);
        }

        if (ChatTelemetry.TimeToFirstToken.Enabled && _first != 0)
        {
            ChatTelemetry.TimeToFirstToken.Record(Stopwatch.GetElapsedTime(_started, _first).TotalSeconds, Tags());
        }

        if (ChatTelemetry.TimePerOutputToken.Enabled && _last?.Usage is { CompletionTokens: > 1 } whole)
        {
            ChatTelemetry.TimePerOutputToken.Record(
                Stopwatch.GetElapsedTime(_first, _latest).TotalSeconds / (whole.CompletionTokens - 1), Tags());
        }
    }

    private void Describe(Activity activity, string? error)
    {
        activity.SetTag("gen_ai.response.model", _responseModel);
        if (_last is { FinishReason: { } reason, Usage: { } usage })
        {
            activity.SetTag("gen_ai.response.finish_reasons", new[] { Answers.ToFinishReason(reason, HasCalls).Value });
            activity.SetTag("gen_ai.usage.input_tokens", usage.PromptTokens);
            activity.SetTag("gen_ai.usage.output_tokens", usage.CompletionTokens);
        }

        if (error is not null)
        {
            activity.SetTag("error.type", error);
            activity.SetStatus(ActivityStatusCode.Error, _problem?.Message);
        }
    }

    private TagList Tags()
    {
        var tags = new TagList
        {
            { "gen_ai.operation.name", ChatTelemetry.Operation },
            { "gen_ai.provider.name", ChatTelemetry.Provider },
            { "gen_ai.request.model", _requestModel },
        };
        if (_responseModel is not null)
        {
            tags.Add("gen_ai.response.model", _responseModel);
        }

        return tags;
    }

    private void Enter(State state)
    {
        var model = new KeyValuePair<string, object?>("gen_ai.request.model", _requestModel);
        switch (_state)
        {
            case State.Waiting:
                ChatTelemetry.Waiting.Add(-1, model);
                break;
            case State.Running:
                ChatTelemetry.Running.Add(-1, model);
                break;
        }

        switch (state)
        {
            case State.Waiting:
                ChatTelemetry.Waiting.Add(1, model);
                break;
            case State.Running:
                ChatTelemetry.Running.Add(1, model);
                break;
        }

        _state = state;
    }
}
