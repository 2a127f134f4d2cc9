using System.Diagnostics;
using Microsoft.Extensions.AI;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace VkInfer.Extensions.AI.Tests;

/// <summary>What OpenTelemetry's own exporters see.</summary>
[NonParallelizable]
public sealed class TelemetryTests
{
    [Test]
    public async Task Exporters_see_the_activity_and_the_instruments_of_the_conventions()
    {
        var activities = new List<Activity>();
        var metrics = new List<Metric>();
        using (TracerProvider tracer = Sdk.CreateTracerProviderBuilder().AddSource("VkInfer").AddInMemoryExporter(activities).Build())
        using (MeterProvider meter = Sdk.CreateMeterProviderBuilder().AddMeter("VkInfer").AddInMemoryExporter(metrics).Build())
        {
            await MiniModel.Client.GetResponseAsync("What is 27 + 45?", MiniModel.Greedy);
            Assert.That(
                () => MiniModel.Client.GetResponseAsync("Hello.", new ChatOptions { ConversationId = "7" }),
                Throws.InstanceOf<NotSupportedException>());
        }

        string model = MiniModel.Model.Name;
        Assert.That(activities.Select(activity => activity.DisplayName), Is.EqualTo(new[] { $"chat {model}", $"chat {model}" }));
        Dictionary<string, object?> tags = activities[0].TagObjects.ToDictionary(tag => tag.Key, tag => tag.Value);
        Assert.Multiple(() =>
        {
            Assert.That(activities[0].Kind, Is.EqualTo(ActivityKind.Client));
            Assert.That(tags["gen_ai.operation.name"], Is.EqualTo("chat"));
            Assert.That(tags["gen_ai.provider.name"], Is.EqualTo("vkinfer"));
            Assert.That(tags["gen_ai.request.model"], Is.EqualTo(model));
            Assert.That(tags["gen_ai.response.model"], Is.EqualTo(model));
            Assert.That(tags["gen_ai.request.max_tokens"], Is.EqualTo(64));
            Assert.That(tags["gen_ai.request.temperature"], Is.Zero);
            Assert.That(tags["gen_ai.usage.output_tokens"], Is.GreaterThan(2));
            Assert.That(tags["gen_ai.response.finish_reasons"], Is.EqualTo(new[] { "stop" }));
            Assert.That(activities[1].Status, Is.EqualTo(ActivityStatusCode.Error));
            Assert.That(activities[1].GetTagItem("error.type"), Is.EqualTo(typeof(NotSupportedException).FullName));
            Assert.That(metrics.Select(metric => (metric.Name, metric.Unit)), Is.EquivalentTo(new[]
            {
                ("gen_ai.client.token.usage", "{token}"), ("gen_ai.client.operation.duration", "s"),
                ("gen_ai.server.time_to_first_token", "s"), ("gen_ai.server.time_per_output_token", "s"),
                ("vkinfer.requests.waiting", "{request}"), ("vkinfer.requests.running", "{request}"),
                ("vkinfer.engine.requests.waiting", "{request}"), ("vkinfer.engine.requests.running", "{request}"),
                ("vkinfer.engine.kv.pages", "{page}"), ("vkinfer.engine.prompt.tokens", "{token}"),
                ("vkinfer.engine.prefix.tokens", "{token}"), ("vkinfer.engine.preemptions", "{preemption}"),
                ("vkinfer.engine.steps", "{step}"), ("vkinfer.engine.rows", "{row}"), ("vkinfer.engine.step.duration", "s"),
                ("vkinfer.device.memory.allocated", "By"), ("vkinfer.device.memory.available", "By"),
            }));
        });
        foreach (Metric metric in metrics.Where(metric => metric.Name.Contains(".requests.", StringComparison.Ordinal)))
        {
            foreach (ref readonly MetricPoint point in metric.GetMetricPoints())
            {
                Assert.That(point.GetSumLong(), Is.Zero, metric.Name);
            }
        }

        Assert.That(
            Tags(metrics, "gen_ai.client.token.usage").Select(found => found["gen_ai.token.type"]),
            Is.EquivalentTo(new[] { "input", "output" }));
        Assert.That(Tags(metrics, "gen_ai.client.operation.duration").Count(found => found.ContainsKey("error.type")), Is.EqualTo(1));
        Assert.That(
            Tags(metrics, "vkinfer.engine.kv.pages").Select(found => (found["gen_ai.request.model"], found["vkinfer.page.state"])),
            Is.SupersetOf(new[] { ((object?)model, (object?)"held"), (model, "cached"), (model, "free") }));
        Assert.That(
            Tags(metrics, "vkinfer.device.memory.allocated").Select(found => found["vkinfer.device.name"]),
            Does.Contain(MiniModel.Model.Device.Name));
        Assert.That(Sum(metrics, "vkinfer.engine.steps"), Is.GreaterThan(2));
        Assert.That(Sum(metrics, "vkinfer.engine.rows"), Is.GreaterThan(Sum(metrics, "vkinfer.engine.steps")));
        Assert.That(Sum(metrics, "vkinfer.engine.prompt.tokens"), Is.GreaterThan(Sum(metrics, "vkinfer.engine.prefix.tokens")));
        Assert.That(Sum(metrics, "vkinfer.device.memory.allocated"), Is.GreaterThan(MiniModel.Model.WeightBytes));
    }

    private static long Sum(List<Metric> metrics, string name)
    {
        long sum = 0;
        foreach (ref readonly MetricPoint point in metrics.Single(metric => metric.Name == name).GetMetricPoints())
        {
            sum += point.GetSumLong();
        }

        return sum;
    }

    private static List<Dictionary<string, object?>> Tags(List<Metric> metrics, string name)
    {
        var found = new List<Dictionary<string, object?>>();
        foreach (ref readonly MetricPoint point in metrics.Single(metric => metric.Name == name).GetMetricPoints())
        {
            var tags = new Dictionary<string, object?>();
            foreach (KeyValuePair<string, object?> tag in point.Tags)
            {
                tags[tag.Key] = tag.Value;
            }

            found.Add(tags);
        }

        return found;
    }
}
