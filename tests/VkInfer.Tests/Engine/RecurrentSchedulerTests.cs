using CsCheck;
using VkInfer.Engine.Cache;
using VkInfer.Engine.Scheduling;
using VkInfer.Engine.Sequences;

namespace VkInfer.Tests.Engine;

/// <summary>
/// Recurrent states in the scheduler: the simulated device checks that each row finds the state that the tokens before it leave.
/// </summary>
[Category("Host")]
public sealed class RecurrentSchedulerTests
{
    private static readonly CacheGroup[] Plain = [new(0)];
    private static readonly CacheGroup[] Mixed = [new(0), new(40)];

    [Test]
    public void A_prompt_in_pieces_and_its_answer_go_through_one_state()
    {
        Simulation simulation = Create(16, states: 4, rows: 90);
        Sequence sequence = Start(simulation, SchedulerTests.Prompt(3, 200), 40);
        simulation.RunToEnd();
        SchedulerTests.Expect(sequence, 200);
        Assert.That(simulation.States!.Held, Is.Zero);
    }

    [Test]
    public void With_few_states_all_requests_end_with_their_tokens([Values(1, 2, 5)] int states)
    {
        Simulation simulation = Create(20, states, rows: 96);
        Sequence[] sequences = [
            .. Enumerable.Range(0, 60).Select(i => Start(simulation, SchedulerTests.Prompt(i, 20 + (i * 37 % 200)), 10 + (i * 13 % 90)))];
        simulation.RunToEnd();
        for (int i = 0; i < sequences.Length; i++)
        {
            SchedulerTests.Expect(sequences[i], 20 + (i * 37 % 200));
        }
    }

    [Test]
    public void The_next_turn_computes_from_the_last_users_turn_on()
    {
        Simulation simulation = Create(64, states: 8);
        Sequence chat = Start(simulation, SchedulerTests.Prompt(0, 300), 50);
        Run(simulation);

        // The answer stays in the text in another form, as where a template drops what was thought.
        Turn(simulation, chat, 298, 90);
        int rows = simulation.Device.Rows;
        Run(simulation);
        Assert.That(chat.CachedTokens, Is.EqualTo(256), "the last whole page at least 17 tokens before the prompt's end");
        Assert.That(simulation.Device.Rows - rows, Is.EqualTo(298 - 256 + 90 + 19));
    }

    [Test]
    public void Ten_turns_compute_no_more_than_what_is_new()
    {
        Simulation simulation = Create(200, states: 8);
        Sequence chat = Start(simulation, SchedulerTests.Prompt(0, 300), 60);
        Run(simulation);
        for (int turn = 1; turn < 10; turn++)
        {
            Turn(simulation, chat, chat.PromptLength - 2, 100);
            int rows = simulation.Device.Rows;
            Run(simulation);
            Assert.That(simulation.Device.Rows - rows, Is.LessThan(100 + 20 + 48), $"turn {turn}");
        }
    }

    [Test]
    public void Without_a_snapshot_all_is_computed_again()
    {
        Simulation simulation = Create(64, states: 1);
        Sequence chat = Start(simulation, SchedulerTests.Prompt(0, 300), 50);
        Run(simulation);
        Turn(simulation, chat, 298, 30);
        Run(simulation);
        Assert.That(chat.CachedTokens, Is.Zero);
    }

    [Test]
    public void A_snapshot_is_found_by_its_prefix()
    {
        Simulation simulation = Create(64, states: 8);
        Start(simulation, SchedulerTests.Prompt(0, 100), 10);
        simulation.RunToEnd();
        Sequence same = Start(simulation, [.. SchedulerTests.Prompt(0, 100), .. SchedulerTests.Prompt(1, 30)], 10);
        Sequence shorter = Start(simulation, [.. SchedulerTests.Prompt(0, 50), .. SchedulerTests.Prompt(1, 30)], 10);
        simulation.RunToEnd();
        SchedulerTests.Expect(same, 130);
        SchedulerTests.Expect(shorter, 80);
        Assert.That((same.CachedTokens, shorter.CachedTokens), Is.EqualTo((64, 0)), "pages alone are no use");
    }

    [Test]
    public void A_fork_gets_a_copy_of_the_state([Values(8, 1)] int states)
    {
        Simulation simulation = Create(64, states);
        Sequence trunk = Start(simulation, SchedulerTests.Prompt(0, 100), 20);
        Run(simulation);
        var fork = new Sequence(trunk.Tokens.ToArray(), 150);
        simulation.Pool.Fork(trunk, fork);
        Assert.That(fork.Computed, Is.EqualTo(states > 1 ? 119 : 0));
        trunk.AddPrompt([7]);
        trunk.MaxLength = 150;
        simulation.Device.Forget(trunk);
        simulation.Scheduler.Add(trunk);
        simulation.Scheduler.Add(fork);
        List<int> expected = SimulatedDevice.Alone(trunk.Tokens.ToArray(), 150);
        simulation.RunToEnd();
        Assert.That(trunk.Tokens.ToArray(), Is.EqualTo(expected));
        SchedulerTests.Expect(fork, 120);
    }

    [Test]
    public void Whatever_comes_every_row_finds_its_state() => Gen.Int[0, int.MaxValue].Sample(
        static seed =>
        {
            var random = new Random(seed);
            RandomLife.Run(
                random, random.Next(2) == 0 ? Mixed : Plain, pages: random.Next(6, 31), running: random.Next(1, 13),
                rows: random.Next(13, 91), sharesPrefixes: random.Next(4) > 0, events: 120, states: random.Next(1, 12));
        },
        iter: 200, threads: 1);

    private static Simulation Create(int pages, int states, int rows = 2048) =>
        new(Plain, pages, new SchedulerOptions { MaxRows = rows, MaxRunning = 8 }, states: states);

    private static Sequence Start(Simulation simulation, int[] prompt, int answer)
    {
        var sequence = new Sequence(prompt, prompt.Length + answer);
        simulation.Scheduler.Add(sequence);
        return sequence;
    }

    private static void Run(Simulation simulation)
    {
        while (simulation.Step(1, keepPages: true))
        {
        }
    }

    /// <summary>Cuts a chat, and asks for 20 tokens behind more of a prompt.</summary>
    private static void Turn(Simulation simulation, Sequence chat, int length, int more)
    {
        simulation.Scheduler.Truncate(chat, length);
        chat.AddPrompt(SchedulerTests.Prompt(length, more));
        chat.MaxLength = chat.Tokens.Length + 20;
        simulation.Device.Forget(chat);
        simulation.Scheduler.Add(chat);
    }
}
