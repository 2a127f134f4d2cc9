using System.Text;

namespace VkInfer.Tokenization;

/// <summary>A set of Unicode code points. Immutable and thread-safe.</summary>
internal sealed class CodePointSet
{
    /// <summary>One more than the last code point.</summary>
    public const int End = 0x110000;

    private const int WordsOfPlane = 0x10000 / 64;

    /// <summary>Where runs begin and end, alternately and ascending; ends are exclusive.</summary>
    private readonly int[] _bounds;

    /// <summary>The first plane as bits, made when the set is first asked for one that is not ASCII.</summary>
    private ulong[]? _plane;
    private readonly ulong _low;
    private readonly ulong _high;

    private CodePointSet(int[] bounds)
    {
        _bounds = bounds;
        for (int c = 0; c < 128; c++)
        {
            if (Search(c))
            {
                (c < 64 ? ref _low : ref _high) |= 1UL << (c & 63);
            }
        }
    }

    /// <summary>No code point.</summary>
    public static CodePointSet Empty { get; } = new([]);

    /// <summary>All code points.</summary>
    public static CodePointSet All { get; } = new([0, End]);

    /// <summary>The runs, each from its first to its last code point.</summary>
    public IEnumerable<(int First, int Last)> Runs
    {
        get
        {
            for (int i = 0; i < _bounds.Length; i += 2)
            {
                yield return (_bounds[i], _bounds[i + 1] - 1);
            }
        }
    }

    /// <summary>The set of one code point.</summary>
    public static CodePointSet Of(int codePoint) => new([codePoint, codePoint + 1]);

    /// <summary>The set of a run; both ends belong to it.</summary>
    public static CodePointSet Of(int first, int last) => new([first, last + 1]);

    /// <summary>The union of runs in any order.</summary>
    public static CodePointSet Of(IEnumerable<(int First, int Last)> runs)
    {
        var bounds = new List<int>();
        foreach ((int first, int last) in runs.OrderBy(run => run.First))
        {
            if (bounds.Count > 0 && first <= bounds[^1])
            {
                bounds[^1] = Math.Max(bounds[^1], last + 1);
            }
            else
            {
                bounds.AddRange([first, last + 1]);
            }
        }

        return new CodePointSet([.. bounds]);
    }

    /// <summary>Every code point that a predicate accepts; surrogates are not asked about, and are in no set.</summary>
    public static CodePointSet Where(Func<Rune, bool> predicate)
    {
        var bounds = new List<int>();
        bool isIn = false;
        for (int c = 0; c < End; c++)
        {
            bool accepts = Rune.IsValid(c) && predicate(new Rune(c));
            if (accepts != isIn)
            {
                bounds.Add(c);
                isIn = accepts;
            }
        }

        if (isIn)
        {
            bounds.Add(End);
        }

        return new CodePointSet([.. bounds]);
    }

    /// <summary>Whether a code point is in the set.</summary>
    public bool Contains(int codePoint)
    {
        if (codePoint < 128)
        {
            return (((codePoint < 64 ? _low : _high) >> (codePoint & 63)) & 1) != 0;
        }

        if (codePoint > char.MaxValue)
        {
            return Search(codePoint);
        }

        ulong[] plane = _plane ??= FillPlane();
        return ((plane[codePoint >> 6] >> (codePoint & 63)) & 1) != 0;
    }

    /// <summary>What is in either.</summary>
    public CodePointSet Or(CodePointSet other) => Of(Runs.Concat(other.Runs));

    /// <summary>What is in both.</summary>
    public CodePointSet And(CodePointSet other) => Not().Or(other.Not()).Not();

    /// <summary>What is not in the set.</summary>
    public CodePointSet Not()
    {
        bool startsAtZero = _bounds is [0, ..];
        bool endsAtEnd = _bounds is [.., End];
        int[] inner = _bounds[(startsAtZero ? 1 : 0)..(_bounds.Length - (endsAtEnd ? 1 : 0))];
        return new CodePointSet([.. startsAtZero ? (int[])[] : [0], .. inner, .. endsAtEnd ? (int[])[] : [End]]);
    }

    /// <summary>Whether no code point is in both.</summary>
    public bool IsDisjoint(CodePointSet other) => And(other)._bounds.Length == 0;

    private bool Search(int codePoint)
    {
        int at = Array.BinarySearch(_bounds, codePoint);
        return ((at < 0 ? ~at : at + 1) & 1) != 0;
    }

    private ulong[] FillPlane()
    {
        ulong[] plane = new ulong[WordsOfPlane];
        foreach ((int first, int last) in Runs)
        {
            for (int c = first; c <= Math.Min(last, char.MaxValue); c++)
            {
                plane[c >> 6] |= 1UL << (c & 63);
            }
        }

        return plane;
    }
}
