using VkInfer.Formats;
using VkInfer.Kernels;
using VkInfer.Loading;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Tests.Loading;

/// <summary>What can go wrong while weights are read by many threads, and what must not.</summary>
public sealed class LoadingTests
{
    private TemporaryFolder _folder = null!;

    private string Copy => Path.Combine(_folder.FullName, "model.gguf");

    [SetUp]
    public void CreateFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void A_file_that_is_shortened_while_it_is_loaded_is_an_exception()
    {
        File.Copy(Model.DefaultModelPath, Copy);
        var progress = new Reporter(_ =>
        {
            using var file = new FileStream(Copy, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            file.SetLength(Math.Min(file.Length, 100_000));
        });
        IOException? thrown = Assert.Catch<IOException>(() => Model.Load(Copy, TestModels.Options(), progress).Dispose());
        Assert.That(thrown!.Message, Does.StartWith(Copy).And.Contain("when it was opened"));
    }

    [Test]
    public void A_file_is_free_once_it_is_loaded()
    {
        File.Copy(Model.DefaultModelPath, Copy);
        using Model model = Model.Load(Copy, TestModels.Options());
        using (new FileStream(Copy, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
        }

        File.Delete(Copy);
        using Session session = model.CreateSession();
        session.Append([1, 2, 3]);
        Assert.That(session.NextToken(SamplingOptions.Greedy), Is.InRange(0, model.Config.VocabSize - 1));
    }

    [Test]
    public void Progress_rises_to_the_end_and_cancellation_in_it_ends_loading()
    {
        var seen = new List<long>();
        using (Model.Load(Model.DefaultModelPath, TestModels.Options(), new Reporter(progress => seen.Add(progress.BytesDone))))
        {
        }

        Assert.That(seen, Is.Ordered.And.Not.Empty);
        using var cancellation = new CancellationTokenSource();
        Assert.That(
            () => Model.Load(Model.DefaultModelPath, TestModels.Options(), new Reporter(_ => cancellation.Cancel()), cancellation.Token),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(
            () => Model.Load(Model.DefaultModelPath, TestModels.Options(), new Reporter(_ => throw new InvalidOperationException("mine"))),
            Throws.InvalidOperationException.With.Message.EqualTo("mine"));
    }

    [Test]
    public void Weights_that_are_quantised_while_loading_are_those_that_convert_writes()
    {
        string halves = Path.Combine(_folder.FullName, "halves.gguf");
        ModelConverter.Convert(Model.DefaultModelPath, halves, GgufTensorType.F16);
        ModelConverter.Convert(halves, Copy, GgufTensorType.Q4_0);
        int[] expected = Answer(Copy, TestModels.Options());
        Assert.That(Answer(halves, TestModels.Options() with { Quantize = WeightType.Q4_0 }), Is.EqualTo(expected));
    }

    [Test]
    public void A_context_may_have_more_keys_than_the_device_binds_at_once()
    {
        using VulkanInstance instance = VulkanInstance.Create();
        PhysicalDeviceInfo device = instance.Select(DeviceSelector.Parse(TestModels.Device));
        ModelConfig config = SyntheticShapes.Get("llama2-7b", 1) with { HiddenSize = 64, IntermediateSize = 64, VocabSize = 256 };
        long bindable = device.Capabilities.MaxStorageBufferRange / (config.NumKvHeads * config.HeadDim * sizeof(ushort));
        if (bindable > 1 << 16)
        {
            Assert.Ignore("the device binds whatever there is");
        }

        int context = (int)bindable + 1;
        using Model model = ModelLoader.Synthesise(
            config with { MaxContextLength = context }, "long", WeightType.F16, TestModels.Options() with { ContextLength = context }, null,
            CancellationToken.None);
        using Session session = model.CreateSession();
        session.Append([1, 2, 3]);
        Assert.That(session.NextToken(SamplingOptions.Greedy), Is.InRange(0, 255));
        Assert.That(
            model.KvStores.Of(KvType.F16).SizeInBytes, Is.LessThan(device.Capabilities.MaxStorageBufferRange / 8),
            "memory of three tokens");
    }

    private static int[] Answer(string path, ModelOptions options)
    {
        using Model model = Model.Load(path, options);
        using Session session = model.CreateSession();
        session.Append(model.Tokenizer.Encode("Once upon a time"));
        return [.. Enumerable.Range(0, 16).Select(_ => session.NextToken(SamplingOptions.Greedy))];
    }

    /// <summary>Told on the thread that reports.</summary>
    private sealed class Reporter(Action<LoadProgress> report) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => report(value);
    }
}
