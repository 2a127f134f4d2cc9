using System.Diagnostics;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Tests.Lifetimes;

/// <summary>
/// Loads small models on one device, which stays open and is looked at: a test fails that leaves buffers or command lists behind, or that
/// the validation layer has something to say about.
/// </summary>
[NonParallelizable]
public abstract class LifetimeFixture
{
    protected const int Patience = 60_000;

    private SharedDevice _device = null!;
    private (int, int) _before;

    protected static ModelOptions Options => new()
    {
        Device = TestModels.Device,
        Validation = TestModels.Validation,
        ContextLength = 256,
        PrefillChunk = 64,
    };

    protected static GenerationOptions Endless => new() { Sampling = SamplingOptions.Greedy, IgnoreEndOfText = true, MaxTokens = 100_000 };

    protected GpuDevice Gpu => _device.Gpu;

    protected (int Buffers, int Lists) Live => (Gpu.LiveBufferCount, Gpu.LiveCommandListCount);

    [SetUp]
    public void Open()
    {
        _device = SharedDevice.Open(
            new VulkanInstanceOptions { Validation = TestModels.Validation }, DeviceSelector.Parse(TestModels.Device));
        _before = Live;
    }

    [TearDown]
    public void Close()
    {
        try
        {
            AssertCollected(() => Live, _before, "The test left buffers or command lists behind.");
            Assert.That(_device.ValidationMessages, Is.Empty);
        }
        finally
        {
            _device.Dispose();
        }
    }

    /// <summary>Waits for a figure to return to what it was, forgotten things collected.</summary>
    protected static void AssertCollected<T>(Func<T> what, T expected, string message)
    {
        long started = Stopwatch.GetTimestamp();
        while (!Equals(what(), expected) && Stopwatch.GetElapsedTime(started).TotalMilliseconds < Patience)
        {
            Collect();
            Thread.Sleep(20);
        }

        Assert.That(what(), Is.EqualTo(expected), message);
    }

    protected static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    protected static Model Load() => Model.LoadDefault(Options);

    protected static int[] Prompt(int length, int first = 0) => [.. Enumerable.Range(first, length).Select(i => 300 + (i * 7 % 100))];

    /// <inheritdoc cref="Background.UntilItThrows"/>
    protected static Task<Exception> UntilItThrows(Action action) => Background.UntilItThrows(action);

    /// <summary>A stream is read until it throws.</summary>
    protected static async Task<Exception> UntilItThrows(IAsyncEnumerable<GenerationUpdate> stream)
    {
        try
        {
            await foreach (GenerationUpdate update in stream)
            {
            }
        }
        catch (Exception exception)
        {
            return exception;
        }

        return new InvalidDataException("The stream came to its end.");
    }

    protected static void AssertDisposed(params Task<Exception>[] users)
    {
        foreach (Task<Exception> user in users)
        {
            Assert.That(user.Wait(Patience), "A thread hangs.");
            Assert.That(user.Result, Is.TypeOf<ObjectDisposedException>());
        }
    }

    protected static void AssertReturns(Action action)
    {
        Task task = Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Assert.That(task.Wait(Patience), "It hangs.");
    }
}
