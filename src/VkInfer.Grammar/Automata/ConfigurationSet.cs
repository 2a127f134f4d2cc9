namespace VkInfer.Grammar.Automata;

/// <summary>A state that reads a byte, and the rules and loops that are open there.</summary>
internal readonly record struct Configuration(int State, StackFrame? Stack);

/// <summary>All ways in which the text so far can be read. Interned: see <see cref="LazyAutomaton"/>, whose lock guards it.</summary>
internal sealed class ConfigurationSet(Configuration[] configurations, bool accepts, int epoch)
{
    /// <summary>The ways in which the text may go on.</summary>
    public Configuration[] Configurations { get; } = configurations;

    /// <summary>Whether the text so far matches.</summary>
    public bool Accepts { get; } = accepts;

    /// <summary>Whether the text so far neither matches nor can go on.</summary>
    public bool IsDead => !Accepts && Configurations.Length == 0;

    /// <summary>In which generation of the cache the set was made.</summary>
    public int Epoch { get; } = epoch;

    /// <summary>The set after each byte, as far as it was needed, and at once the empty one where nothing reads the byte.</summary>
    public ConfigurationSet?[]? Next { get; set; }

    /// <summary>The tokens that may follow, where that was asked.</summary>
    public uint[]? Mask { get; set; }
}
