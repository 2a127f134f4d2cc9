using VkInfer.Formats;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests;

/// <summary>Products that wait for each other by counters in place of barriers.</summary>
public sealed class DispatchChainTests : GpuTest
{
    private const int Rows = 1536;
    private const int Columns = 512;
    private const int Links = 12;

    [TestCase(WeightType.Q8_0)]
    [TestCase(WeightType.Q4_K)]
    public void A_chain_computes_what_barriers_compute(WeightType type)
    {
        KernelContext context = GemvForms.Context(Device, GemvForms.IntegerDot);
        float[] expected = Sums(context, type, null, out int barriers);
        using var chain = new DispatchChain(Device);
        float[] actual = Sums(context, type, chain, out int left);
        Assert.Multiple(() =>
        {
            Assert.That(chain.HasFailed, Is.False);
            Assert.That(actual, Is.EqualTo(expected));
            Assert.That(barriers - left, Is.GreaterThanOrEqualTo(Links - 2));
        });
    }

    [Test]
    public void A_list_with_a_chain_may_run_any_number_of_times()
    {
        KernelContext context = GemvForms.Context(Device, GemvForms.IntegerDot);
        using var chain = new DispatchChain(Device);
        float[] expected = Sums(context, WeightType.Q4_0, null, out _, runs: 3);
        Assert.That(Sums(context, WeightType.Q4_0, chain, out _, runs: 3), Is.EqualTo(expected));
    }

    [Test]
    public void A_producer_that_never_arrives_is_given_up()
    {
        KernelContext context = Broken();
        using var chain = new DispatchChain(Device);
        Sums(context, WeightType.Q8_0, chain, out _);
        Assert.That(chain.HasFailed, Is.True);
        chain.Reset();
        Assert.That(chain.HasFailed, Is.False);
        Sums(GemvForms.Context(Device, GemvForms.IntegerDot), WeightType.Q8_0, chain, out _);
        Assert.That(chain.HasFailed, Is.False);
    }

    [Test]
    public void The_self_test_finds_a_producer_that_never_arrives()
    {
        Assert.Multiple(() =>
        {
            Assert.That(SelfTest(Broken()), Does.Contain("waited in vain").Or.Contain("error"));
            Assert.That(SelfTest(GemvForms.Context(Device, GemvForms.IntegerDot)), Is.Null);
        });
    }

    private static KernelContext Broken() => GemvForms.Context(Device, GemvForms.IntegerDot) with
    {
        ReplaceShader = (shader, _) =>
            shader.Name.StartsWith("gemv_", StringComparison.Ordinal) ? BrokenShader.NeverArrives(shader) : shader,
    };

    private static string? SelfTest(KernelContext context) => KernelSelfTest.Run(
        context, (type, source, values) => Dequantizer.ToFloat32(Enum.Parse<GgufTensorType>(type.ToString()), source, values),
        [ChainCases.Products(WeightType.Q8_0)], new SelfTestLimits(TimeSpan.FromMinutes(1), false, TimeSpan.FromMinutes(1)), default,
        out _)[0].Problem;

    /// <summary>y after Links products were added to it.</summary>
    private static float[] Sums(KernelContext context, WeightType type, DispatchChain? chain, out int barriers, int runs = 1)
    {
        using var w = PackedWeights.Random(context.Device, type, Rows, Columns, 3);
        using var x = new GemvInput(context, type, Columns, norm: false, seed: 1);
        using GpuBuffer y = Buffers.Create<float>(context.Device, Buffers.Random(2, Rows), "y");
        var kernel = new GemvKernel(context);
        using CommandList list = context.Device.CreateCommandList("chain");
        list.Record(commands =>
        {
            if (chain is not null)
            {
                commands.BeginChain(chain);
            }

            for (int link = 0; link < Links; link++)
            {
                kernel.Record(commands, w.Matrix, x.X, y, GemvMode.Accumulate);
            }
        });
        barriers = list.BarrierCount;
        for (int run = 0; run < runs; run++)
        {
            context.Device.Wait(context.Device.Submit(list));
        }

        return Buffers.Read<float>(context.Device, y);
    }
}
