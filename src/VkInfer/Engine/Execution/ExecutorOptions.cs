using Microsoft.Extensions.Logging;
using VkInfer.Engine.Cache;

namespace VkInfer.Engine.Execution;

/// <summary>How an executor runs its steps.</summary>
/// <param name="Softmax">How attention accumulates.</param>
/// <param name="Capacity">Tokens that a sequence may have.</param>
/// <param name="MaxRows">Rows of a step, at most; the activations have as many.</param>
/// <param name="MaxRunning">Sequences of a step, at most.</param>
/// <param name="Pages">Pages of the pool.</param>
internal sealed record ExecutorOptions(SoftmaxPlan Softmax, int Capacity, int MaxRows, int MaxRunning, int Pages)
{
    /// <summary>Recurrent states of the pool; 0: the model has none.</summary>
    public int States { get; init; }

    /// <summary>Whether a row alone takes the fused pass; else the one over rows.</summary>
    public bool FusesRowsAlone { get; init; } = true;

    /// <summary>Whether all rows attend alone, those of prompts, too: so each attends as it does in any other step.</summary>
    public bool AttendsRowByRow { get; init; }

    /// <summary>Where messages go; null: nowhere.</summary>
    public ILogger? Logger { get; init; }

    /// <summary>Counts the scores of prompts while the softmax is calibrated; else null. Not owned.</summary>
    public ScoreCounters? Statistics { get; init; }
}
