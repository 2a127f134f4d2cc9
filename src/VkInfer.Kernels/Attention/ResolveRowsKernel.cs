using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// The first dispatch of a step some of whose tokens the host does not know: takes its plan to the rows that the other kernels read.
/// Shader: <c>attention/resolve_rows.comp</c>. Thread-safe.
/// </summary>
/// <param name="context">The device.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class ResolveRowsKernel(KernelContext context)
{
    internal int Threads { get; } = context.For("resolve_rows").Threads(64);

    /// <summary>Records it.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="plan">Lists of rows one after another, what they do not use being zero.</param>
    /// <param name="sequences">The sequences of rows of <see cref="RowEntry.OfStepState"/> have a step state.</param>
    /// <param name="resolved">Receives the same lists.</param>
    /// <exception cref="ArgumentException">A view is too short, or no whole number of entries.</exception>
    public void Record(CommandList commands, BufferView plan, SequenceTable sequences, BufferView resolved)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(sequences);
        int entryBytes = Marshal.SizeOf<RowEntry>();
        if (plan.Length % entryBytes != 0)
        {
            throw new ArgumentException($"a plan of {plan.Length} bytes; expected entries of {entryBytes}", nameof(plan));
        }

        Views.RequireBytes(nameof(resolved), resolved, plan.Length);
        int entries = (int)(plan.Length / entryBytes);
        commands.Dispatch(
            context.GetPipeline("resolve_rows", SpecializationConstants.From((0, (uint)Threads))),
            ((uint)((entries + Threads - 1) / Threads), 1, 1),
            new ResolveRowsPush((uint)entries),
            [plan, sequences.Entries, resolved],
            [.. sequences.Addressed]);
    }
}

/// <summary>Push constants of <c>push/resolve_rows.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct ResolveRowsPush(uint Entries);
