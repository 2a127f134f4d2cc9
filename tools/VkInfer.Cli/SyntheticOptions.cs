using System.CommandLine;
using VkInfer.Cli.Output;
using VkInfer.Cli.Settings;
using VkInfer.Kernels;

namespace VkInfer.Cli;

/// <summary>The options of a command that takes a shape with random weights in a model's place.</summary>
internal sealed class SyntheticOptions
{
    private readonly Option<string?> _shape = new("--synthetic")
    {
        Description = "A shape with random weights instead of a model: " + string.Join(", ", SyntheticShapes.Names) + ".",
    };

    private readonly Option<string> _weights = new("--weights")
    {
        Description = "Format of the random weights: " + string.Join(", ", Enum.GetNames<WeightType>()) + ".",
        DefaultValueFactory = _ => nameof(WeightType.F16),
    };

    private readonly Option[] _others;

    /// <param name="command">The command that receives the options.</param>
    /// <param name="others">More options that only a shape can have.</param>
    public SyntheticOptions(Command command, params Option[] others)
    {
        _others = others;
        _weights.AcceptOnlyFromAmong(StringComparer.OrdinalIgnoreCase, Enum.GetNames<WeightType>());
        _shape.AcceptOnlyFromAmong(StringComparer.OrdinalIgnoreCase, [.. SyntheticShapes.Names]);
        command.Options.Add(_shape);
        command.Options.Add(_weights);
        foreach (Option option in others)
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Whether a shape stands in the model's place.</summary>
    public bool IsGiven(ParseResult parse) => parse.GetValue(_shape) is not null;

    /// <summary>Refuses a shape beside a model, and a shape's options without one.</summary>
    public void Check(ParseResult parse)
    {
        Command command = parse.CommandResult.Command;
        if (IsGiven(parse))
        {
            if (command.Options.OfType<SettingOption>().Any(
                o => o.Setting.Name == nameof(VkInferOptions.Model) && parse.GetResult(o) is not null))
            {
                throw CliException.Usage($"{command.Name} takes either --model or --synthetic");
            }
        }
        else if (_others.Prepend(_weights).Any(option => parse.GetResult(option) is { Implicit: false }))
        {
            string names = string.Join(" and ", _others.Prepend(_weights).Select(option => option.Name));
            throw CliException.Usage($"{names} need{(_others.Length > 0 ? "" : "s")} --synthetic");
        }
    }

    /// <summary>Makes the model of the shape that was given, or loads the one that the call names.</summary>
    public Task<Model> LoadAsync(
        CliCall call, CliConsole console, ModelOptions options, int? layers, CancellationToken cancellationToken) =>
        IsGiven(call.Parse)
            ? CreateAsync(call, console, options, layers, cancellationToken)
            : call.LoadModelAsync(options, cancellationToken);

    private Task<Model> CreateAsync(
        CliCall call, CliConsole console, ModelOptions options, int? layers, CancellationToken cancellationToken)
    {
        string shape = call.Parse.GetValue(_shape)!;
        WeightType type = Enum.Parse<WeightType>(call.Parse.GetRequiredValue(_weights), ignoreCase: true);
        return ProgressDisplay.RunAsync(console, "Making weights", progress => Task.Run(
            () => Model.CreateSynthetic(shape, type, options, progress.ForLoading(), layers, cancellationToken), cancellationToken));
    }
}
