using System.Runtime.InteropServices;
using VkInfer.Cli;

try
{
    using var interrupt = new Interrupt();
    Action<PosixSignalContext> press = signal => signal.Cancel = interrupt.Press(signal.Signal);
    using PosixSignalRegistration onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, press);
    using PosixSignalRegistration onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, press);
    using PosixSignalRegistration onHangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, press);
    int code = await CliProgram.RunAsync(args, CliConsole.OfProcess(), interrupt).ConfigureAwait(false);
    return code == ExitCodes.Success ? code : interrupt.ExitCode ?? code;
}
#pragma warning disable CA1031 // The outermost place of all: standard streams and file handles that cannot be had, or written to.
catch (Exception problem)
#pragma warning restore CA1031
{
    return ErrorReport.WriteLast(problem);
}
