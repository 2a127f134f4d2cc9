using System.Globalization;
using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>
/// Runs command lists on the compute queue, in the order in which they are submitted, and waits for them. Thread-safe; allocates nothing.
/// </summary>
internal sealed unsafe class Submitter(DeviceContext context, GpuQueue compute, Transfers transfers)
{
    private const int MostLists = 64;

    /// <param name="commands">The lists; each is kept while the call lasts, and known to be in use by the GPU afterwards.</param>
    /// <param name="once">None of them will be submitted again.</param>
    public Submission Submit(ReadOnlySpan<CommandList> commands, bool once)
    {
        if (commands.Length is 0 or > MostLists)
        {
            throw new ArgumentException($"{commands.Length} command lists were given; 1 to {MostLists} are allowed.", nameof(commands));
        }

        int retained = 0;
        try
        {
            for (; retained < commands.Length; retained++)
            {
                ArgumentNullException.ThrowIfNull(commands[retained], nameof(commands));
                commands[retained].RetainForSubmission(context);
            }

            transfers.Flush();
            return SubmitRetained(commands, once);
        }
        finally
        {
            for (int i = 0; i < retained; i++)
            {
                commands[i].Release();
            }
        }
    }

    public void Wait(Submission submission, Cancellation cancellation)
    {
        cancellation.ThrowIfRequested();
        Check(submission);
        compute.Timeline.Wait(submission.Value, cancellation);
    }

    public bool IsComplete(Submission submission)
    {
        Check(submission);
        return compute.Timeline.IsComplete(submission.Value);
    }

    /// <summary>Asks the driver whether the device is still there, by a submission of nothing.</summary>
    public void Probe()
    {
        lock (compute.Lock)
        {
            compute.Submit(null, 0, null, 0);
        }
    }

    private Submission SubmitRetained(ReadOnlySpan<CommandList> commands, bool once)
    {
        CommandBufferSubmitInfo* infos = stackalloc CommandBufferSubmitInfo[commands.Length];
        for (int i = 0; i < commands.Length; i++)
        {
            infos[i] = new CommandBufferSubmitInfo
            {
                SType = StructureType.CommandBufferSubmitInfo,
                CommandBuffer = commands[i].Commands,
            };
        }

        lock (compute.Lock)
        {
            ulong value = compute.Submit(infos, commands.Length, transfers.Uploads.Timeline, transfers.Uploads.Submitted);
            foreach (CommandList list in commands)
            {
                list.MarkSubmitted(value);
                if (once)
                {
                    list.MarkSpent();
                }
            }

            return new Submission(value);
        }
    }

    private void Check(Submission submission)
    {
        if (submission.Value > compute.Submitted)
        {
            throw new ArgumentOutOfRangeException(nameof(submission), string.Create(
                CultureInfo.InvariantCulture,
                $"Submission {submission.Value} is not of this device; its latest is {compute.Submitted}."));
        }
    }
}
