using System.Diagnostics;
using System.Text;
using VkInfer.Testing;

namespace VkInfer.Tests;

public sealed class GenerationTests : ModelFixture
{
    private static readonly GenerationOptions Greedy40 = new() { Sampling = SamplingOptions.Greedy, MaxTokens = 40 };

    [Test]
    public async Task The_stream_joined_is_the_decoded_tokens()
    {
        (string text, List<int> ids, GenerationUpdate last) = await Collect("Once upon a time", Greedy40);
        Assert.That(text, Is.EqualTo(Model.Tokenizer.Decode([.. ids], continuation: true)));
        Assert.That(last.FinishReason, Is.EqualTo(FinishReason.MaxTokens));
        Assert.That((last.Usage!.CompletionTokens, ids.Count), Is.EqualTo((40, 40)));
    }

    [Test]
    public async Task A_stop_string_that_spans_tokens_ends_the_answer_and_is_not_in_it()
    {
        (string whole, _, _) = await Collect("Once upon a time", Greedy40);
        string stop = whole.Substring(whole.Length / 2, 7);
        (string text, _, GenerationUpdate last) = await Collect("Once upon a time", Greedy40 with { StopStrings = [stop] });
        Assert.That(last.FinishReason, Is.EqualTo(FinishReason.StopString));
        Assert.That(text, Is.EqualTo(whole[..whole.IndexOf(stop, StringComparison.Ordinal)]));
    }

    [Test]
    public async Task A_full_context_ends_the_answer_or_throws_as_asked()
    {
        var small = new SessionOptions { Capacity = 20 };
        var endless = new GenerationOptions { Sampling = SamplingOptions.Greedy, IgnoreEndOfText = true };
        (_, List<int> ids, GenerationUpdate last) = await Collect("Once upon a time", endless, small);
        Assert.That(last.FinishReason, Is.EqualTo(FinishReason.ContextFull));
        Assert.That(last.Usage!.PromptTokens + ids.Count, Is.EqualTo(20));
        await Assert.ThatAsync(
            () => Collect("Once upon a time", endless with { Overflow = ContextOverflow.Error }, small),
            Throws.TypeOf<ContextLengthExceededException>());
    }

    [Test]
    public async Task A_deadline_ends_an_answer_and_the_session_goes_on()
    {
        using Session session = Model.CreateSession();
        GenerationUpdate? last = null;
        await foreach (GenerationUpdate update in session.GenerateAsync(
            "Once upon a time", Greedy40 with { Deadline = TimeSpan.FromTicks(1) }))
        {
            last = update;
        }

        Assert.That(last!.FinishReason, Is.EqualTo(FinishReason.DeadlineExceeded));
        Assert.That(last.Usage!.CompletionTokens, Is.EqualTo(session.Position - last.Usage.PromptTokens));
        session.Reset();
        var again = new List<int>();
        await foreach (GenerationUpdate update in session.GenerateAsync(
            "Once upon a time", Greedy40 with { Deadline = TimeSpan.FromHours(1) }))
        {
            again.AddRange(update.TokenIds);
        }

        Assert.That(again, Is.EqualTo((await Collect("Once upon a time", Greedy40)).Ids));
        Assert.That(
            () => (Greedy40 with { Deadline = TimeSpan.Zero }).Validate(), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public async Task A_prompt_by_itself_takes_the_options_that_a_session_takes()
    {
        int[] prompt = Model.Tokenizer.Encode("Once upon a time", true, false);
        GenerationUpdate? last = null;
        await foreach (GenerationUpdate update in Model.GenerateAsync(prompt, Greedy40 with { Deadline = TimeSpan.FromTicks(1) }))
        {
            last = update;
        }

        Assert.That(last!.FinishReason, Is.EqualTo(FinishReason.DeadlineExceeded));
        GenerationOptions dropping = Greedy40 with { Overflow = ContextOverflow.DropOldestTurns };
        Assert.That(
            async () => await Model.GenerateAsync(prompt, dropping).GetAsyncEnumerator().MoveNextAsync(),
            Throws.InstanceOf<ArgumentException>().With.Message.Contains("no turns to drop"));
    }

    [Test]
    public async Task A_priority_reaches_the_scheduler()
    {
        using Session session = Model.CreateSession();
        int highest = 0;
        await foreach (GenerationUpdate _ in session.GenerateAsync("Once upon a time", Greedy40 with { Priority = 3 }))
        {
            highest = Math.Max(highest, await session.Engine.Engine.InvokeAsync(
                (scheduler, _) => scheduler.Running.Select(sequence => sequence.Priority).DefaultIfEmpty().Max()));
        }

        Assert.That(highest, Is.EqualTo(3));
    }

    [Test]
    public async Task A_prompt_longer_than_the_context_is_refused()
    {
        var small = new SessionOptions { Capacity = 4 };
        await Assert.ThatAsync(
            () => Collect("Once upon a time there was a little girl", Greedy40, small), Throws.TypeOf<ContextLengthExceededException>());
    }

    [TestCase(false)]
    [TestCase(true)]
    [Category("Timing")]
    public void Cancellation_is_answered_within_a_tenth_of_a_second(bool whileDecoding)
    {
        using Session session = Model.CreateSession();
        var longest = TimeSpan.FromMilliseconds(100);
        Assert.That(Least.Time(longest, () => Cancel(session, whileDecoding).GetAwaiter().GetResult()), Is.LessThan(longest));

        // The session is whole: it answers as a new one does.
        session.Reset();
        session.Append(Prompt);
        using Session fresh = Model.CreateSession();
        fresh.Append(Prompt);
        Assert.That(Greedy(session, 10), Is.EqualTo(Greedy(fresh, 10)));
    }

    /// <summary>Cancels an answer, and says how long that took.</summary>
    private static async Task<TimeSpan> Cancel(Session session, bool whileDecoding)
    {
        session.Reset();
        int[] prompt = [.. Enumerable.Range(0, whileDecoding ? 4 : 500).Select(i => (i * 31 % 500) + 3)];
        using var cancel = new CancellationTokenSource();
        long asked = 0;
        Task run = Task.Run(async () =>
        {
            await foreach (GenerationUpdate update in session.GenerateAsync(
                prompt, new GenerationOptions { IgnoreEndOfText = true }, cancel.Token))
            {
                if (whileDecoding && asked == 0)
                {
                    asked = Stopwatch.GetTimestamp();
                    await cancel.CancelAsync();
                }
            }
        });
        if (!whileDecoding)
        {
            await Task.Delay(15);
            asked = Stopwatch.GetTimestamp();
            await cancel.CancelAsync();
        }

        await Assert.ThatAsync(() => run, Throws.InstanceOf<OperationCanceledException>());
        return Stopwatch.GetElapsedTime(asked);
    }

    [Test]
    public async Task A_reader_that_leaves_early_leaves_the_session_usable()
    {
        using Session session = Model.CreateSession();
        await foreach (GenerationUpdate update in session.GenerateAsync("Once upon a time"))
        {
            break;
        }

        session.Reset();
        session.Append(Prompt);
        Assert.That(Greedy(session, 3), Has.Length.EqualTo(3));
    }

    [TestCase(-1f, 0, 1f, 0f, "Temperature")]
    [TestCase(float.NaN, 0, 1f, 0f, "Temperature")]
    [TestCase(1f, -1, 1f, 0f, "TopK")]
    [TestCase(1f, 0, 0f, 0f, "TopP")]
    [TestCase(1f, 0, 1f, 1.5f, "MinP")]
    public void An_absurd_option_is_named(float temperature, int topK, float topP, float minP, string name)
    {
        var sampling = new SamplingOptions { Temperature = temperature, TopK = topK, TopP = topP, MinP = minP };
        Assert.That(sampling.Validate, Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo(name));
    }

    [TestCase(nameof(SamplingOptions.TypicalP), 0f)]
    [TestCase(nameof(SamplingOptions.RepetitionPenalty), 0f)]
    [TestCase(nameof(SamplingOptions.FrequencyPenalty), 2.5f)]
    [TestCase(nameof(SamplingOptions.PresencePenalty), float.NaN)]
    [TestCase(nameof(SamplingOptions.PenaltyWindow), -1f)]
    [TestCase(nameof(SamplingOptions.LogProbabilities), 21f)]
    [TestCase(nameof(SamplingOptions.LogitBias), float.PositiveInfinity)]
    public void An_absurd_penalty_or_bias_is_named(string name, float value)
    {
        SamplingOptions sampling = name switch
        {
            nameof(SamplingOptions.TypicalP) => new() { TypicalP = value },
            nameof(SamplingOptions.RepetitionPenalty) => new() { RepetitionPenalty = value },
            nameof(SamplingOptions.FrequencyPenalty) => new() { FrequencyPenalty = value },
            nameof(SamplingOptions.PresencePenalty) => new() { PresencePenalty = value },
            nameof(SamplingOptions.PenaltyWindow) => new() { PenaltyWindow = (int)value },
            nameof(SamplingOptions.LogProbabilities) => new() { LogProbabilities = (int)value },
            _ => new() { LogitBias = new Dictionary<int, float> { [3] = value } },
        };
        Assert.That(sampling.Validate, Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo(name));
    }

    private async Task<(string Text, List<int> Ids, GenerationUpdate Last)> Collect(
        string prompt, GenerationOptions options, SessionOptions? sessionOptions = null)
    {
        using Session session = Model.CreateSession(sessionOptions);
        var text = new StringBuilder();
        var ids = new List<int>();
        GenerationUpdate? last = null;
        await foreach (GenerationUpdate update in session.GenerateAsync(prompt, options))
        {
            text.Append(update.Text);
            ids.AddRange(update.TokenIds);
            last = update;
        }

        return (text.ToString(), ids, last!);
    }
}
