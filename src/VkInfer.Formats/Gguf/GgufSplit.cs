using System.Globalization;
using System.Text.RegularExpressions;

namespace VkInfer.Formats;

/// <summary>
/// The rules for a model in several files, as llama.cpp's gguf-split writes them: names end in <c>-00001-of-0000N.gguf</c>; each part says
/// <c>split.no</c> (from 0) and <c>split.count</c>; <c>split.tensors.count</c> is the number of tensors in all of them.
/// </summary>
internal static partial class GgufSplit
{
    private const string NumberKey = "split.no";
    private const string CountKey = "split.count";
    private const string TensorCountKey = "split.tensors.count";

    /// <summary>Highest number that a name has room for.</summary>
    private const int MaxParts = 99_999;

    /// <summary>The path of the first part where the path is that of a later one; else the path.</summary>
    public static string FirstPart(string path)
    {
        Match match = PartName().Match(path);
        if (!match.Success)
        {
            return path;
        }

        string first = Compose(match.Groups[1].Value, 0, int.Parse(match.Groups[3].ValueSpan, CultureInfo.InvariantCulture));
        return File.Exists(first) ? first : path;
    }

    /// <summary>The number of parts that the first one declares; 1 where it is whole.</summary>
    /// <param name="first">The first part.</param>
    /// <param name="path">Its path.</param>
    /// <param name="canHaveParts">Whether others can be found at all.</param>
    public static int ReadCount(GgufParser first, string path, bool canHaveParts)
    {
        int count = ReadInt(first, path, CountKey, 0, MaxParts) ?? 1;
        if (count <= 1)
        {
            return 1;
        }

        if (!canHaveParts)
        {
            throw new ModelFormatException(path, null, $"this is one of {count} parts of a model, which open by their path only");
        }

        CheckPart(first, path, 0, count);
        Match match = PartName().Match(path);
        return match.Success && int.Parse(match.Groups[3].ValueSpan, CultureInfo.InvariantCulture) == count
            ? count
            : throw new ModelFormatException(
                path, null, $"the name of the first of {count} parts is wrong", $"a name that ends in {Compose("", 0, count)}");
    }

    /// <summary>The path of a part, counted from 0.</summary>
    public static string PartPath(string first, int index, int count)
    {
        string path = Compose(PartName().Match(first).Groups[1].Value, index, count);
        return File.Exists(path)
            ? path
            : throw new ModelFormatException(first, null, $"part {index + 1} of {count} is missing", $"a file {DisplayText.Quote(path)}");
    }

    /// <summary>Refuses a file that is not the part it is named as.</summary>
    public static void CheckPart(GgufParser part, string path, int index, int count)
    {
        Check(NumberKey, index);
        Check(CountKey, count);

        void Check(string key, int expected)
        {
            int? got = ReadInt(part, path, key, 0, MaxParts);
            if (got != expected)
            {
                throw new ModelFormatException(
                    path, null, $"metadata key '{key}' is wrong for number {index + 1} of {count} parts", $"{expected}",
                    got is null ? "none" : $"{got}");
            }
        }
    }

    /// <summary>Refuses parts that do not hold all tensors of the model.</summary>
    public static void CheckTensorCount(List<GgufParser> parts, string path)
    {
        int count = parts.Sum(part => part.Tensors.Count);
        if (parts.Count > 1 && ReadInt(parts[0], path, TensorCountKey, 0, int.MaxValue) is { } expected && expected != count)
        {
            throw new ModelFormatException(path, null, $"the {parts.Count} parts do not hold all tensors", $"{expected}", $"{count}");
        }
    }

    private static int? ReadInt(GgufParser parser, string path, string key, int min, int max)
    {
        if (!parser.Metadata.TryGetValue(key, out GgufValue? value))
        {
            return null;
        }

        return value.TryGetInt64(out long number) && number >= min && number <= max
            ? (int)number
            : throw new ModelFormatException(path, value.Position, $"metadata key '{key}' is wrong", $"{min} to {max}", value.ToString());
    }

    private static string Compose(string prefix, int index, int count) =>
        string.Create(CultureInfo.InvariantCulture, $"{prefix}-{index + 1:D5}-of-{count:D5}.gguf");

    [GeneratedRegex(@"^(.*)-([0-9]{5})-of-([0-9]{5})\.gguf\z", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex PartName();
}
