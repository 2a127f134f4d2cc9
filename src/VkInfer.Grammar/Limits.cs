namespace VkInfer.Grammar;

/// <summary>What a grammar from a stranger may cost.</summary>
internal static class Limits
{
    /// <summary>Characters of a grammar or schema.</summary>
    public const int TextLength = 1 << 20;

    /// <summary>Nested groups of a grammar, nested values of a schema.</summary>
    public const int Nesting = 100;

    /// <summary>Rules, named ones and those that a schema needs.</summary>
    public const int Rules = 100_000;

    /// <summary>States of the automaton. A repetition is one state, however often it repeats.</summary>
    public const int States = 500_000;

    /// <summary>The largest number of repetitions that a grammar may ask for.</summary>
    public const int Repetitions = 1_000_000_000;

    /// <summary>Rules of a grammar open at a time while matching.</summary>
    public const int GrammarDepth = 1000;

    /// <summary>
    /// Rules of a schema open at a time; each is a level of nesting or less, and JSON readers refuse more than 64 of these.
    /// </summary>
    public const int SchemaDepth = 60;

    /// <summary>Ways in which a text may be read at a time.</summary>
    public const int Configurations = 20_000;

    /// <summary>States looked at between two bytes.</summary>
    public const int ClosureSteps = 200_000;

    /// <summary>Sets of configurations that one mask may make.</summary>
    public const int SetsPerMask = 50_000;

    /// <summary>Steps of configurations that one mask may take.</summary>
    public const int WorkPerMask = 20_000_000;

    /// <summary>Bytes of sets and stack frames that one mask may make, roughly.</summary>
    public const long BytesPerMask = 64 << 20;

    /// <summary>Bytes of sets and masks that are kept, roughly; then all are made anew.</summary>
    public const long CacheBytes = 64 << 20;
}
