using VkInfer.Engine.Cache;
using VkInfer.Engine.Scheduling;
using VkInfer.Engine.Sequences;

namespace VkInfer.Tests.Engine;

/// <summary>A crowd of sequences to which everything happens that can.</summary>
internal sealed class RandomLife
{
    private readonly Random _random;
    private readonly Simulation _simulation;

    // Where each text's last turn began: from there on it is the device's.
    private readonly Dictionary<Sequence, int> _turns = [];
    private readonly List<Sequence> _idle = [];

    private RandomLife(Random random, Simulation simulation)
    {
        _random = random;
        _simulation = simulation;
    }

    public static void Run(Random random, CacheGroup[] groups, int pages, int running, int rows, bool sharesPrefixes, int events,
        int states = 0)
    {
        var simulation = new Simulation(
            groups, pages * groups.Length, new SchedulerOptions { MaxRunning = running, MaxRows = rows, MaxWaiting = 40 }, sharesPrefixes,
            random.Next(2) == 0 ? int.MaxValue : random.Next(pages * groups.Length), states)
        {
            Speculate = sequence => Guess(random, sequence),
        };
        var life = new RandomLife(random, simulation);
        for (int i = 0; i < events; i++)
        {
            life.Happen();
            life.Settle();
        }

        foreach (Sequence sequence in life._turns.Keys)
        {
            sequence.IsPaused = false;
            simulation.Scheduler.Unpark(sequence);
        }

        simulation.RunToEnd(20_000);
        life.Settle();
        foreach (Sequence sequence in life._idle.ToArray())
        {
            life.Leave(sequence);
        }

        Assert.That(simulation.Pool.Held, Is.Zero, "pages of nobody");
        Assert.That(simulation.States?.Held ?? 0, Is.Zero, "states of nobody");
        Assert.That(simulation.Pool.Available, Is.EqualTo(simulation.Pool.Count));
    }

    private static void Guess(Random random, Sequence sequence)
    {
        sequence.Drafts.Clear();
        if (random.Next(3) == 0)
        {
            int count = random.Next(1, 6);
            sequence.Drafts.AddRange(
                SimulatedDevice.Alone(sequence.Tokens.ToArray(), sequence.Tokens.Length + count).Skip(sequence.Tokens.Length));
            sequence.Drafts[^1] ^= random.Next(2);
        }
    }

    private void Happen()
    {
        List<Sequence> known = [.. _turns.Keys];
        switch (_random.Next(13))
        {
            case < 3:
                int[] common = SchedulerTests.Prompt(_random.Next(3), _random.Next(1, 150));
                int[] prompt = [.. common, .. SchedulerTests.Prompt(_random.Next(), _random.Next(1, 40))];
                Start(new Sequence(prompt, prompt.Length + _random.Next(1, 60))
                {
                    Priority = _random.Next(3),
                    NeedsKnownTokens = _random.Next(4) == 0,
                    Deadline = _random.Next(10) == 0 ? _simulation.Now + TimeSpan.FromSeconds(_random.Next(1, 20)) : null,
                    PrefixScope = _random.Next(5) == 0 ? "own" : null,
                });
                break;
            case 3 when known.Count > 0:
                Leave(known[_random.Next(known.Count)]);
                break;
            case 4 when known.Count > 0:
                Sequence other = known[_random.Next(known.Count)];
                other.IsPaused = !other.IsPaused;
                break;
            case 5 when _idle.Count > 0:
                Turn(_idle[_random.Next(_idle.Count)]);
                break;
            case 6 when _idle.Count > 0:
                Fork(_idle[_random.Next(_idle.Count)]);
                break;
            case 7 when known.Count > 0:
                ParkOrUnpark(known[_random.Next(known.Count)]);
                break;
            default:
                _simulation.Now += TimeSpan.FromSeconds(1);
                _simulation.Step(_random.Next(3), keepPages: _random.Next(2) == 0);
                break;
        }
    }

    private void Start(Sequence sequence)
    {
        try
        {
            _simulation.Scheduler.Add(sequence);
            _turns.Add(sequence, sequence.Tokens.Length);
            _idle.Remove(sequence);
        }
        catch (Exception exception) when (exception is QueueFullException or ContextLengthExceededException)
        {
            Leave(sequence);
        }
    }

    private void Turn(Sequence sequence)
    {
        // A chat may be cut before it goes on.
        if (_random.Next(2) == 0)
        {
            int length = _random.Next(1, sequence.Tokens.Length + 1);
            sequence.Cut(length);
            _simulation.Pool.Cut(sequence, Math.Min(sequence.Computed, length));
            _simulation.Device.Forget(sequence);
        }

        sequence.AddPrompt(SchedulerTests.Prompt(_random.Next(), _random.Next(1, 50)));
        sequence.MaxLength = sequence.Tokens.Length + _random.Next(1, 40);
        _simulation.Device.Forget(sequence);
        Start(sequence);
    }

    private void Fork(Sequence trunk)
    {
        int length = _random.Next(1, trunk.Tokens.Length + 1);
        var fork = new Sequence(trunk.Tokens[..length].ToArray(), length + _random.Next(1, 40)) { PrefixScope = trunk.PrefixScope };
        _simulation.Pool.Fork(trunk, fork);
        Start(fork);
    }

    private void Leave(Sequence sequence)
    {
        _simulation.Scheduler.Remove(sequence);
        _simulation.Device.Forget(sequence);
        _turns.Remove(sequence);
        _idle.Remove(sequence);
    }

    /// <summary>Looks at those that ended.</summary>
    private void ParkOrUnpark(Sequence sequence)
    {
        if (sequence.State == SequenceState.Parked)
        {
            _simulation.Scheduler.Unpark(sequence);
        }
        else
        {
            _simulation.Scheduler.Park(sequence);
        }
    }

    private void Settle()
    {
        foreach ((Sequence sequence, EndReason? reason) in _simulation.Ended)
        {
            if (reason is null && _turns.Remove(sequence, out int turn))
            {
                SchedulerTests.Expect(sequence, turn);
                _idle.Add(sequence);
            }
            else if (reason is not null)
            {
                Leave(sequence);
            }
        }

        _simulation.Ended.Clear();
    }
}
