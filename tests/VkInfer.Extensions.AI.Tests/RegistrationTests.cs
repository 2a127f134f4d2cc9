using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using VkInfer.Kernels;

namespace VkInfer.Extensions.AI.Tests;

/// <summary>Dependency injection: registration, options, keys, loading, health, the end.</summary>
public sealed class RegistrationTests
{
    [Test]
    public async Task The_first_program_works()
    {
        var services = new ServiceCollection();
        services.AddVkInfer(UseTestDevice);
        await using ServiceProvider provider = services.BuildServiceProvider();
        IChatClient client = provider.GetRequiredService<IChatClient>();
        Assert.That((await client.GetResponseAsync("What is 27 + 45?")).ToString(), Does.Contain("72"));
    }

    [Test]
    public async Task Loads_by_the_first_call_and_frees_with_the_provider()
    {
        var progress = new List<LoadProgress>();
        var services = new ServiceCollection();
        services.AddVkInfer(UseTestDevice);
        services.AddHealthChecks().AddVkInfer();
        services.AddLogging();
        Model model;
        await using (ServiceProvider provider = services.BuildServiceProvider())
        {
            HealthCheckService health = provider.GetRequiredService<HealthCheckService>();
            VkInferChatClient client = provider.GetRequiredService<VkInferChatClient>();
            Assert.That(provider.GetRequiredService<IChatClient>(), Is.SameAs(client));
            Assert.That(client.GetService<Model>(), Is.Null);
            Assert.That((await health.CheckHealthAsync()).Status, Is.EqualTo(HealthStatus.Healthy));
            model = await client.LoadAsync(new Reporter(progress));
            Assert.That(client.GetService<Model>(), Is.SameAs(model));
            Assert.That(await client.LoadAsync(), Is.SameAs(model));
            HealthReport report = await health.CheckHealthAsync();
            Assert.That(report.Entries["vkinfer"].Description, Does.Contain(model.Device.Name));
        }

        Assert.That(progress, Is.Not.Empty);
        Assert.That(() => model.CreateSession(), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public async Task Generators_of_embeddings_are_registered_beside_clients_also_under_one_key()
    {
        var services = new ServiceCollection();
        services.AddVkInferEmbeddings(UseTestDevice);
        services.AddKeyedVkInfer("both", options => options.Model = "/nowhere/chat.gguf");
        services.AddKeyedVkInferEmbeddings("both", options => options.Model = "/nowhere/embeddings.gguf");
        IEmbeddingGenerator<string, Embedding<float>> generator;
        await using (ServiceProvider provider = services.BuildServiceProvider())
        {
            generator = provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
            Assert.That(generator, Is.SameAs(provider.GetRequiredService<VkInferEmbeddingGenerator>()));
            Assert.That((await generator.GenerateVectorAsync("A fox.")).Length, Is.GreaterThan(1));
            IEmbeddingGenerator<string, Embedding<float>> keyed =
                provider.GetRequiredKeyedService<IEmbeddingGenerator<string, Embedding<float>>>("both");
            Assert.That(
                () => keyed.GenerateAsync(["a"]),
                Throws.InstanceOf<FileNotFoundException>().With.Message.Contains("embeddings.gguf"), "not the chat's options");
        }

        Assert.That(() => generator.GenerateAsync(["a"]), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public async Task A_failure_to_load_is_told_each_time_and_is_unhealthy()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddKeyedVkInfer("gone", options => options.Model = "/nowhere/model.gguf");
        services.AddHealthChecks().AddVkInfer("gone");
        await using ServiceProvider provider = services.BuildServiceProvider();
        IChatClient client = provider.GetRequiredKeyedService<IChatClient>("gone");
        for (int i = 0; i < 2; i++)
        {
            Assert.That(() => client.GetResponseAsync("Hello."), Throws.InstanceOf<FileNotFoundException>());
        }

        HealthReport report = await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        Assert.That(report.Entries["vkinfer:gone"].Status, Is.EqualTo(HealthStatus.Unhealthy));
        Assert.That(report.Entries["vkinfer:gone"].Exception, Is.InstanceOf<FileNotFoundException>());
    }

    [Test]
    public async Task A_lost_device_is_left_and_the_model_loaded_again()
    {
        await using var client = new VkInferChatClient(MiniModel.Options());
        Model first = await client.LoadAsync();
        client.Host.Lose(first, new InvalidOperationException("lost"));
        client.Host.Lose(first, new InvalidOperationException("lost, as another call finds"));
        Assert.That((await client.GetResponseAsync("What is 27 + 45?", MiniModel.Greedy)).Text, Does.Contain("72"));
        Assert.That(client.GetService<Model>(), Is.Not.SameAs(first));
        Assert.That(() => first.CreateSession(), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(client.Host.Failure, Is.Null);

        using var borrowing = new VkInferChatClient(MiniModel.Model, MiniModel.Options());
        borrowing.Host.Lose(await borrowing.LoadAsync(), new InvalidOperationException("lost"));
        var check = new VkInferHealthCheck(borrowing);
        HealthCheckResult health = await check.CheckHealthAsync(new HealthCheckContext());
        Assert.That(health.Status, Is.EqualTo(HealthStatus.Unhealthy));
        var registration = new HealthCheckRegistration("model", check, HealthStatus.Degraded, tags: null);
        HealthCheckResult asRegistered = await check.CheckHealthAsync(new HealthCheckContext { Registration = registration });
        Assert.That(asRegistered.Status, Is.EqualTo(HealthStatus.Degraded));
        Assert.That(borrowing.GetService<Model>(), Is.SameAs(MiniModel.Model));
    }

    [Test]
    public void Keys_have_clients_and_options_of_their_own()
    {
        var services = new ServiceCollection();
        services.AddVkInfer(options => options.Temperature = 0.25f);
        services.AddKeyedVkInfer("a", options => options.Model = "a.gguf");
        services.AddKeyedVkInfer("b", Section(("Model", "b.gguf"), ("KvType", "F32"), ("Temperature", "0.5"), ("Quantize", "Q8_0")));
        using ServiceProvider provider = services.BuildServiceProvider();
        string?[] ids =
        [
            .. new[] { provider.GetRequiredService<IChatClient>(), provider.GetRequiredKeyedService<IChatClient>(
                "a"), provider.GetRequiredKeyedService<IChatClient>("b") }
                .Select(client => client.GetService<ChatClientMetadata>()!.DefaultModelId),
        ];
        Assert.That(ids, Is.EqualTo(new[] { "vkinfer-mini-q8_0", "a", "b" }));
        VkInferOptions bound = provider.GetRequiredService<IOptionsMonitor<VkInferOptions>>().Get("b");
        Assert.Multiple(() =>
        {
            Assert.That(bound.KvType, Is.EqualTo(KvType.F32));
            Assert.That(bound.Temperature, Is.EqualTo(0.5f));
            Assert.That(bound.Quantize, Is.EqualTo(WeightType.Q8_0));
        });
    }

    [TestCase("Temperature", "-1", "Temperature")]
    [TestCase("ContextLength", "0", "ContextLength")]
    [TestCase("PrefillChunk", "65", "PrefillChunk")]
    [TestCase("Quantize", "Q2_K", "Quantize")]
    [TestCase("KvType", "F8", "KvType")]
    [TestCase("Temprature", "1", "Temprature")]
    public void Refuses_a_setting_that_is_not_allowed_before_anything_is_loaded(string key, string value, string named)
    {
        var services = new ServiceCollection();
        services.AddVkInfer(Section((key, value)));
        using ServiceProvider provider = services.BuildServiceProvider();
        Exception problem = Assert.Catch(() => provider.GetRequiredService<IChatClient>())!;
        Assert.That(problem, Is.InstanceOf<OptionsException>());
        Assert.That(problem.Message, Does.Contain(named));
    }

    [Test]
    public async Task Logs_loading_and_answers_without_a_word_of_them()
    {
        var lines = new List<string>();
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(new ListLogger(lines)));
        services.AddVkInfer(UseTestDevice);
        await using ServiceProvider provider = services.BuildServiceProvider();
        await provider.GetRequiredService<IChatClient>().GetResponseAsync("What is 27 + 45?", MiniModel.Greedy);
        string log;
        lock (lines)
        {
            log = string.Join('\n', lines);
        }

        Assert.That(
            log, Does.Contain("Loading ").And.Contain("Loaded ").And.Contain("Answered ").And.Not.Contain("72").And.Not.Contain("27 +"));
    }

    private static void UseTestDevice(VkInferOptions options)
    {
        VkInferOptions test = MiniModel.Options();
        (options.Device, options.ContextLength, options.PrefillChunk) = (test.Device, test.ContextLength, test.PrefillChunk);
    }

    private static IConfiguration Section(params (string Key, string Value)[] values) => new ConfigurationBuilder()
        .AddInMemoryCollection(values.Select(pair => KeyValuePair.Create($"VkInfer:{pair.Key}", (string?)pair.Value))).Build().GetSection(
            "VkInfer");

    private sealed class Reporter(List<LoadProgress> seen) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value)
        {
            lock (seen)
            {
                seen.Add(value);
            }
        }
    }
}
