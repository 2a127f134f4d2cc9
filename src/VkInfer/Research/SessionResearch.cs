using VkInfer.Kernels;

namespace VkInfer.Research;

/// <summary>What can be measured of a session; see <see cref="ModelResearch"/>.</summary>
public static class SessionResearch
{
    /// <param name="session">A session.</param>
    extension(Session session)
    {
        /// <inheritdoc cref="Session.Softmax"/>
        public SoftmaxPlan Softmax => session.Softmax;

        /// <inheritdoc cref="Session.Linear"/>
        public LinearChoice Linear => session.Linear;

        /// <inheritdoc cref="Session.ReadSoftmaxStats"/>
        public SoftmaxStats ReadSoftmaxStats() => session.ReadSoftmaxStats();
    }
}
