using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace VkInfer.Tokenization;

/// <summary>
/// Sets of code points by the names of their properties. General categories are .NET's; the others come from a table that
/// tools/unicode/make-properties.py writes and describes.
/// </summary>
internal static class UnicodeProperties
{
    private static readonly Dictionary<string, (int First, int Last)[]> Table = new(StringComparer.Ordinal);
    private static readonly Dictionary<int, int[]> Equivalents = [];
    private static readonly Dictionary<string, CodePointSet> Sets = new(StringComparer.Ordinal);
    private static readonly Lazy<List<(int First, int Last)>[]> CategoryRuns = new(ReadCategories);
    private static readonly Lock Guard = new();

    /// <summary>Short and long names of the general categories, by .NET's number.</summary>
    private static readonly string[] Categories =
    [
        "lu uppercaseletter", "ll lowercaseletter", "lt titlecaseletter", "lm modifierletter", "lo otherletter", "mn nonspacingmark",
        "mc spacingmark", "me enclosingmark", "nd decimalnumber digit", "nl letternumber", "no othernumber", "zs spaceseparator",
        "zl lineseparator", "zp paragraphseparator", "cc control cntrl", "cf format", "cs surrogate", "co privateuse",
        "pc connectorpunctuation", "pd dashpunctuation", "ps openpunctuation", "pe closepunctuation", "pi initialpunctuation",
        "pf finalpunctuation", "po otherpunctuation", "sm mathsymbol", "sc currencysymbol", "sk modifiersymbol", "so othersymbol",
        "cn unassigned",
    ];

    private static readonly (string Names, string Prefix)[] Groups =
    [
        ("l letter", "l"), ("m mark combiningmark", "m"), ("n number", "n"), ("z separator", "z"), ("c other", "c"),
        ("p punctuation punct", "p"), ("s symbol", "s"),
    ];

    static UnicodeProperties()
    {
        using Stream resource = typeof(UnicodeProperties).Assembly.GetManifestResourceStream("unicode/properties.bin")!;
        using var reader = new BinaryReader(new DeflateStream(resource, CompressionMode.Decompress));
        string[] names = new string[reader.ReadUInt16()];
        int scripts = reader.ReadUInt16();
        for (int i = 0; i < names.Length; i++)
        {
            names[i] = ReadName(reader);
            var runs = new (int, int)[reader.ReadUInt16()];
            for (int run = 0; run < runs.Length; run++)
            {
                runs[run] = (ReadPoint(reader), ReadPoint(reader));
            }

            Table.Add(names[i], runs);
        }

        Scripts = names[..scripts];

        for (int count = reader.ReadUInt16(); count > 0; count--)
        {
            Table.Add(ReadName(reader), Table[names[reader.ReadUInt16()]]);
        }

        ReadFoldings(reader);
    }

    /// <summary>The names of all scripts; no code point is in two.</summary>
    public static IReadOnlyList<string> Scripts { get; }

    /// <summary>Letters as <c>\w</c> has them: alphabetic, marks, decimal digits and connectors.</summary>
    public static CodePointSet Word => Get("word");

    /// <summary>White space.</summary>
    public static CodePointSet Space => Get("whitespace");

    /// <summary>The set of a property, whose name may be written in any case, with spaces, underscores and hyphens.</summary>
    /// <returns>Null where no property is called that.</returns>
    public static CodePointSet? TryFind(string name)
    {
        string key = string.Concat(name.Where(c => c is not (' ' or '_' or '-'))).ToLowerInvariant();
        lock (Guard)
        {
            if (!Sets.TryGetValue(key, out CodePointSet? set) && (set = Make(key)) is not null)
            {
                Sets.Add(key, set);
            }

            return set;
        }
    }

    /// <summary>The set of a property that exists.</summary>
    public static CodePointSet Get(string name) =>
        TryFind(name) ?? throw new ArgumentException($"No Unicode property is called {name}.", nameof(name));

    /// <summary>The code points that differ from one in case only, itself among them.</summary>
    public static IReadOnlyList<int> SameBesidesCase(int codePoint) =>
        Equivalents.TryGetValue(codePoint, out int[]? same) ? same : [codePoint];

    /// <summary>A set with everything that differs from its members in case only.</summary>
    public static CodePointSet WithoutCase(CodePointSet set) => CodePointSet.Of(
        set.Runs.Concat(Equivalents.Where(pair => set.Contains(pair.Key)).SelectMany(pair => pair.Value).Select(c => (c, c))));

    private static CodePointSet? Make(string key)
    {
        for (int category = 0; category < Categories.Length; category++)
        {
            if (Categories[category].Split(' ').Contains(key))
            {
                return OfCategories(other => other == category);
            }
        }

        foreach ((string names, string prefix) in Groups)
        {
            if (names.Split(' ').Contains(key))
            {
                return OfCategories(category => Categories[category].StartsWith(prefix, StringComparison.Ordinal));
            }
        }

        return key switch
        {
            "any" => CodePointSet.All,
            "assigned" => Get("cn").Not(),
            "ascii" => CodePointSet.Of(0, 127),
            "lc" or "casedletter" => Get("lu").Or(Get("ll")).Or(Get("lt")),
            "alpha" => Get("alphabetic"),
            "alnum" => Get("alphabetic").Or(Get("nd")),
            "blank" => Get("zs").Or(CodePointSet.Of('\t')),
            "upper" => Get("uppercase"),
            "lower" => Get("lowercase").Or(Get("ll")),
            "space" => Get("whitespace"),
            "xdigit" => CodePointSet.Of([('0', '9'), ('A', 'F'), ('a', 'f')]),
            "word" => Get("alphabetic").Or(Get("m")).Or(Get("nd")).Or(Get("pc")),
            "posixpunct" => Get("p").Or(Get("s")),
            "graph" => Get("whitespace").Or(Get("cc")).Or(Get("cn")).Or(Get("cs")).Not(),
            "print" => Get("graph").Or(Get("zs")),
            "unknown" or "zzzz" => CodePointSet.Of(Scripts.SelectMany(script => Table[script])).Not(),
            _ => Table.TryGetValue(key, out (int First, int Last)[]? runs) ? CodePointSet.Of(runs) : null,
        };
    }

    private static CodePointSet OfCategories(Func<int, bool> isOne) => CodePointSet.Of(
        Enumerable.Range(0, Categories.Length).Where(isOne).SelectMany(category => CategoryRuns.Value[category]));

    /// <summary>The runs of code points of each category, in one pass over all.</summary>
    private static List<(int First, int Last)>[] ReadCategories()
    {
        List<(int First, int Last)>[] runs = [.. Categories.Select(_ => new List<(int, int)>())];
        int start = 0;
        for (int c = 1; c <= CodePointSet.End; c++)
        {
            UnicodeCategory category = CharUnicodeInfo.GetUnicodeCategory(start);
            if (c == CodePointSet.End || CharUnicodeInfo.GetUnicodeCategory(c) != category)
            {
                runs[(int)category].Add((start, c - 1));
                start = c;
            }
        }

        return runs;
    }

    private static void ReadFoldings(BinaryReader reader)
    {
        var classes = new Dictionary<int, SortedSet<int>>();
        for (int count = reader.ReadUInt16(); count > 0; count--)
        {
            (int from, int to) = (ReadPoint(reader), ReadPoint(reader));
            if (!classes.TryGetValue(to, out SortedSet<int>? same))
            {
                classes.Add(to, same = [to]);
            }

            same.Add(from);
        }

        foreach (SortedSet<int> same in classes.Values)
        {
            int[] members = [.. same];
            foreach (int member in members)
            {
                Equivalents[member] = members;
            }
        }
    }

    private static string ReadName(BinaryReader reader) => Encoding.ASCII.GetString(reader.ReadBytes(reader.ReadByte()));

    private static int ReadPoint(BinaryReader reader) => reader.ReadByte() | (reader.ReadByte() << 8) | (reader.ReadByte() << 16);
}
