using System.Text.Json;
using VkInfer.Kernels;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Tests.SelfTest;

/// <summary>What is kept of self-tests, and what a test that never ended leaves behind.</summary>
public sealed class SelfTestStoreTests : GpuTest
{
    [Test]
    public void A_case_that_passed_is_not_run_again()
    {
        var store = SelfTestStore.Forgetful(Device.Info);
        var cases = new Few();
        var context = new KernelContext(Device);
        new ModelSelfTest(context, cases, store, null).Rest(TimeSpan.FromMinutes(5), default);
        int count = store.Count;

        // Were any run again, its broken shader would show.
        var broken = new KernelContext(Device) { ReplaceShader = (shader, _) => BrokenShader.Of(shader) };
        new ModelSelfTest(broken, cases, store, null).Rest(TimeSpan.FromMinutes(5), default);
        Assert.Multiple(() =>
        {
            Assert.That(count, Is.EqualTo(2));
            Assert.That(broken.Forms.LeftOut, Is.Empty);
        });
    }

    [Test]
    public void Results_of_old_builds_are_forgotten_before_the_file_is_too_long()
    {
        PhysicalDeviceInfo device = Device.Info;
        Dictionary<string, string> results = Enumerable.Range(0, SelfTestStore.MostResults)
            .ToDictionary(i => $"old {i}", i => i == 0 ? "the error is 1 of the values" : SelfTestRecord.Passed);
        var store = new SelfTestStore(null, new SelfTestRecord(device.Name, device.DriverName, device.DriverVersion, results, []));
        Assert.That(store.HasPassed("old 1"));
        store.End([], [("new", null)]);
        Assert.That(results.Keys, Is.EquivalentTo(new[] { "old 1", "new" }));
    }

    [Test]
    public void A_case_that_failed_is_left_out_at_once()
    {
        var store = SelfTestStore.Forgetful(Device.Info);
        var context = new KernelContext(Device);
        SelfTestCase first = new Few().First(context).First();
        store.End([], [(first.Key, "the error is 1 of the values")]);
        new ModelSelfTest(context, new Few(), store, null).Rest(TimeSpan.FromMinutes(5), default);
        Assert.That(context.Forms.LeftOut.Keys, Is.EqualTo(new[] { first.Form }));
    }

    [Test]
    public void A_case_that_failed_in_another_version_is_tested_anew()
    {
        var store = SelfTestStore.Forgetful(Device.Info);
        var context = new KernelContext(Device);
        SelfTestCase first = new Few().First(context).First();
        store.End([], [($"{first.Form} of another version 00000000-0000-0000-0000-000000000000", "the error is 1 of the values")]);
        new ModelSelfTest(context, new Few(), store, null).Rest(TimeSpan.FromMinutes(5), default);
        Assert.That(context.Forms.LeftOut, Is.Empty);
        Assert.That(store.HasPassed(first.Key));
    }

    [Test]
    public void Of_cases_that_a_dead_process_began_only_the_one_that_ran_alone_is_left_out()
    {
        const int NoProcess = int.MaxValue - 1;
        var context = new KernelContext(Device);
        SelfTestCase[] cases = [.. new Few().First(context)];
        PhysicalDeviceInfo device = Device.Info;
        var store = new SelfTestStore(null, new SelfTestRecord(device.Name, device.DriverName, device.DriverVersion, [], new()
        {
            [cases[0].Key] = new BegunCase(NoProcess, Alone: true),
            [cases[1].Key] = new BegunCase(NoProcess, Alone: false),
        }));
        Assert.That(store.IsSuspect(cases[1].Key));
        new ModelSelfTest(context, new Few(), store, null).Rest(TimeSpan.FromMinutes(5), default);
        Assert.Multiple(() =>
        {
            Assert.That(context.Forms.LeftOut.Keys, Is.EqualTo(new[] { cases[0].Form }));
            Assert.That(context.Forms.LeftOut.Values.Single(), Does.Contain("ended while it ran"));
            Assert.That(store.HasPassed(cases[1].Key));
        });
    }

    [Test]
    public void What_a_living_process_runs_is_no_suspect()
    {
        var context = new KernelContext(Device);
        string key = new Few().First(context).First().Key;
        PhysicalDeviceInfo device = Device.Info;
        var store = new SelfTestStore(null, new SelfTestRecord(
            device.Name, device.DriverName, device.DriverVersion, [], new() { [key] = new BegunCase(Environment.ProcessId, Alone: true) }));
        Assert.Multiple(() =>
        {
            Assert.That(store.IsSuspect(key), Is.False);
            Assert.That(store.Failures, Is.Empty);
        });
    }

    [Test]
    public void A_file_keeps_what_was_found_and_what_was_begun()
    {
        string path = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"self-test-{Guid.NewGuid():n}.json");
        PhysicalDeviceInfo device = Device.Info;
        try
        {
            var store = new SelfTestStore(path, new SelfTestRecord(device.Name, device.DriverName, device.DriverVersion, [], []));
            store.Begin(["a", "b"]);
            store.End(["a"], [("a", null)]);
            SelfTestRecord read = JsonSerializer.Deserialize(File.ReadAllBytes(path), SelfTestJsonContext.Default.SelfTestRecord)!;
            Assert.Multiple(() =>
            {
                Assert.That(read.Results, Is.EqualTo(new Dictionary<string, string> { ["a"] = SelfTestRecord.Passed }));
                Assert.That(read.Begun, Is.EqualTo(new Dictionary<string, BegunCase> { ["b"] = new(Environment.ProcessId, Alone: false) }));
            });
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void A_cancelled_test_leaves_no_suspicion_behind()
    {
        var store = SelfTestStore.Forgetful(Device.Info);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.That(
            () => new ModelSelfTest(new KernelContext(Device), new Few(), store, null).Rest(TimeSpan.FromMinutes(5), cancelled.Token),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(store.Count, Is.Zero);
    }

    private sealed class Few : ISelfTestCases
    {
        public IEnumerable<SelfTestCase> First(KernelContext context) =>
        [
            RowCases.Norm(context, 256, layerNorm: false, ActivationType.F32),
            RowCases.Activate(context, ActivationFunction.Silu, gated: true, ActivationType.F32),
        ];

        public IEnumerable<SelfTestCase> Rest(KernelContext context) => [];

        public IEnumerable<SelfTestCase> OfCache(KernelContext context, KvType type) => [];
    }
}
