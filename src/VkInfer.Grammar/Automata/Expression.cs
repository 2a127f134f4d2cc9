using System.Text;

namespace VkInfer.Grammar.Automata;

/// <summary>The right side of a rule. Immutable.</summary>
internal abstract record Expression
{
    /// <summary>Nothing: the empty text.</summary>
    public static Expression Empty { get; } = new Sequence([]);

    public static Expression Text(string text) => new Literal(Encoding.UTF8.GetBytes(text));

    public static Expression Class(params (int First, int Last)[] ranges) => new CodePoints(ranges);

    public static Expression Of(params Expression[] parts) => new Sequence(parts);

    public static Expression Either(params Expression[] alternatives) => new Choice(alternatives);

    public Expression Optional() => new Repeat(this, 0, 1);

    public Expression Times(int min, int? max) => new Repeat(this, min, max);

    /// <summary>These bytes.</summary>
    public sealed record Literal(ReadOnlyMemory<byte> Bytes) : Expression;

    /// <summary>One code point of these ranges.</summary>
    public sealed record CodePoints(IReadOnlyList<(int First, int Last)> Ranges) : Expression;

    /// <summary>All of these in turn.</summary>
    public sealed record Sequence(IReadOnlyList<Expression> Parts) : Expression;

    /// <summary>One of these.</summary>
    public sealed record Choice(IReadOnlyList<Expression> Alternatives) : Expression;

    /// <summary>The body so often; without a maximum any number of times.</summary>
    public sealed record Repeat(Expression Body, int Min, int? Max) : Expression;

    /// <summary>Nothing, at the beginning or the end of the text only. Regular languages alone have it.</summary>
    public sealed record Anchor(bool IsEnd) : Expression;

    /// <summary>What another rule matches.</summary>
    public sealed record Reference(int Rule) : Expression;
}
