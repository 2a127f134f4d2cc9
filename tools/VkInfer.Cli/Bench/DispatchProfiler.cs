using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Cli.Bench;

/// <summary>
/// Times every dispatch of a prompt, a decode step or a step of a batch by GPU time stamps, beside the same pass without them: stamps
/// keep dispatches apart and cost a microsecond or two each.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="repeats">Passes that are timed.</param>
/// <param name="seed">Seed of the token ids.</param>
internal sealed class DispatchProfiler(Model model, int repeats, int seed)
{
    private const int WarmUpPasses = 4;
    private const int LargeRows = 1 << 16;
    private const int LargeColumns = 1 << 13;
    private const int Products = 16;

    private readonly double _terabytes = MeasureBandwidth(model.Kernels.Context);

    /// <summary>Positions that a test takes.</summary>
    public static int Positions(BenchTest test, int repeats) => test.ContextTokens + Math.Max(test.Prompt, WarmUpPasses + repeats + 2);

    /// <summary>Times one test.</summary>
    /// <exception cref="CliException">The device has no time stamps.</exception>
    public ProfileResult Run(BenchTest test, CancellationToken cancellationToken)
    {
        if (!model.Gpu.Capabilities.TimestampsSupported)
        {
            throw new CliException($"--profile needs time stamps, which '{model.Device.Name}' lacks");
        }

        double microseconds = ProfileResult.Median(Passes(test, false, cancellationToken).Select(pass => pass.Microseconds));
        IReadOnlyList<DispatchTime>[] passes = [.. Passes(test, true, cancellationToken).Select(pass => pass.Dispatches)];
        long cached = test.ContextTokens + 1 + WarmUpPasses + (repeats / 2);
        return ProfileResult.Of(test.Name, microseconds, passes, test.Prompt > 0 ? 0 : cached, _terabytes);
    }

    private List<(double Microseconds, IReadOnlyList<DispatchTime> Dispatches)> Passes(
        BenchTest test, bool profiled, CancellationToken cancellationToken)
    {
        model.Gpu.ProfilesDispatches = profiled;
        var sessions = new List<Session>();
        SessionBatch? batch = null;
        try
        {
            for (int i = 0; i < test.Batch; i++)
            {
                Session session = model.CreateSession();
                sessions.Add(session);
                if (test.ContextTokens > 0)
                {
                    session.Append(RandomTokens.Create(test.ContextTokens, model.Config.VocabSize, seed + i), cancellationToken);
                }
            }

            batch = test.Batch > 1 ? model.CreateBatch([.. sessions]) : null;
            var sequences = new BenchSequences(sessions, batch);
            var passes = new List<(double, IReadOnlyList<DispatchTime>)>();
            if (test.Prompt == 0)
            {
                sequences.Step(1, cancellationToken); // chooses from the prompt's logits
            }

            for (int i = -WarmUpPasses; i < repeats; i++)
            {
                (double Microseconds, IReadOnlyList<DispatchTime> Dispatches) pass = test.Prompt > 0
                    ? Prefill(sessions[0], Prompt(test, i), test.ContextTokens, cancellationToken)
                    : Decode(sequences, cancellationToken);
                if (i >= 0)
                {
                    passes.Add(pass);
                }
            }

            return passes;
        }
        finally
        {
            model.Gpu.ProfilesDispatches = false;
            batch?.Dispose();
            sessions.ForEach(session => session.Dispose());
        }
    }

    private static (double Microseconds, IReadOnlyList<DispatchTime> Dispatches) Decode(
        BenchSequences sequences, CancellationToken cancellationToken)
    {
        sequences.Step(1, cancellationToken);
        return (sequences.LastStepGpuMicroseconds, sequences.ReadStepProfile());
    }

    // Others each time: what is known of a prompt is not computed again.
    private int[] Prompt(BenchTest test, int pass) =>
        RandomTokens.Create(test.Prompt, model.Config.VocabSize, seed + WarmUpPasses + 1 + pass);

    private static (double Microseconds, IReadOnlyList<DispatchTime> Dispatches) Prefill(
        Session session, int[] prompt, int depth, CancellationToken cancellationToken)
    {
        session.Truncate(depth);
        session.Append(prompt, cancellationToken);
        return (session.LastPrefillGpuMicroseconds, session.ReadStepProfile());
    }

    /// <summary>Terabytes per second that a product with a large matrix reads: the best of some.</summary>
    private static double MeasureBandwidth(KernelContext context)
    {
        GpuDevice device = context.Device;
        if (!device.Capabilities.TimestampsSupported)
        {
            return 0;
        }

        // A processor needs no more than its caches do not hold.
        int rows = context.IsSoftware ? LargeRows / 16 : LargeRows;
        long bytes = WeightLayout.SizeInBytes(WeightType.F16, rows, LargeColumns);
        using GpuBuffer weights = device.CreateBuffer(bytes, BufferKind.DeviceLocal, "profile.weights");
        using GpuBuffer x = device.CreateBuffer(LargeColumns * sizeof(float), BufferKind.DeviceLocal, "profile.x");
        using GpuBuffer y = device.CreateBuffer(rows * sizeof(float), BufferKind.DeviceLocal, "profile.y");
        using CommandList commands = device.CreateCommandList("profile.bandwidth");
        var matrix = WeightMatrix.FromPacked(WeightType.F16, rows, LargeColumns, weights);
        var kernel = new GemvKernel(context);
        commands.Record(list =>
        {
            list.Fill(weights, 0x2E663C01);
            list.Fill(x, 0x3F5A81C3);
            for (int i = 0; i < Products; i++)
            {
                list.Timestamp("");
                kernel.Record(list, matrix, new VectorInput(x), y, GemvMode.Store);
            }

            list.Timestamp("");
        });
        device.Wait(device.Submit(commands));
        double[] stamps = [.. commands.ReadTimestamps().Select(stamp => stamp.Microseconds)];
        return stamps.Length == 0 ? 0 : bytes / stamps.Zip(stamps.Skip(1), (from, to) => to - from).Min() * 1e-6;
    }
}
