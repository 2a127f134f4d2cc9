using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Tests.Hostile;

/// <summary>Options outside their range are named, with what is allowed, and leave nothing behind.</summary>
public sealed class OptionTests
{
    private TemporaryFile _file = null!;

    [OneTimeSetUp]
    public void Write() => _file = new TemporaryFile(new TinyLlama().ToArray());

    [OneTimeTearDown]
    public void Delete() => _file.Dispose();

    [TestCase(0, "1 token")]
    [TestCase(-1, "1 token")]
    [TestCase(257, "256")]
    [TestCase(int.MinValue, "1 token")]
    [TestCase(int.MaxValue, "256")]
    public void A_context_that_the_model_does_not_have(int length, string allowed)
    {
        var options = new ModelOptions { ContextLength = length, Device = "no such device" };
        Assert.That(() => Model.Load(_file.Path, options), Refuses("ContextLength", allowed));
        Assert.That(() => ModelInspection.Inspect(_file.Path, options), Refuses("ContextLength", allowed));
    }

    [TestCase(0)]
    [TestCase(-64)]
    [TestCase(63)]
    [TestCase(65)]
    [TestCase(8256)]
    public void A_prefill_chunk_outside_its_range(int chunk)
    {
        var options = new ModelOptions { PrefillChunk = chunk, Device = "no such device" };
        Assert.That(() => Model.Load(_file.Path, options), Refuses("PrefillChunk", "8192"));
        Assert.That(() => ModelInspection.Inspect(_file.Path, options), Refuses("PrefillChunk", "8192"));
    }

    [TestCase(0, "1 page")]
    [TestCase(3, "4 or more")]
    public void Fewer_pages_than_a_context_takes(int pages, string least)
    {
        ModelOptions options = TestModels.Options(contextLength: 65) with { MaxKvPages = pages };
        Assert.That(() => Model.Load(_file.Path, options), Refuses("MaxKvPages", least));
        Assert.That(() => ModelInspection.Inspect(_file.Path, options), Refuses("MaxKvPages", least));
    }

    [Test]
    public void A_type_of_cache_that_there_is_not() =>
        Assert.That(() => Model.Load(_file.Path, new ModelOptions { KvType = (KvType)7 }), Refuses("KvType", "F16, F32 or Q8_0"));

    [TestCase("no such device")]
    [TestCase("99")]
    [TestCase("-1")]
    public void A_device_that_there_is_not(string device) =>
        Assert.That(
            () => Model.Load(_file.Path, new ModelOptions { Device = device }),
                Throws.TypeOf<DeviceNotFoundException>().With.Message.Contains(device));

    [TestCase(0)]
    [TestCase(-1)]
    [TestCase(65)]
    public void A_session_longer_than_the_model_was_loaded_for(int capacity)
    {
        using Model model = Model.Load(_file.Path, TestModels.Options(contextLength: 64));
        (int Buffers, int Lists) before = (model.Gpu.LiveBufferCount, model.Gpu.LiveCommandListCount);
        Assert.That(() => model.CreateSession(new SessionOptions { Capacity = capacity }), Refuses("Capacity", "64"));
        Assert.That((model.Gpu.LiveBufferCount, model.Gpu.LiveCommandListCount), Is.EqualTo(before));
    }

    private static NUnit.Framework.Constraints.ContainsConstraint Refuses(string option, string allowed) =>
        Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains(option).And.Message.Contains(allowed);
}
