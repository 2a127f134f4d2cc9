namespace VkInfer.Cli.Bench;

/// <summary>The sequences that a test of decode advances: one by itself, or several as a batch.</summary>
/// <param name="sessions">The sequences.</param>
/// <param name="batch">The batch of them; null: there is one sequence.</param>
internal sealed class BenchSequences(IReadOnlyList<Session> sessions, SessionBatch? batch)
{
    private readonly int[] _tokens = new int[sessions.Count];

    public IReadOnlyList<Session> Sessions => sessions;

    /// <summary>GPU time of the last step's layers, when no further step is under way.</summary>
    public double LastStepGpuMicroseconds => batch?.LastStepGpuMicroseconds ?? sessions[0].LastStepGpuMicroseconds;

    /// <summary>The last step's dispatches, where they were timed, when no further step is under way.</summary>
    public IReadOnlyList<Vulkan.DispatchTime> ReadStepProfile() => batch?.ReadStepProfile() ?? sessions[0].ReadStepProfile();

    /// <summary>Brings the sequences back to where they were and takes a first token, so that only whole steps are timed.</summary>
    public void Start(BenchTest test, CancellationToken cancellationToken)
    {
        foreach (Session session in sessions)
        {
            session.Truncate(test.ContextTokens);
        }

        Step(1, cancellationToken);
    }

    /// <summary>A token of every sequence.</summary>
    /// <param name="depth">Steps to keep under way.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public void Step(int depth, CancellationToken cancellationToken)
    {
        if (batch is null)
        {
            sessions[0].NextTokenCore(SamplingOptions.Greedy, depth, cancellationToken);
        }
        else
        {
            batch.NextTokensCore(_tokens, SamplingOptions.Greedy, depth, cancellationToken);
        }
    }
}
