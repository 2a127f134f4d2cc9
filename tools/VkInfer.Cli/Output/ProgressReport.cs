namespace VkInfer.Cli.Output;

/// <summary>Takes how far work has come. Thread-safe; cheap.</summary>
/// <param name="show">Shows a stage (null: as before) and a fraction from 0 to 1.</param>
internal sealed class ProgressReport(Action<string?, double> show) : IProgress<LoadProgress>
{
    /// <summary>This report, as loading a model wants it.</summary>
    public IProgress<LoadProgress> ForLoading() => this;

    /// <summary>Some of the work is done.</summary>
    public void Report(long done, long total) => show(null, total > 0 ? (double)done / total : 0);

    /// <summary>Some of the work is done, and a new part begins.</summary>
    public void Report(string stage, long done, long total) => show(stage, total > 0 ? (double)done / total : 0);

    void IProgress<LoadProgress>.Report(LoadProgress value) =>
        show(value.Stage, value.BytesTotal > 0 ? (double)value.BytesDone / value.BytesTotal : 0);
}
