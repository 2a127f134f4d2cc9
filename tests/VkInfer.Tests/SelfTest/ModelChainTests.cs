using VkInfer.Kernels;
using VkInfer.Testing;
using VkInfer.Tests.Families;
using VkInfer.Tests.Metadata;
using VkInfer.Vulkan;

namespace VkInfer.Tests.SelfTest;

/// <summary>Models whose dispatches wait for each other by counters.</summary>
public sealed class ModelChainTests
{
    private const int Tokens = 12;

    [Test]
    public void A_chained_model_chooses_the_tokens_of_one_with_barriers()
    {
        (int[] expected, bool isChained, _) = Answer(DispatchOrder.Barriers, null);
        (int[] tokens, bool stays, IReadOnlyList<string> warnings) = Answer(DispatchOrder.Chained, null);
        Assert.Multiple(() =>
        {
            Assert.That(isChained, Is.False);
            Assert.That(stays, Is.True);
            Assert.That(tokens, Is.EqualTo(expected));
            Assert.That(warnings, Is.Empty);
        });
    }

    // Mixers and feed-forward layers of every kind.
    [TestCase("qwen3.5-moe")]
    [TestCase("nemotron-h-moe")]
    [TestCase("falcon-h1")]
    [TestCase("lfm2-moe")]
    [TestCase("gpt-oss")]
    [TestCase("gemma4-moe")]
    [TestCase("gemma4-e")]
    [TestCase("glm-4.7-flash")]
    public void A_chained_model_of_any_kind_chooses_the_tokens_of_one_with_barriers(string fixture)
    {
        (int[] expected, _, _) = Answer(DispatchOrder.Barriers, null, fixture);
        (int[] tokens, bool stays, IReadOnlyList<string> warnings) = Answer(DispatchOrder.Chained, null, fixture);
        Assert.Multiple(() =>
        {
            Assert.That(stays, Is.True);
            Assert.That(tokens, Is.EqualTo(expected));
            Assert.That(warnings, Has.None.Contains("waited in vain"));
        });
    }

    [Test]
    public void A_step_whose_dispatch_waits_in_vain_is_computed_again_with_barriers()
    {
        (int[] expected, _, _) = Answer(DispatchOrder.Barriers, null);
        (int[] tokens, bool stays, IReadOnlyList<string> warnings) = Answer(DispatchOrder.Chained, "gemv_gated_");
        Assert.Multiple(() =>
        {
            Assert.That(stays, Is.False);
            Assert.That(tokens, Is.EqualTo(expected));
            Assert.That(warnings, Has.Exactly(1).Contains("waited in vain"));
        });
    }

    [Test]
    public void A_device_that_fails_the_test_of_chains_has_none()
    {
        (int[] expected, _, _) = Answer(DispatchOrder.Barriers, null);
        (int[] tokens, bool isChained, IReadOnlyList<string> warnings) = Answer(DispatchOrder.Chained, "gemv_store_");
        Assert.Multiple(() =>
        {
            Assert.That(isChained, Is.False);
            Assert.That(tokens, Is.EqualTo(expected));
            Assert.That(warnings, Has.Exactly(1).Contains(ChainCases.Form));
        });
    }

    /// <summary>Greedy tokens of a model on a device that takes vectors in fixed point.</summary>
    /// <param name="order">What orders dispatches.</param>
    /// <param name="broken">The shaders whose workgroups never all arrive; null: none.</param>
    /// <param name="fixture">The model, whose matrices become Q8_0; null: the embedded one.</param>
    private static (int[] Tokens, bool IsChained, IReadOnlyList<string> Warnings) Answer(
        DispatchOrder order, string? broken, string? fixture = null)
    {
        var log = new ListLogger();
        LogitsReference? reference = fixture is null ? null : LogitsReference.OfFixture(fixture);
        var options = new ModelOptions
        {
            Device = TestModels.Device,
            ContextLength = 128,
            Logger = log,
            Dispatches = order,
            AdaptContext = context => context with
            {
                IsSoftware = false,
                Capabilities = context.Capabilities with { IntegerDotProductAccelerated = context.Capabilities.IntegerDotProduct },
            },
            ReplaceShader = (shader, _) => broken is not null && shader.Name.StartsWith(broken, StringComparison.Ordinal)
                ? BrokenShader.NeverArrives(shader)
                : shader,
            Quantize = reference is null ? null : WeightType.Q8_0,
        };
        using Model model = reference is null ? Model.LoadDefault(options) : Model.Load(reference.Path, options);
        Assume.That(
            DispatchChain.IsPossible(model.Kernels.Context.Capabilities) && model.Kernels.Context.Capabilities.IntegerDotProduct,
            "the device has no chains");
        using Session session = model.CreateSession();
        session.Append(reference?.Tokens[..16] ?? model.Tokenizer.Encode("Once upon a time there was a little fox.", addSpecial: false));
        int[] tokens = [.. Enumerable.Range(0, Tokens).Select(_ => session.NextToken(SamplingOptions.Greedy))];
        return (tokens, session.Engine.Executor.IsChained, log.Warnings);
    }
}
