using NUnit.Framework;
using VkInfer.Vulkan;

namespace VkInfer.Testing;

/// <summary>
/// Base of fixtures that use the GPU. A test fails that leaves buffers or command lists behind, or that the validation layer has
/// something to say about.
/// </summary>
public abstract class GpuTest
{
    private int _buffers;
    private int _lists;
    private int _messages;

    protected static GpuDevice Device => GpuFixture.Device;

    [SetUp]
    public void CountResources()
    {
        _buffers = Device.LiveBufferCount;
        _lists = Device.LiveCommandListCount;
        _messages = GpuFixture.Instance.ValidationMessages.Count;
    }

    [TearDown]
    public void AssertNothingIsLeft()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Device.LiveBufferCount, Is.EqualTo(_buffers), "The test left buffers behind.");
            Assert.That(Device.LiveCommandListCount, Is.EqualTo(_lists), "The test left command lists behind.");
            Assert.That(GpuFixture.Instance.ValidationMessages.Skip(_messages), Is.Empty, "The validation layer reported.");
        });
    }

    /// <summary>Records, submits and waits.</summary>
    protected static void Run(Action<CommandList> record)
    {
        using CommandList commands = Device.CreateCommandList(TestContext.CurrentContext.Test.Name);
        commands.Record(record);
        Device.Wait(Device.Submit(commands));
    }
}
