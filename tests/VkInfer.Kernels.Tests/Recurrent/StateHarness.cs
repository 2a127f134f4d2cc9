using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Recurrent;

/// <summary>
/// States of several sequences for one layer's kernels, with other layers' floats around them, and runs of rows that go through them.
/// </summary>
internal sealed class StateHarness
{
    // Before the layer's part and behind it.
    private const int Around = 5;
    private const int Group = 2;
    private const int Stride = 2;
    private const float Other = 77;

    private readonly KernelHarness _harness;
    private readonly GpuBuffer[] _states;
    private readonly GpuBuffer[] _blocks;
    private readonly int _floats;

    /// <param name="harness">Owns the buffers.</param>
    /// <param name="states">For each sequence the layer's part of its state.</param>
    public StateHarness(KernelHarness harness, params float[][] states)
    {
        _harness = harness;
        _floats = states[0].Length;
        float[] around = [.. Enumerable.Repeat(Other, Around)];
        _states = [.. states.Select(state => harness.Upload<float>([.. around, .. state, .. around]))];
        _blocks = [.. _states.Select(state => Blocks(state))];
        Layer = new StateLayer(Group, Around * sizeof(float), harness.Upload<uint>(new uint[4]));
    }

    /// <summary>Where the layer's part lies.</summary>
    public StateLayer Layer { get; }

    /// <summary>Runs of rows: the first row, its sequence, and the number of rows.</summary>
    public StateSource Runs(params ReadOnlySpan<(int Row, int Sequence, int Count)> runs)
    {
        var entries = new RowEntry[runs.Length];
        for (int i = 0; i < runs.Length; i++)
        {
            entries[i] = new RowEntry((uint)runs[i].Row, 0, (uint)runs[i].Sequence, (uint)runs[i].Count);
        }

        SequenceTable table = _harness.Sequences(
            [.. _blocks.Select(blocks => new SequenceKeeps(blocks, Stride, KvLayout.PageTokens, _harness.Stats()))]);
        return StateSource.OfRuns(_harness.Rows(entries), table);
    }

    /// <summary>The one row of a sequence's decode step.</summary>
    public StateSource Row(int sequence)
    {
        // As a view of its own, which begins where a view may.
        return StateSource.OfRow(_harness.Upload<ulong>([_states[sequence].DeviceAddress, 0]));
    }

    /// <summary>A sequence's state; checks what lies around it.</summary>
    public float[] Read(int sequence)
    {
        float[] all = new float[_floats + (2 * Around)];
        GpuFixture.Device.Download(_states[sequence], 0, System.Runtime.InteropServices.MemoryMarshal.AsBytes(all.AsSpan()));
        Assert.That(all[..Around].Concat(all[^Around..]), Is.All.EqualTo(Other), $"around the state of sequence {sequence}");
        return all[Around..^Around];
    }

    // The tables of the groups before it name nothing.
    private GpuBuffer Blocks(GpuBuffer state) => _harness.Upload<ulong>([.. new ulong[Group * Stride], state.DeviceAddress, 0]);
}
