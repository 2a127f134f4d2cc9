using VkInfer.Engine.Cache;
using VkInfer.Engine.Scheduling;
using VkInfer.Engine.Sequences;

namespace VkInfer.Tests.Engine;

/// <summary>Sequences whose place, logits or steps were lost while they took no part.</summary>
[Category("Host")]
public sealed class SchedulerRecoveryTests
{
    private static readonly CacheGroup[] Plain = [new(0)];

    [Test]
    public void Who_waits_for_a_mask_gets_no_row_though_he_is_let_in_again()
    {
        var simulation = new Simulation(Plain, 16, new SchedulerOptions());
        Sequence sequence = Started(simulation, 20, 10);
        sequence.IsPaused = true;
        simulation.Scheduler.Park(sequence);
        simulation.Scheduler.Unpark(sequence);
        Assert.That(Plan(simulation).Rows, Is.Empty);
        sequence.IsPaused = false;
        Assert.That(Plan(simulation).Rows, Has.Count.EqualTo(1));
    }

    [Test]
    public void Kept_logits_that_somebody_took_while_a_sequence_waited_are_computed_anew()
    {
        var simulation = new Simulation(Plain, 16, new SchedulerOptions());
        Sequence sequence = Started(simulation, 20, 10);
        simulation.Scheduler.Remove(sequence, keepPages: true);
        (sequence.LogitsAt, sequence.Computed) = (sequence.Length, sequence.Length);
        simulation.Scheduler.Add(sequence);
        sequence.LogitsAt = -1;
        Assert.That(Plan(simulation).Rows.Single().Count, Is.EqualTo(1));
    }

    [Test]
    public void A_step_that_is_worth_nothing_is_so_for_who_has_left_too([Values] bool comesAgain)
    {
        var simulation = new Simulation(Plain, 16, new SchedulerOptions());
        Sequence sequence = Started(simulation, 63, 10);
        StepPlan lost = Plan(simulation);
        Assert.That(lost.Rows.Single().First, Is.EqualTo(63));
        simulation.Scheduler.Remove(sequence, keepPages: true);
        if (comesAgain)
        {
            simulation.Scheduler.Add(sequence);
            Plan(simulation);
        }

        simulation.Scheduler.Redo(lost);
        Assert.That((sequence.Computed, sequence.Tables), Is.EqualTo((0, Array.Empty<BlockTable>())));

        // The page that it filled is nobody's prefix: another with the same text shares the one before it alone.
        var other = new Sequence(sequence.Tokens.ToArray(), 80);
        simulation.Scheduler.Remove(sequence);
        simulation.Scheduler.Add(other);
        Plan(simulation);
        Assert.That(other.CachedTokens, Is.EqualTo(KvPool.PageTokens));
    }

    /// <summary>A sequence whose prompt is computed, with one token behind it.</summary>
    private static Sequence Started(Simulation simulation, int prompt, int answer)
    {
        var sequence = new Sequence(SchedulerTests.Prompt(3, prompt), prompt + answer);
        simulation.Scheduler.Add(sequence);
        simulation.Step(0);
        Assert.That(sequence.Tokens.Length, Is.EqualTo(prompt + 1));
        return sequence;
    }

    private static StepPlan Plan(Simulation simulation)
    {
        var plan = new StepPlan();
        simulation.Scheduler.Plan(TimeSpan.Zero, plan, (_, _) => { });
        return plan;
    }
}
