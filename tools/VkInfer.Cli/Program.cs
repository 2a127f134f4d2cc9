using VkInfer.Cli;

using var interrupt = new Interrupt();
Console.CancelKeyPress += (_, press) => press.Cancel = interrupt.Press();
return await CliProgram.RunAsync(args, CliConsole.OfProcess(), interrupt).ConfigureAwait(false);
