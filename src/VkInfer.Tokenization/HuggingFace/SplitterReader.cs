using System.Text.RegularExpressions;

namespace VkInfer.Tokenization;

/// <summary>Builds the <c>pre_tokenizer</c> of a <c>tokenizer.json</c>.</summary>
internal static partial class SplitterReader
{
    /// <summary>Reads a pre-tokenizer and those within it.</summary>
    /// <exception cref="TokenizerException">It is of a kind that is not supported, or a field is wrong.</exception>
    public static Splitter Read(JsonField node) => node.Type switch
    {
        "Sequence" => new SplitterSequence([.. node.Required("pretokenizers").Items().Select(Read)]),
        "ByteLevel" => new ByteLevelSplitter(node.Bool("add_prefix_space", true), node.Bool("use_regex", true)),
        "Split" => new PatternSplitter(PatternReader.Read(node.Required("pattern")), Behavior(node.Required("behavior")), node.Bool("invert", false)),
        "Digits" => Fixed(Digit(), node.Bool("individual_digits", false) ? SplitBehavior.Isolated : SplitBehavior.Contiguous),
        "Metaspace" => Metaspace(node),
        "Whitespace" => Fixed(WordOrSigns(), SplitBehavior.Removed, invert: true),
        "WhitespaceSplit" => Fixed(Space(), SplitBehavior.Removed),
        "Punctuation" => Fixed(Punctuation(), node.Optional("behavior") is { } behavior ? Behavior(behavior) : SplitBehavior.Isolated),
        "BertPreTokenizer" => new SplitterSequence([Fixed(Space(), SplitBehavior.Removed), Fixed(Punctuation(), SplitBehavior.Isolated)]),
        "CharDelimiterSplit" => new PatternSplitter(new Pattern(Character(node.Required("delimiter")), null, node.Place), SplitBehavior.Removed),
        _ => throw node.Required("type").Wrong(
            "one of Sequence, ByteLevel, Split, Digits, Metaspace, Whitespace, WhitespaceSplit, Punctuation, BertPreTokenizer, CharDelimiterSplit"),
    };

    /// <summary>Reads Metaspace's fields, which its decoder shares.</summary>
    public static (char Replacement, string PrependScheme) MetaspaceFields(JsonField node)
    {
        var replacement = node.String("replacement", "\u2581");
        if (replacement.Length != 1)
        {
            throw node.Required("replacement").Wrong("one character");
        }

        var scheme = node.Optional("prepend_scheme")?.AsString() ?? (node.Bool("add_prefix_space", true) ? "always" : "never");
        return scheme is "always" or "first" or "never" ? (replacement[0], scheme) : throw node.Required("prepend_scheme").Wrong("always, first or never");
    }

    private static MetaspaceSplitter Metaspace(JsonField node)
    {
        var (replacement, scheme) = MetaspaceFields(node);
        return new MetaspaceSplitter(replacement, scheme, node.Bool("split", true));
    }

    private static PatternSplitter Fixed(Regex regex, SplitBehavior behavior, bool invert = false) =>
        new(new Pattern(null, regex, "pre_tokenizer"), behavior, invert);

    private static string Character(JsonField node) => node.AsString() is { Length: 1 } character ? character : throw node.Wrong("one character");

    private static SplitBehavior Behavior(JsonField node) => node.AsString() switch
    {
        "Removed" => SplitBehavior.Removed,
        "Isolated" => SplitBehavior.Isolated,
        "MergedWithPrevious" => SplitBehavior.MergedWithPrevious,
        "MergedWithNext" => SplitBehavior.MergedWithNext,
        "Contiguous" => SplitBehavior.Contiguous,
        _ => throw node.Wrong("Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous"),
    };

    [GeneratedRegex(@"\p{N}", RegexOptions.CultureInvariant)]
    private static partial Regex Digit();

    [GeneratedRegex(@"\w+|[^\w\s]+", RegexOptions.CultureInvariant)]
    private static partial Regex WordOrSigns();

    [GeneratedRegex(@"\s", RegexOptions.CultureInvariant)]
    private static partial Regex Space();

    // ASCII's signs count as punctuation there, whatever their category.
    [GeneratedRegex(@"[\p{P}!-/:-@\[-`{-~]", RegexOptions.CultureInvariant)]
    private static partial Regex Punctuation();
}
