namespace VkInfer.Tokenization;

/// <summary>Builds the <c>pre_tokenizer</c> of a <c>tokenizer.json</c>.</summary>
internal static class SplitterReader
{
    private static readonly Lazy<Pattern> Space = new(() => new SetPattern(UnicodeProperties.Space));

    private static readonly Lazy<Pattern> Number = new(() => new SetPattern(UnicodeProperties.Get("n")));

    // ASCII's signs count as punctuation there, whatever their category; the rest is Unicode 8's, which had two more.
    private static readonly Lazy<Pattern> Punctuation = new(() => new SetPattern(
        UnicodeProperties.Get("p").And(UnicodeProperties.Get("age8"))
            .Or(CodePointSet.Of([(0x166D, 0x166D), (0x111C9, 0x111C9), ('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]))));

    // Words of Rust's expressions have joiners in them, unlike Oniguruma's.
    private static readonly Lazy<Pattern> WordOrSigns = new(() => new ExpressionPattern(
        Expression.Create(@"[\w\x{200C}\x{200D}]+|[^\w\x{200C}\x{200D}\s]+", "pre_tokenizer")));

    /// <summary>Reads a pre-tokenizer and those within it.</summary>
    /// <exception cref="TokenizerException">It is of a kind that is not supported, or a field is wrong.</exception>
    public static Splitter Read(JsonField node) => node.Type switch
    {
        "Sequence" => new SplitterSequence([.. node.Required("pretokenizers").Items().Select(Read)]),
        "ByteLevel" => new ByteLevelSplitter(node.Bool("add_prefix_space", true), node.Bool("use_regex", true)),
        "Split" => new PatternSplitter(
            Pattern.Read(node.Required("pattern")), Behavior(node.Required("behavior")), node.Bool("invert", false)),
        "Digits" => new PatternSplitter(
            Number.Value, node.Bool("individual_digits", false) ? SplitBehavior.Isolated : SplitBehavior.Contiguous),
        "Metaspace" => Metaspace(node),
        "Whitespace" => new PatternSplitter(WordOrSigns.Value, SplitBehavior.Removed, invert: true),
        "WhitespaceSplit" => new PatternSplitter(Space.Value, SplitBehavior.Removed),
        "Punctuation" => new PatternSplitter(
            Punctuation.Value, node.Optional("behavior") is { } behavior ? Behavior(behavior) : SplitBehavior.Isolated),
        "BertPreTokenizer" => Bert(),
        "UnicodeScripts" => new ScriptSplitter(),
        "FixedLength" => new FixedLengthSplitter(node.Optional("length")?.AsInt(1) ?? 5),
        "CharDelimiterSplit" => new PatternSplitter(new LiteralPattern(Character(node.Required("delimiter"))), SplitBehavior.Removed),
        _ => throw node.Required("type").Wrong(
            "one of Sequence, ByteLevel, Split, Digits, Metaspace, Whitespace, WhitespaceSplit, Punctuation, BertPreTokenizer, "
            + "UnicodeScripts, FixedLength, CharDelimiterSplit"),
    };

    /// <summary>BERT's: words between white space, and each sign by itself.</summary>
    public static Splitter Bert() => new SplitterSequence(
    [
        new PatternSplitter(Space.Value, SplitBehavior.Removed), new PatternSplitter(Punctuation.Value, SplitBehavior.Isolated),
    ]);

    /// <summary>Reads Metaspace's fields, which its decoder shares.</summary>
    public static (char Replacement, string PrependScheme) MetaspaceFields(JsonField node)
    {
        string replacement = node.String("replacement", "\u2581");
        if (replacement.Length != 1)
        {
            throw node.Required("replacement").Wrong("one character");
        }

        string scheme = node.Optional("prepend_scheme")?.AsString() ?? (node.Bool("add_prefix_space", true) ? "always" : "never");
        return scheme is "always" or "first" or "never"
            ? (replacement[0], scheme)
            : throw node.Required("prepend_scheme").Wrong("always, first or never");
    }

    private static MetaspaceSplitter Metaspace(JsonField node)
    {
        (char replacement, string scheme) = MetaspaceFields(node);
        return new MetaspaceSplitter(replacement, scheme, node.Bool("split", true));
    }

    private static string Character(JsonField node) =>
        node.AsString() is [var only] ? $"{only}"
        : node.AsString() is [var high, var low] && char.IsSurrogatePair(high, low) ? $"{high}{low}"
        : throw node.Wrong("one character");

    private static SplitBehavior Behavior(JsonField node) => node.AsString() switch
    {
        "Removed" => SplitBehavior.Removed,
        "Isolated" => SplitBehavior.Isolated,
        "MergedWithPrevious" => SplitBehavior.MergedWithPrevious,
        "MergedWithNext" => SplitBehavior.MergedWithNext,
        "Contiguous" => SplitBehavior.Contiguous,
        _ => throw node.Wrong("Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous"),
    };
}
