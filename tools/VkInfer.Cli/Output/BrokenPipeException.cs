namespace VkInfer.Cli.Output;

/// <summary>Whoever read standard output has ended: no fault, and nobody to tell.</summary>
internal sealed class BrokenPipeException() : CliException("standard output: nobody reads it any more");
