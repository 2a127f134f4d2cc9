using VkInfer.Engine.Answers;

namespace VkInfer.Tests.Engine;

public sealed class AnswerQueueTests
{
    [Test]
    public async Task A_consumer_is_woken_by_what_it_waits_for()
    {
        AnswerQueue queue = Create(limit: 4, new GenerationOptions { MaxTokens = 1 });
        ValueTask<GenerationUpdate?> read = queue.ReadAsync(default);
        Assert.That(read.IsCompleted, Is.False);
        queue.Begin(0);
        Assert.That(queue.Accept(0, null), Is.EqualTo(Reception.Ended));
        Assert.That((await read)!.FinishReason, Is.EqualTo(FinishReason.MaxTokens));
        Assert.That(await queue.ReadAsync(default), Is.Null);
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(5)]
    public async Task A_full_queue_asks_for_a_pause_and_half_an_empty_one_for_more(int limit)
    {
        AnswerQueue queue = Create(limit, new GenerationOptions());
        int resumed = 0;
        queue.Resume = () => resumed++;
        for (int round = 0; round < 3; round++)
        {
            for (int i = 1; i < limit; i++)
            {
                Assert.That(queue.Accept(1, null), Is.EqualTo(Reception.GoOn));
            }

            Assert.That(queue.Accept(1, null), Is.EqualTo(Reception.Wait));

            // Another step was under way.
            Assert.That(queue.Accept(1, null), Is.EqualTo(Reception.Wait));
            for (int left = limit; left >= 0; left--)
            {
                Assert.That(resumed, Is.EqualTo(left + 1 <= limit / 2 ? round + 1 : round), $"{left + 1} are left");
                Assert.That(await queue.ReadAsync(default), Is.Not.Null);
            }

            Assert.That(resumed, Is.EqualTo(round + 1));
        }
    }

    [Test]
    public async Task What_came_before_a_failure_is_still_read()
    {
        AnswerQueue queue = Create(4, new GenerationOptions());
        queue.Accept(1, null);
        queue.Fail(new TimeoutException());
        Assert.That(await queue.ReadAsync(default), Is.Not.Null);
        Assert.That(async () => await queue.ReadAsync(default), Throws.InstanceOf<TimeoutException>());
    }

    [Test]
    public void A_wait_can_be_cancelled()
    {
        using var cancel = new CancellationTokenSource();
        AnswerQueue queue = Create(4, new GenerationOptions());
        Task<GenerationUpdate?> read = queue.ReadAsync(cancel.Token).AsTask();
        cancel.Cancel();
        Assert.That(async () => await read, Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task A_full_context_ends_the_answer_or_throws([Values] ContextOverflow overflow)
    {
        AnswerQueue queue = Create(4, new GenerationOptions { Overflow = overflow });
        queue.End(FinishReason.ContextFull);
        if (overflow == ContextOverflow.Error)
        {
            Assert.That(async () => await queue.ReadAsync(default), Throws.InstanceOf<ContextLengthExceededException>());
        }
        else
        {
            Assert.That((await queue.ReadAsync(default))!.FinishReason, Is.EqualTo(FinishReason.ContextFull));
            Assert.That(await queue.ReadAsync(default), Is.Null);
        }
    }

    [Test]
    public async Task Nothing_is_lost_between_a_fast_writer_and_a_reader()
    {
        const int Count = 20_000;
        AnswerQueue queue = Create(3, new GenerationOptions { MaxTokens = Count });
        using var room = new SemaphoreSlim(0);
        queue.Resume = () => room.Release();
        Task writing = Task.Run(() =>
        {
            for (int i = 0; i < Count; i++)
            {
                if (queue.Accept(i % 26, null) == Reception.Wait)
                {
                    Assert.That(room.Wait(TimeSpan.FromSeconds(30)), Is.True, "nobody asked for more");
                }
            }
        });
        int read = 0;
        while (await queue.ReadAsync(default) is { } update)
        {
            Assert.That(update.TokenIds[0], Is.EqualTo(read % 26));
            read++;
        }

        await writing;
        Assert.That(read, Is.EqualTo(Count));
    }

    private static AnswerQueue Create(int limit, GenerationOptions options) => new(
        new Answer(LetterTokenizer.Instance, options, null, 1), limit, options.Overflow ?? ContextOverflow.Stop,
        () => new ContextLengthExceededException(1, 0, 10));
}
