using System.Diagnostics;
using VkInfer.Samples.Desktop.Conversations;
using VkInfer.Samples.Desktop.Hosting;

DesktopArguments arguments;
try
{
    arguments = DesktopArguments.Parse(args);
}
catch (ArgumentException problem)
{
    Console.Error.WriteLine($"error: {problem.Message}");
    return 2;
}

if (arguments.ShowsHelp)
{
    Console.WriteLine(DesktopArguments.Help);
    return 0;
}

try
{
    (WebApplication application, Uri address) = await DesktopHost.StartAsync(arguments);
    await using (application)
    {
        Console.WriteLine($"VkInfer is at {address} (for this user alone; Ctrl-C ends it)");
        using WindowProfile? profile = arguments.OpensWindow ? WindowProfile.Take(arguments.DataFolder) : null;
        using Process? window = profile is null ? null : AppWindow.Open(address, profile);
        if (window is null)
        {
            if (arguments.OpensWindow)
            {
                Console.WriteLine("No Chromium, Chrome or Edge was found, or no screen: open the address in a browser.");
            }

            await application.WaitForShutdownAsync();
        }
        else
        {
            await Task.WhenAny(window.WaitForExitAsync(), application.WaitForShutdownAsync());
            if (!window.HasExited)
            {
                window.Kill(entireProcessTree: true);
            }

            await application.StopAsync();
        }
    }

    return 0;
}
catch (DataFileException problem)
{
    Console.Error.WriteLine($"error: {problem.Message}");
    return 1;
}
