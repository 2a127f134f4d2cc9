using VkInfer.Engine.Scheduling;

namespace VkInfer.Tests.Engine;

/// <summary>Prompts get as many rows as the promised time between tokens allows, on devices of very different speed.</summary>
[Category("Host")]
public sealed class LatencyFirstTests
{
    private static readonly TimeSpan Floor = TimeSpan.FromMilliseconds(20);

    // An H200 with Llama-3-8B in float16: tiles of 64 rows on top of the time that the weights take.
    private static TimeSpan Gpu(int rows) => TimeSpan.FromMilliseconds(6 + (4.2 * Math.Ceiling(rows / 64.0)));

    // A processor: each row takes as long as the others.
    private static TimeSpan Processor(int rows) => TimeSpan.FromMilliseconds(15 * rows);

    [TestCase(1)]
    [TestCase(32)]
    [TestCase(96)]
    [TestCase(200)]
    public void Steps_stay_within_the_promise_and_use_most_of_it(int decodeRows)
    {
        TimeSpan allowed = TimeSpan.FromTicks(Math.Max(2 * Gpu(decodeRows).Ticks, Floor.Ticks));
        int most = Enumerable.Range(1, 4096).Last(rows => Gpu(decodeRows + rows) <= allowed);
        (List<int> rows, List<TimeSpan> times) = Run(Gpu, decodeRows, plainFirst: true);
        Assert.That(times.Order().ElementAt((int)(0.9 * times.Count)), Is.LessThanOrEqualTo(allowed));
        Assert.That(rows.Average(), Is.GreaterThan(0.6 * most));
    }

    [Test]
    public void Prompts_grow_though_no_step_was_ever_without_one()
    {
        (List<int> rows, _) = Run(Gpu, 16, plainFirst: false);
        Assert.That(rows.Skip(20).Count(prompt => prompt < 64), Is.LessThanOrEqualTo(rows.Count / 50));
    }

    [Test]
    public void A_slow_device_gives_prompts_as_many_rows_as_decoding_has()
    {
        (List<int> rows, List<TimeSpan> times) = Run(Processor, 16, plainFirst: true);
        Assert.That(rows.Skip(20).Average(), Is.InRange(8, 16));
        Assert.That(times.Skip(20).Max(), Is.LessThanOrEqualTo(2 * Processor(16)));
    }

    [Test]
    public void Nobody_decodes_and_prompts_fill_the_step() => Assert.That(new LatencyFirst(Floor).PromptRows(0), Is.EqualTo(int.MaxValue));

    [Test]
    public void One_slow_step_takes_at_most_half()
    {
        var policy = new LatencyFirst(Floor);
        policy.Observe(16, 0, Gpu(16));
        for (int i = 0; i < 20; i++)
        {
            policy.Observe(16, policy.PromptRows(16), Gpu(16 + policy.PromptRows(16)));
        }

        int before = policy.PromptRows(16);
        policy.Observe(16, before, TimeSpan.FromSeconds(1));
        Assert.That(policy.PromptRows(16), Is.EqualTo(before / 2).Within(1));
    }

    private static (List<int> Rows, List<TimeSpan> Times) Run(Func<int, TimeSpan> device, int decodeRows, bool plainFirst)
    {
        var policy = new LatencyFirst(Floor);
        (List<int> rows, List<TimeSpan> times) = ([], []);
        if (plainFirst)
        {
            policy.Observe(decodeRows, 0, device(decodeRows));
        }

        for (int step = 0; step < 200; step++)
        {
            int prompt = policy.PromptRows(decodeRows);
            rows.Add(prompt);
            times.Add(device(decodeRows + prompt));
            policy.Observe(decodeRows, prompt, times[^1]);
        }

        return (rows, times);
    }
}
