using System.Diagnostics;
using VkInfer.Engine.Cache;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>
/// Runs prompts through the layers in chunks, each chunk in slices of layers that take a bounded time on the device, so that
/// cancellation is answered soon, other sessions get their turn, and no driver's watchdog fires. Thread-safe: one prompt at a
/// time, in the order of arrival.
/// </summary>
internal sealed class PrefillRunner : IDisposable
{
    private const double SliceSeconds = 0.02;

    private const int ListsInFlight = 2;

    // Layers of a prompt's first slice, and how many times as many each next one may have: the device starts while the rest is recorded.
    private const int FirstLayers = 2;
    private const int Growth = 2;

    private readonly GpuDevice _device;
    private readonly ModelConfig _config;
    private readonly RowActivations _activations;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly CommandList[] _lists = new CommandList[ListsInFlight];
    private readonly Submission[] _submissions = new Submission[ListsInFlight];
    private readonly PromptRows[] _rows = new PromptRows[2];
    private readonly Submission[] _rowUses = new Submission[2];
    private readonly double _flopsPerTokenAndLayer;
    private readonly bool _timestamps;
    private int _nextList;
    private int _nextRows;
    private long _lastCollected;
    private double _flopsPerSecond;

    public PrefillRunner(GpuDevice device, ModelConfig config, RowActivations activations)
    {
        _device = device;
        _config = config;
        _activations = activations;
        _timestamps = device.Capabilities is { TimestampsSupported: true, TimestampsWait: false };
        _flopsPerTokenAndLayer = 2.0 * config.HiddenSize * (config.QkvSize + config.QuerySize + config.UpSize + config.IntermediateSize);

        // A first guess, corrected by each slice: low, so that the first slice is short.
        _flopsPerSecond = device.Info.Type == DeviceType.Software ? 2e9 : 2e12;
        try
        {
            for (int i = 0; i < _rows.Length; i++)
            {
                _rows[i] = new PromptRows(device, activations.MaxRows);
            }

            for (int i = 0; i < _lists.Length; i++)
            {
                _lists[i] = device.CreateCommandList($"prefill.{i}");
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>
    /// Time that the slices of the last prompt took on the device, in microseconds: by its timestamps, or by the clock from slice to slice
    /// where reading those would wait for the next slice.
    /// </summary>
    public double LastGpuMicroseconds { get; private set; }

    /// <summary>The dispatches of the last prompt, where they were timed.</summary>
    public IReadOnlyList<DispatchTime> LastProfile => _profile;

    /// <summary>
    /// Runs <paramref name="tokens"/> from <paramref name="position"/> on. After each chunk, <paramref name="afterChunk"/> may add
    /// commands that read the chunk's residual stream; no user's code may be among it.
    /// </summary>
    /// <param name="transformer">Records the layers.</param>
    /// <param name="tokens">Token ids, all inside the vocabulary.</param>
    /// <param name="position">Position of the first token.</param>
    /// <param name="cache">Where keys and values go; has pages for all of them.</param>
    /// <param name="maxRows">Most tokens per chunk, at most <see cref="RowActivations.MaxRows"/>.</param>
    /// <param name="afterChunk">Called while recording with (commands, index of the chunk's first token, rows).</param>
    /// <param name="cancellation">Ends the call at once; slices already on the queue run out behind it.</param>
    public void Run(
        DecoderTransformer transformer, ReadOnlySpan<int> tokens, int position, KvCache cache, int maxRows,
        Action<CommandList, int, int> afterChunk, Cancellation cancellation)
    {
        EnterGate(cancellation);
        try
        {
            LastGpuMicroseconds = 0;
            _profile.Clear();
            for (int start = 0; start < tokens.Length; start += maxRows)
            {
                int rows = Math.Min(maxRows, tokens.Length - start);
                RunChunk(transformer, tokens.Slice(start, rows), start, position + start, cache, afterChunk, cancellation);
            }

            Drain(cancellation);
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose()
    {
        foreach (CommandList? list in _lists)
        {
            list?.Dispose();
        }

        foreach (PromptRows? rows in _rows)
        {
            rows?.Dispose();
        }

        _gate.Dispose();
    }

    private void EnterGate(Cancellation cancellation)
    {
        cancellation.ThrowIfRequested();
        using CancellationTokenSource either = cancellation.Link();
        try
        {
            _gate.Wait(either.Token);
        }
        catch (OperationCanceledException)
        {
            cancellation.ThrowIfRequested();
            throw;
        }
    }

    private void RunChunk(
        DecoderTransformer transformer, ReadOnlySpan<int> tokens, int start, int position, KvCache cache,
        Action<CommandList, int, int> afterChunk, Cancellation cancellation)
    {
        int rows = tokens.Length;
        int slot = _nextRows++ % _rows.Length;
        _device.Wait(_rowUses[slot], cancellation);
        PromptRows prompt = _rows[slot];
        prompt.Set(tokens, position, cache, transformer.TileRows(cache.Type, cache.Capacity, cache.Softmax, rows));

        double layerFlops = rows * (_flopsPerTokenAndLayer + (4.0 * (position + (rows * 0.5)) * _config.QuerySize));
        int most = start == 0 ? FirstLayers : _config.NumLayers;
        for (int layer = 0; layer < _config.NumLayers; most = Math.Min(most * Growth, _config.NumLayers))
        {
            int first = layer;
            int count = (int)Math.Clamp(_flopsPerSecond * SliceSeconds / layerFlops, 1, Math.Min(most, _config.NumLayers - layer));
            int index = _nextList++ % _lists.Length;
            Collect(index, cancellation);
            _lists[index].Record(list =>
            {
                RecordTimestamp(list, "begin");
                if (first == 0)
                {
                    transformer.RecordEmbed(list, _activations, prompt.All);
                }

                for (int i = first; i < first + count; i++)
                {
                    transformer.RecordPrefillLayer(list, _activations, prompt, i);
                }

                if (first + count == _config.NumLayers)
                {
                    afterChunk(list, start, rows);
                }

                RecordTimestamp(list, "end");
            });

            // Once: a session's cache is not to be kept by a list of its model.
            _submissions[index] = _rowUses[slot] = _device.SubmitOnce(_lists[index]);
            _pending[index] = new Slice(count * layerFlops, Stopwatch.GetTimestamp());
            layer += count;
        }
    }

    private readonly List<DispatchTime> _profile = [];
    private readonly Slice[] _pending = new Slice[ListsInFlight];

    private readonly record struct Slice(double Flops, long Submitted);

    private void Drain(Cancellation cancellation)
    {
        for (int i = 0; i < _lists.Length; i++)
        {
            Collect(_nextList++ % _lists.Length, cancellation);
        }
    }

    /// <summary>Waits for a list's last slice and learns from it how fast the device is.</summary>
    private void Collect(int index, Cancellation cancellation)
    {
        Slice slice = _pending[index];
        if (slice.Flops == 0)
        {
            return;
        }

        _device.Wait(_submissions[index], cancellation);
        _pending[index] = default;
        long now = Stopwatch.GetTimestamp();
        double seconds = _timestamps
            ? _lists[index].ReadTimestamps()[^1].Microseconds * 1e-6
            : Stopwatch.GetElapsedTime(Math.Max(slice.Submitted, _lastCollected), now).TotalSeconds;
        _lastCollected = now;
        double elapsed = LastGpuMicroseconds;
        _profile.AddRange(_lists[index].ReadProfile().Select(
            time => time with { Started = time.Started + elapsed, Ended = time.Ended + elapsed }));
        LastGpuMicroseconds += seconds * 1e6;
        _flopsPerSecond = Math.Clamp(slice.Flops / Math.Max(seconds, 1e-6), 0.25 * _flopsPerSecond, 4 * _flopsPerSecond);
    }

    private void RecordTimestamp(CommandList commands, string label)
    {
        if (_timestamps)
        {
            commands.Timestamp(label);
        }
    }
}
