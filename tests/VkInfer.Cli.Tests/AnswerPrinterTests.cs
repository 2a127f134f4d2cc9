using VkInfer.Answers;
using VkInfer.Samples;

namespace VkInfer.Cli.Tests;

/// <summary>What of an answer with thoughts is printed.</summary>
public sealed class AnswerPrinterTests
{
    private static readonly AnswerPiece[][] Answer =
    [
        [new ReasoningPiece("Hm")], [], [new ReasoningPiece("."), new TextPiece("Fo")], [new TextPiece("ur.")],
    ];

    [TestCase(true, true, "\e[2mThinking: Hm.\e[0m\n\nFour.\n")]
    [TestCase(true, false, "Thinking: Hm.\n\nFour.\n")]
    [TestCase(false, false, "Four.\n")]
    public void Thoughts_are_for_a_person_who_watches(bool showsThoughts, bool usesColor, string expected) =>
        Assert.That(Print(Answer, showsThoughts, usesColor), Is.EqualTo(expected));

    [Test]
    public void What_comes_behind_a_thought_that_was_stopped_is_not_dim() =>
        Assert.That(Print(Answer[..1], showsThoughts: true, usesColor: true), Is.EqualTo("\e[2mThinking: Hm\e[0m\n\n\n"));

    [Test]
    public void What_comes_behind_an_answer_that_was_left_is_not_dim()
    {
        using var output = new StringWriter();
        using (var printer = new AnswerPrinter(output, showsThoughts: true, usesColor: true))
        {
            printer.Write(Answer[0]);
        }

        Assert.That(output.ToString(), Does.EndWith("\e[0m\n\n"));
    }

    private static string Print(IEnumerable<AnswerPiece[]> answer, bool showsThoughts, bool usesColor)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var printer = new AnswerPrinter(output, showsThoughts, usesColor);
        foreach (AnswerPiece[] pieces in answer)
        {
            printer.Write(pieces);
        }

        printer.End();
        return output.ToString();
    }
}
