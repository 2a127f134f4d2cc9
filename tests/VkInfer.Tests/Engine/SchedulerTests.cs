using CsCheck;
using VkInfer.Engine.Cache;
using VkInfer.Engine.Scheduling;
using VkInfer.Engine.Sequences;

namespace VkInfer.Tests.Engine;

/// <summary>The scheduler and its pages, on a device that is simulated and checks what every row sees.</summary>
[Category("Host")]
public sealed class SchedulerTests
{
    private static readonly CacheGroup[] Plain = [new(0)];
    private static readonly CacheGroup[] Mixed = [new(0), new(40), new(100)];

    [Test]
    public void A_sequence_ends_with_the_tokens_of_its_text()
    {
        var simulation = new Simulation(Plain, 16, new SchedulerOptions());
        Sequence sequence = Add(simulation, Prompt(3, 70), 40);
        simulation.RunToEnd();
        Expect(sequence, 70);
        Assert.That(simulation.Pool.Held, Is.Zero);
    }

    [Test]
    public void Decoding_runs_two_steps_deep_without_knowing_its_tokens()
    {
        var simulation = new Simulation(Plain, 16, new SchedulerOptions());
        Sequence sequence = Add(simulation, Prompt(3, 20), 30);
        simulation.Step();
        simulation.Step();
        Assert.That(sequence.InFlight, Is.EqualTo(1), "one is known, one is under way");
        simulation.RunToEnd();
        Assert.That(simulation.Steps, Is.EqualTo(30), "a step for each token");
    }

    [Test]
    public void A_sequence_that_needs_known_tokens_waits_for_them()
    {
        var simulation = new Simulation(Plain, 16, new SchedulerOptions());
        Sequence sequence = Add(simulation, Prompt(3, 20), 10, needsKnownTokens: true);
        while (simulation.Step(2))
        {
            Assert.That(sequence.InFlight, Is.LessThanOrEqualTo(1));
        }

        Expect(sequence, 20);
    }

    [Test]
    public void A_common_prefix_is_computed_once()
    {
        var simulation = new Simulation(Plain, 400, new SchedulerOptions());
        int[] common = Prompt(1, 2048);
        Sequence[] sequences = [.. Enumerable.Range(0, 64).Select(i => Add(simulation, [.. common, .. Prompt(100 + i, 16)], 4))];
        simulation.RunToEnd();
        foreach (Sequence sequence in sequences)
        {
            Expect(sequence, common.Length + 16);
        }

        Assert.That(
            sequences.Count(sequence => sequence.CachedTokens == common.Length), Is.EqualTo(63), "who came later waited for the first");
        Assert.That(simulation.Device.Rows, Is.EqualTo(common.Length + (64 * (16 + 3))));
    }

    /// <summary>Chunks of the first are still under way when there would be room for the others.</summary>
    [Test]
    public void A_prefix_that_takes_several_steps_is_waited_for()
    {
        var simulation = new Simulation(Plain, 400, new SchedulerOptions { MaxRows = 300 });
        int[] common = Prompt(1, 2048);
        Sequence[] sequences = [.. Enumerable.Range(0, 8).Select(i => Add(simulation, [.. common, .. Prompt(100 + i, 16)], 4))];
        while (simulation.Step(2))
        {
        }

        Assert.That(sequences.Select(sequence => sequence.CachedTokens), Is.EqualTo((int[])[0, .. Enumerable.Repeat(common.Length, 7)]));
    }

    [Test]
    public void Scopes_share_nothing_with_each_other()
    {
        var simulation = new Simulation(Plain, 400, new SchedulerOptions());
        Sequence first = Add(simulation, Prompt(1, 100), 4, scope: "a");
        simulation.RunToEnd();
        Sequence other = Add(simulation, Prompt(1, 100), 4, scope: "b");
        Sequence same = Add(simulation, Prompt(1, 100), 4, scope: "a");
        simulation.RunToEnd();
        Assert.That((first.CachedTokens, other.CachedTokens, same.CachedTokens), Is.EqualTo((0, 0, 96)));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void In_a_small_pool_all_requests_end_with_their_tokens(bool mixed)
    {
        CacheGroup[] groups = mixed ? Mixed : Plain;
        int requests = 200;
        var simulation = new Simulation(groups, 20 * groups.Length, new SchedulerOptions { MaxRows = 96, MaxRunning = 32 });
        Sequence[] sequences = [
            .. Enumerable.Range(0, requests).Select(i => Add(simulation, Prompt(i, 20 + (i * 37 % 200)), 10 + (i * 13 % 90)))];
        simulation.RunToEnd();
        for (int i = 0; i < requests; i++)
        {
            Expect(sequences[i], 20 + (i * 37 % 200));
        }

        Assert.That(sequences.Sum(sequence => sequence.Preemptions), Is.Positive);
        Assert.That(simulation.Pool.Held, Is.Zero);
    }

    [Test]
    public void The_oldest_of_the_highest_priority_is_never_preempted()
    {
        var simulation = new Simulation(Plain, 8, new SchedulerOptions { MaxRunning = 8 });
        Sequence[] sequences = [.. Enumerable.Range(0, 8).Select(i => Add(simulation, Prompt(i, 40), 150, priority: i == 5 ? 1 : 0))];
        simulation.RunToEnd();
        Assert.That(sequences[5].Preemptions, Is.Zero);
        Assert.That(sequences, Has.All.Matches<Sequence>(sequence => sequence!.Tokens.Length == 190));
    }

    [Test]
    public void Where_preemption_is_off_nobody_is_preempted()
    {
        var simulation = new Simulation(Plain, 20, new SchedulerOptions { Shortage = PageShortage.Refuse });
        Sequence[] sequences = [.. Enumerable.Range(0, 30).Select(i => Add(simulation, Prompt(i, 40), 150))];
        simulation.RunToEnd();
        Assert.That(sequences.Sum(sequence => sequence.Preemptions), Is.Zero);
        Assert.Throws<ContextLengthExceededException>(() => Add(simulation, Prompt(0, 40), 700), "a limit that never fits");
    }

    [Test]
    public void A_sequence_that_outgrows_the_pool_alone_ends_with_that_reason()
    {
        var simulation = new Simulation(Plain, 4, new SchedulerOptions());
        Sequence sequence = Add(simulation, Prompt(0, 40), 500);
        simulation.RunToEnd();
        Assert.That(simulation.Ended[sequence], Is.EqualTo(EndReason.OutOfPages));
        Assert.That(simulation.Pool.Held, Is.Zero);
        Assert.Throws<ContextLengthExceededException>(() => Add(simulation, Prompt(0, 400), 5), "a prompt that never fits");
    }

    /// <summary>Its tokens see each other: what one step leaves out, another cannot add.</summary>
    [Test]
    public void Texts_that_are_taken_whole_wait_for_a_step_with_room()
    {
        var simulation = new Simulation(
            Plain, 64, new SchedulerOptions { MaxRows = 100, MaxRunning = 8, TakesWholeTexts = true }, sharesPrefixes: false);
        int[] lengths = [60, 50, 100, 30, 30, 40, 1];
        Sequence[] sequences = [.. lengths.Select((length, i) => Add(simulation, Prompt(i, length), 1))];
        var steps = new List<int[]>();
        simulation.Planned = plan => steps.Add([.. plan.Rows.Select(rows => rows.Count)]);
        simulation.RunToEnd();
        Assert.That(steps.SelectMany(step => step), Is.EqualTo(lengths), "in their order, each whole");
        Assert.That(steps, Has.All.Matches<int[]>(step => step!.Sum() <= 100));
        Assert.That(steps.Any(step => step.Length > 1), Is.True, "several in a step where there is room");
        Assert.That(sequences, Has.All.Matches<Sequence>(sequence => sequence!.State == SequenceState.Idle));
    }

    [Test]
    public void A_queue_has_an_end()
    {
        var simulation = new Simulation(Plain, 4, new SchedulerOptions { MaxWaiting = 3 });
        for (int i = 0; i < 3; i++)
        {
            Add(simulation, Prompt(i, 10), 5);
        }

        Assert.Throws<QueueFullException>(() => Add(simulation, Prompt(9, 10), 5));
    }

    [Test]
    public void A_deadline_ends_a_sequence_wherever_it_stands()
    {
        var simulation = new Simulation(Plain, 8, new SchedulerOptions { MaxRunning = 1 });
        Sequence running = Add(simulation, Prompt(0, 10), 100, deadline: TimeSpan.FromSeconds(1));
        Sequence waiting = Add(simulation, Prompt(1, 10), 100, deadline: TimeSpan.FromSeconds(1));
        Sequence patient = Add(simulation, Prompt(2, 10), 20);
        simulation.Step();
        simulation.Now = TimeSpan.FromSeconds(2);
        simulation.RunToEnd();
        Assert.That(simulation.Ended[running], Is.EqualTo(EndReason.Deadline));
        Assert.That(simulation.Ended[waiting], Is.EqualTo(EndReason.Deadline));
        Expect(patient, 10);
    }

    [Test]
    public void A_paused_sequence_holds_nobody_back()
    {
        var simulation = new Simulation(Plain, 8, new SchedulerOptions());
        Sequence paused = Add(simulation, Prompt(0, 40), 60);
        simulation.Step();
        paused.IsPaused = true;
        Sequence[] others = [.. Enumerable.Range(1, 10).Select(i => Add(simulation, Prompt(i, 40), 100))];
        simulation.RunToEnd();
        Assert.That(others, Has.All.Matches<Sequence>(sequence => sequence!.Tokens.Length == 140));
        paused.IsPaused = false;
        simulation.RunToEnd();
        Expect(paused, 40);
    }

    [Test]
    public void A_parked_sequence_takes_no_place_and_goes_on_with_its_pages()
    {
        var simulation = new Simulation(Plain, 16, new SchedulerOptions { MaxRunning = 1 });
        Sequence parked = Add(simulation, Prompt(0, 100), 40);
        for (int i = 0; i < 5; i++)
        {
            simulation.Step();
        }

        int rows = simulation.Device.Rows;
        simulation.Scheduler.Park(parked);
        Sequence other = Add(simulation, Prompt(1, 40), 20);
        simulation.RunToEnd();
        Expect(other, 40);
        Assert.That(parked.Tokens.Length, Is.InRange(103, 106));
        simulation.Scheduler.Unpark(parked);
        simulation.RunToEnd();
        Expect(parked, 100);
        Assert.That(simulation.Device.Rows - rows, Is.LessThan(40 + 20 + 40), "its prompt is not computed again");
    }

    [Test]
    public void The_pages_of_parked_sequences_go_to_those_that_run()
    {
        var simulation = new Simulation(Plain, 8, new SchedulerOptions());
        Sequence parked = Add(simulation, Prompt(0, 100), 40);
        for (int i = 0; i < 5; i++)
        {
            simulation.Step();
        }

        simulation.Scheduler.Park(parked);
        Sequence large = Add(simulation, Prompt(1, 200), 30);
        simulation.RunToEnd();
        Expect(large, 200);
        simulation.Scheduler.Unpark(parked);
        simulation.RunToEnd();
        Expect(parked, 100);
    }

    [Test]
    public void Taking_out_one_that_never_came_in_leaves_the_first_alone()
    {
        var simulation = new Simulation(Plain, 8, new SchedulerOptions());
        Sequence first = Add(simulation, Prompt(0, 10), 5);
        simulation.Scheduler.Remove(new Sequence(Prompt(1, 10), 15));
        simulation.RunToEnd();
        Expect(first, 10);
    }

    [Test]
    public void The_pages_of_idle_sequences_go_to_those_that_run()
    {
        var simulation = new Simulation(Plain, 8, new SchedulerOptions());
        Sequence idle = Add(simulation, Prompt(0, 100), 20);
        while (simulation.Step(1, keepPages: true))
        {
        }

        Assert.That(simulation.Pool.Held, Is.EqualTo(4));
        Sequence large = Add(simulation, Prompt(1, 200), 30);
        simulation.RunToEnd();
        Expect(large, 200);

        idle.AddPrompt(Prompt(5, 30));
        idle.MaxLength = 160;
        List<int> expected = SimulatedDevice.Alone(idle.Tokens.ToArray(), 160);
        simulation.Scheduler.Add(idle);
        simulation.RunToEnd();
        Assert.That(idle.Tokens.ToArray(), Is.EqualTo(expected));
    }

    [Test]
    public void A_fork_shares_pages_until_one_side_writes()
    {
        var simulation = new Simulation(Mixed, 64, new SchedulerOptions());
        Sequence trunk = Add(simulation, Prompt(0, 100), 20);
        while (simulation.Step(1, keepPages: true))
        {
        }

        int held = simulation.Pool.Held;
        var fork = new Sequence(trunk.Tokens.ToArray(), 150);
        simulation.Pool.Fork(trunk, fork);
        Assert.That(simulation.Pool.Held, Is.EqualTo(held), "a fork takes no page");
        int rows = simulation.Device.Rows;
        trunk.AddPrompt([7]);
        trunk.MaxLength = 150;
        simulation.Scheduler.Add(trunk);
        simulation.Scheduler.Add(fork);
        List<int> expected = SimulatedDevice.Alone(trunk.Tokens.ToArray(), 150);
        simulation.RunToEnd();
        Assert.That(trunk.Tokens.ToArray(), Is.EqualTo(expected));
        Expect(fork, 120);
        Assert.That(simulation.Device.Rows - rows, Is.EqualTo(30 + 30), "neither computes again what it had");
    }

    [Test]
    public void What_a_step_chose_for_a_sequence_that_was_taken_out_is_dropped()
    {
        var simulation = new Simulation(Plain, 16, new SchedulerOptions());
        Sequence sequence = Add(simulation, Prompt(0, 40), 60);
        for (int i = 0; i < 5; i++)
        {
            simulation.Step(2);
        }

        Assert.That(sequence.InFlight, Is.EqualTo(2));
        int known = sequence.Tokens.Length;
        simulation.Scheduler.Remove(sequence, keepPages: true);
        simulation.Device.Forget(sequence);
        sequence.AddPrompt([7, 8, 9]);
        List<int> expected = SimulatedDevice.Alone(sequence.Tokens.ToArray(), sequence.MaxLength);
        Assert.That(expected[known], Is.EqualTo(7));
        simulation.Scheduler.Add(sequence);
        simulation.RunToEnd();
        Assert.That(sequence.Tokens.ToArray(), Is.EqualTo(expected));
    }

    [Test]
    public void Guesses_that_hold_save_steps_and_others_cost_nothing_but_rows()
    {
        int turn = 0;
        var simulation = new Simulation(Mixed, 64, new SchedulerOptions())
        {
            Speculate = sequence =>
            {
                sequence.Drafts.Clear();
                List<int> next = SimulatedDevice.Alone(sequence.Tokens.ToArray(), sequence.Tokens.Length + 4);
                sequence.Drafts.AddRange(next.Skip(sequence.Tokens.Length));
                if (turn++ % 2 == 0)
                {
                    sequence.Drafts[turn % 4] ^= 1;
                }
            },
        };
        Sequence sequence = Add(simulation, Prompt(0, 50), 100);
        simulation.RunToEnd();
        Expect(sequence, 50);
        Assert.That(simulation.Steps, Is.LessThan(45));
    }

    [Test]
    public void Ten_thousand_short_requests_leave_all_pages_free()
    {
        var simulation = new Simulation(Plain, 64, new SchedulerOptions { MaxRunning = 16, MaxWaiting = 10_000 });
        for (int i = 0; i < 10_000; i++)
        {
            Add(simulation, Prompt(i, 3 + (i % 5)), 2);
        }

        simulation.RunToEnd();
        Assert.That((simulation.Pool.Held, simulation.Pool.Available), Is.EqualTo((0, 64)));
    }

    /// <summary>
    /// Arrivals, cancellations, pauses, forks, new turns and shortages, with all of the checks above: 120 000 events, the same in every
    /// run.
    /// </summary>
    [Test]
    public void Whatever_comes_nobody_starves_and_no_page_leaks()
    {
        for (int seed = 0; seed < 1000; seed++)
        {
            TestContext.Out.WriteLine($"seed {seed}");
            Live(new Random(seed));
        }
    }

    [TestCase(1015701347, TestName = "One_that_ended_announces_nothing")]
    public void Lives_that_once_went_wrong(int seed) => Live(new Random(seed));

    /// <summary>The same with events that no run has seen.</summary>
    [Test, Category("Release")]
    public void Whatever_else_comes_nobody_starves() =>
        Gen.Int[0, int.MaxValue].Sample(static seed => Live(new Random(seed)), iter: 30_000, threads: 1);

    private static void Live(Random random) => RandomLife.Run(
        random, random.Next(2) == 0 ? Mixed : Plain, pages: random.Next(6, 31), running: random.Next(1, 13), rows: random.Next(13, 91),
        sharesPrefixes: random.Next(2) == 0, events: 120);

    internal static int[] Prompt(int seed, int length)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => random.Next(50))];
    }

    internal static void Expect(Sequence sequence, int promptLength) => Assert.That(
        sequence.Tokens.ToArray(), Is.EqualTo(SimulatedDevice.Alone(sequence.Tokens[..promptLength].ToArray(), sequence.MaxLength)));

    private static Sequence Add(
        Simulation simulation, int[] prompt, int answer, bool needsKnownTokens = false, string? scope = null, int priority = 0,
        TimeSpan? deadline = null)
    {
        var sequence = new Sequence(prompt, prompt.Length + answer)
        {
            NeedsKnownTokens = needsKnownTokens,
            PrefixScope = scope,
            Priority = priority,
            Deadline = deadline,
        };
        simulation.Scheduler.Add(sequence);
        return sequence;
    }
}
