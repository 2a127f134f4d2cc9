using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer;

/// <content>What is measured on a model's device, and kept there.</content>
public sealed partial class Model
{
    /// <summary>
    /// Runs the model over a text and chooses how its attention accumulates its softmax. Nothing changes in this model; sessions of a
    /// model loaded after <see cref="SaveSoftmaxCalibration"/> follow it.
    /// </summary>
    /// <param name="tokens">The text, as tokens; its beginning counts, up to 4096 tokens and the model's context.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What was found.</returns>
    /// <exception cref="ArgumentException">Fewer than two tokens, or one outside the vocabulary.</exception>
    /// <exception cref="InvalidOperationException">The model is synthetic.</exception>
    /// <exception cref="UnsupportedModelException">The model is an encoder.</exception>
    internal SoftmaxCalibration CalibrateSoftmax(ReadOnlySpan<int> tokens, CancellationToken cancellationToken = default)
    {
        Lifetime.ThrowIfClosed();
        RequireDecoder();
        return SoftmaxCalibrator.Run(this, tokens, cancellationToken);
    }

    /// <summary>Keeps a calibration beside the pipeline caches, where loading its model finds it.</summary>
    /// <param name="calibration">What <see cref="CalibrateSoftmax"/> returned.</param>
    /// <returns>Path of the file.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    internal static string SaveSoftmaxCalibration(SoftmaxCalibration calibration)
    {
        ArgumentNullException.ThrowIfNull(calibration);
        return CalibrationFile.Write(calibration);
    }

    /// <summary>
    /// Measures the implementations of this model's linear layers on its device. Nothing changes in this model; one loaded after
    /// <see cref="SaveLinearTuning"/> looks up what was found. Keeps the device busy.
    /// </summary>
    /// <param name="budget">About how long it may take; what it has no time for is left to the heuristic.</param>
    /// <param name="progress">Told how many shapes of matrices are done, as bytes of the stage that is named.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What was found.</returns>
    internal LinearTuning TuneLinear(
        TimeSpan budget, IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        Lifetime.ThrowIfClosed();
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(budget, TimeSpan.Zero);
        var cancellation = new Cancellation(cancellationToken, Lifetime);
        using CancellationTokenSource either = cancellation.Link();
        try
        {
            // Without a lease, since progress is reported from within: what it measures with keeps its own memory.
            return LinearTuningRun.Run(
                Kernels.Context with { Linear = LinearDataflow.Empty }, Config, _weights, budget, progress, either.Token);
        }
        catch (OperationCanceledException)
        {
            cancellation.ThrowIfRequested();
            throw;
        }
        finally
        {
            GC.KeepAlive(this);
        }
    }

    /// <summary>Keeps a tuning beside the pipeline caches, where loading a model on this device finds it.</summary>
    /// <param name="tuning">What <see cref="TuneLinear"/> returned.</param>
    /// <returns>Path of the file.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    internal string SaveLinearTuning(LinearTuning tuning)
    {
        ArgumentNullException.ThrowIfNull(tuning);
        return LinearTuningFile.Write(Device, tuning);
    }

    /// <summary>What was measured of linear layers on this model's device: by its user, or by us; null: nothing.</summary>
    internal LinearTuning? ReadLinearTuning() => LinearTuningFile.Read(Device, Options.Logger) ?? LinearTuningFile.ReadShipped(Device);
}
