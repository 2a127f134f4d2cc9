using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace VkInfer.Cli;

/// <summary>Options that take whole numbers separated by commas.</summary>
internal static class TokenList
{
    /// <summary>An option for token ids, e.g. <c>1,2,3</c>; they are checked against the vocabulary later.</summary>
    public static Option<int[]?> IdsOption(string name, bool required) => new(name)
    {
        Description = "Token ids, separated by commas.",
        HelpName = "1,2,3",
        Required = required,
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result => Parse(result, int.MinValue, "token ids"),
    };

    /// <summary>An option for numbers from a smallest one up, e.g. <c>128,512</c>.</summary>
    public static Option<int[]?> NumbersOption(string name, string description, int min, int defaultValue, params string[] aliases) =>
        new(name, aliases)
        {
            Description = $"{description} [default: {defaultValue.ToString(CultureInfo.InvariantCulture)}]",
            HelpName = "n,…",
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = result => Parse(result, min, $"whole numbers from {min}"),
            DefaultValueFactory = _ => [defaultValue],
        };

    private static int[]? Parse(ArgumentResult result, int min, string what)
    {
        string text = result.Tokens[0].Value;
        string[] parts = text.Split(',', StringSplitOptions.TrimEntries);
        int[] numbers = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out numbers[i]) || numbers[i] < min)
            {
                string name = (result.Parent as OptionResult)?.Option.Name ?? "";
                result.AddError($"{name}: \"{parts[i]}\" in \"{text}\" is not one of {what} separated by commas");
                return null;
            }
        }

        return numbers;
    }
}
