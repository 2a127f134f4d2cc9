namespace VkInfer.Testing;

/// <summary>Work on threads of its own, beside a test.</summary>
public static class Background
{
    /// <summary>Does the same again and again on a thread of its own until it throws.</summary>
    /// <param name="action">What is done.</param>
    /// <returns>What it threw.</returns>
    public static Task<Exception> UntilItThrows(Action action) => Task.Factory.StartNew(
        () =>
        {
            while (true)
            {
                try
                {
                    action();
                }
                catch (Exception exception)
                {
                    return exception;
                }
            }
        },
        CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
