using VkInfer.Engine.Cache;
using VkInfer.Vulkan;

namespace VkInfer.Engine.Execution;

/// <summary>
/// The memory of recurrent states: made when a state is first used, and kept. States are reached by address, so that nobody may be at work
/// when they are disposed. Not thread-safe.
/// </summary>
/// <param name="device">Where.</param>
/// <param name="bytes">Bytes of a state.</param>
/// <param name="count">States of the pool.</param>
internal sealed class DeviceStates(GpuDevice device, long bytes, int count) : IDisposable
{
    private readonly GpuBuffer?[] _states = new GpuBuffer?[count];

    /// <summary>Where shaders find a state.</summary>
    /// <exception cref="OutOfDeviceMemoryException">There is no memory for it.</exception>
    public ulong Address(int state) => Buffer(state).DeviceAddress;

    /// <summary>Records changes, in order.</summary>
    /// <exception cref="OutOfDeviceMemoryException">There is no memory for one.</exception>
    public void Record(CommandList commands, IReadOnlyList<StateChange> changes)
    {
        foreach (StateChange change in changes)
        {
            if (change.From == StatePool.None)
            {
                commands.Fill(Buffer(change.To), 0);
            }
            else
            {
                commands.Copy(Buffer(change.From), Buffer(change.To));
            }
        }
    }

    public void Dispose() => Array.ForEach(_states, state => state?.Dispose());

    private GpuBuffer Buffer(int state) => _states[state] ??= device.CreateBuffer(bytes, BufferKind.DeviceLocal, $"state.{state}");
}
