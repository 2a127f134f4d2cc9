namespace VkInfer.Grammar;

/// <summary>
/// A grammar or schema is wrong, asks for something that is not supported, or passes a limit. The message says where and what, e.g.
/// <c>line 3: rule 'digit' is not defined</c> or <c>#/properties/id: keyword 'pattern' is not supported</c>.
/// </summary>
public sealed class GrammarException : VkInferException
{
    /// <summary>Describes a fault.</summary>
    /// <param name="location">Where: a line of a grammar, a JSON pointer into a schema, or empty.</param>
    /// <param name="message">What is wrong.</param>
    /// <param name="innerException">The cause, or null.</param>
    public GrammarException(string location, string message, Exception? innerException = null)
        : base(string.IsNullOrEmpty(location) ? message : $"{location}: {message}", innerException) => Location = location;

    /// <summary>Where the fault is, e.g. <c>line 3</c> or <c>#/properties/id</c>; empty where it is the whole.</summary>
    public string Location { get; }
}
