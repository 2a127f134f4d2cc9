using VkInfer.Kernels;

namespace VkInfer;

/// <summary>Finds the cases of a self-test for a context, which has some forms left out.</summary>
internal interface ISelfTestCases
{
    /// <summary>What the first tokens are about to take, the forms of a decode step first.</summary>
    /// <exception cref="NotSupportedException">Every form for some weights is left out.</exception>
    IEnumerable<SelfTestCase> First(KernelContext context);

    /// <summary>What prompts of other lengths take.</summary>
    /// <exception cref="NotSupportedException">Every form for some weights is left out.</exception>
    IEnumerable<SelfTestCase> Rest(KernelContext context);

    /// <summary>What a session takes whose keys and values have a type of their own.</summary>
    IEnumerable<SelfTestCase> OfCache(KernelContext context, KvType type);
}
