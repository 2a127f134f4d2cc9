namespace VkInfer.Vulkan;

/// <summary>What may end work before its time: its caller's token, and the end of the thing that works. Costs no allocation.</summary>
/// <param name="Caller">Ends it with <see cref="OperationCanceledException"/>.</param>
/// <param name="Owner">Ends it with <see cref="ObjectDisposedException"/>; null: nothing.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct Cancellation(CancellationToken Caller, Lifetime? Owner = null)
{
    /// <summary>A caller's token alone.</summary>
    public static implicit operator Cancellation(CancellationToken caller) => new(caller);

    /// <summary>Throws if the work is to end.</summary>
    /// <exception cref="ObjectDisposedException">The thing that works is being disposed.</exception>
    /// <exception cref="OperationCanceledException">The caller has cancelled.</exception>
    public void ThrowIfRequested()
    {
        Owner?.ThrowIfClosed();
        Caller.ThrowIfCancellationRequested();
    }

    /// <summary>One token for both, for waits that take one; <see cref="ThrowIfRequested"/> then says which it was.</summary>
    /// <returns>Owned by the caller.</returns>
    public CancellationTokenSource Link() => CancellationTokenSource.CreateLinkedTokenSource(Caller, Owner?.Closing ?? default);
}
