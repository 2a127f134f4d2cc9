using CsCheck;

namespace VkInfer.Tokenization.Tests;

/// <summary>Stop strings are found wherever the text is cut, and nothing after their beginning is shown.</summary>
public sealed class StopSequenceDetectorTests
{
    private static readonly Gen<string> Word = Gen.Char["ab"].Array[1, 4].Select(chars => new string(chars));

    [Test]
    public void The_detector_equals_a_naive_search() =>
        Gen.Select(Word.Array[0, 3], Word.Array[0, 12], ValueTuple.Create).Check(
            20_000,
            sample =>
            {
                (string[] stops, string[] pieces) = sample;
                string text = string.Concat(pieces);
                (string? expected, string? match) = Naive(text, stops);
                var detector = new StopSequenceDetector(stops);
                string shown = "";
                foreach (string? piece in pieces)
                {
                    shown += detector.Append(piece);
                    if (!expected.StartsWith(shown, StringComparison.Ordinal))
                    {
                        return false;
                    }
                }

                return shown + detector.Flush() == expected && detector.Match == match && detector.IsStopped == match is not null;
            });

    [Test]
    public void Only_what_may_begin_a_stop_string_is_held_back()
    {
        var detector = new StopSequenceDetector(["\nUser:"]);
        string[] shown = [.. new[] { "Hi", "\n", "Us", "ual\nUser", ": no" }.Select(piece => detector.Append(piece)), detector.Flush()];
        using IDisposable scope = Assert.EnterMultipleScope();
        Assert.That(shown, Is.EqualTo(new[] { "Hi", "", "", "\nUsual", "", "" }));
        Assert.That(detector.Match, Is.EqualTo("\nUser:"));
    }

    [Test]
    public void An_empty_stop_string_is_refused() =>
        Assert.That(() => new StopSequenceDetector(["a", ""]), Throws.ArgumentException);

    /// <summary>The shortest prefix of the text that ends with a stop string, less that string; the longest string counts.</summary>
    private static (string Text, string? Match) Naive(string text, string[] stops)
    {
        for (int length = 1; length <= text.Length; length++)
        {
            string? found = stops.Where(text[..length].EndsWith).MaxBy(stop => stop.Length);
            if (found is not null)
            {
                return (text[..(length - found.Length)], found);
            }
        }

        return (text, null);
    }
}
