using System.Collections.Concurrent;
using System.Collections.Frozen;

namespace VkInfer.Kernels;

/// <summary>
/// The forms of kernels that are left out on a device, since they computed wrong results in a self-test. A form is a shader, or a way to
/// spread it over the device: <c>gemm_q8_0_f16_coopmat</c>, <c>norm/wide</c>. Forms are only ever added. Thread-safe.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class KernelForms
{
    private readonly ConcurrentDictionary<string, string> _leftOut = new(StringComparer.Ordinal);

    /// <summary>The forms left out, each with the reason.</summary>
    public IReadOnlyDictionary<string, string> LeftOut => _leftOut;

    /// <summary>Whether a form is left out.</summary>
    /// <param name="form">The form.</param>
    public bool IsLeftOut(string form) => _leftOut.ContainsKey(form);

    /// <summary>Refuses a form that is left out, of a kernel that has no other.</summary>
    /// <exception cref="NotSupportedException">It is.</exception>
    internal void Require(string form)
    {
        if (_leftOut.TryGetValue(form, out string? reason))
        {
            throw new NotSupportedException($"{form} computes wrong results on this device: {reason}");
        }
    }

    /// <summary>What is left out now, and stays what it is.</summary>
    internal FrozenSet<string> Snapshot() => _leftOut.Keys.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Leaves a form out; kernels created from now on take another.</summary>
    /// <param name="form">The form.</param>
    /// <param name="reason">What it did wrong.</param>
    /// <returns>Whether it was in use until now.</returns>
    public bool LeaveOut(string form, string reason) => _leftOut.TryAdd(form, reason);
}
