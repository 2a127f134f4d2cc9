namespace VkInfer.Kernels;

/// <summary>
/// What kernels have in common that take rows one after another and keep the columns of heads' states in registers
/// (<c>state_columns.glsl</c>).
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public abstract class StateColumnsKernel
{
    private protected StateColumnsKernel(KernelContext context, string shader)
    {
        KernelContext tuned = context.For(shader);
        Context = context;
        Lanes = tuned.IsSoftware ? 1 : Math.Min(4, context.Capabilities.MinSubgroupSize);
        Threads = tuned.Threads(128);
    }

    /// <summary>The device.</summary>
    private protected KernelContext Context { get; }

    /// <summary>Invocations that share a column of a head's state. On a processor shares would only cost their sums.</summary>
    private protected int Lanes { get; }

    /// <summary>Invocations of a workgroup: of 32 columns, narrow, so that one row alone fills the device.</summary>
    private protected int Threads { get; }

    /// <summary>Workgroups of a dispatch.</summary>
    /// <param name="heads">Heads, each with a state.</param>
    /// <param name="headDim">Columns of a state.</param>
    /// <param name="source">Whose states.</param>
    private protected (uint X, uint Y, uint Z) Workgroups(int heads, int headDim, StateSource source)
    {
        int columns = Threads / Lanes;
        return ((uint)(heads * ((headDim + columns - 1) / columns)), (uint)source.Count, 1);
    }
}
