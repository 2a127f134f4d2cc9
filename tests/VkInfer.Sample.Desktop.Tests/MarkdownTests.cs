using System.Text.RegularExpressions;
using VkInfer.Samples.Desktop.Text;

namespace VkInfer.Samples.Desktop.Tests;

/// <summary>What a model writes is shown, and does nothing.</summary>
public sealed partial class MarkdownTests
{
    [TestCase("<script>alert(1)</script>")]
    [TestCase("a <img src=x onerror=alert(1)> b")]
    [TestCase("<iframe src=\"https://example.org\"></iframe>")]
    [TestCase("[click](javascript:alert(1))")]
    [TestCase("[click](JaVaScRiPt:alert(1))")]
    [TestCase("[click](java\tscript:alert(1))")]
    [TestCase("[click](&#106;avascript:alert(1))")]
    [TestCase("[click](data:text/html;base64,PHNjcmlwdD4=)")]
    [TestCase("[click](vbscript:x)")]
    [TestCase("[click](/relative)")]
    [TestCase("[click][1]\n\n[1]: javascript:alert(1)")]
    [TestCase("<javascript:alert(1)>")]
    [TestCase("![picture](javascript:alert(1))")]
    [TestCase("![picture](https://example.org/spy.png)")]
    [TestCase("[a](https://example.org\" onclick=\"alert(1))")]
    [TestCase("text {onclick=alert(1) .class}")]
    [TestCase("# Heading {onclick=alert(1)}")]
    [TestCase("```x\" onclick=\"alert(1)\ncode\n```")]
    [TestCase("[![p](javascript:a)](javascript:b)")]
    public void Nothing_of_an_answer_runs_or_is_fetched(string markdown)
    {
        string html = MarkdownText.ToHtml(markdown);
        foreach (Match tag in Tags().Matches(html))
        {
            Assert.That(tag.Groups["name"].Value, Is.AnyOf("p", "a", "h1", "pre", "code", "em"), html);
            Assert.That(tag.Value, Does.Not.Match(@"\son\w+\s*="), html);
        }

        foreach (Match link in Links().Matches(html))
        {
            Assert.That(link.Groups[1].Value, Does.StartWith("https://"), html);
        }
    }

    [Test]
    public void Text_that_a_link_or_a_picture_had_stays() => Assert.Multiple(() =>
    {
        Assert.That(MarkdownText.ToHtml("a [click **me**](javascript:x) b"), Does.Contain("click").And.Contain("<strong>me</strong>"));
        Assert.That(MarkdownText.ToHtml("![a cat](https://example.org/cat.png)"), Does.Contain(">a cat</a>"));
        Assert.That(MarkdownText.ToHtml("2 < 3 <b>bold</b>"), Does.Contain("2 &lt; 3 &lt;b&gt;bold"));
    });

    [Test]
    public void Links_open_outside_and_tell_nobody_where_they_were() => Assert.That(
        MarkdownText.ToHtml("[a](https://example.org/b)"),
        Does.Contain("href=\"https://example.org/b\"").And.Contain("target=\"_blank\"").And.Contain("rel=\"noopener noreferrer\""));

    [Test]
    public void Code_and_tables_are_shown() => Assert.Multiple(() =>
    {
        string code = MarkdownText.ToHtml("```csharp\nif (a < b) { }\n```");
        Assert.That(code, Does.Contain("<pre><code").And.Contain("language-csharp").And.Contain("a &lt; b"));
        Assert.That(code, Does.Contain("tabindex=\"0\""));
        Assert.That(MarkdownText.ToHtml("| a | b |\n|---|---|\n| 1 | 2 |"), Does.Contain("<table>").And.Contain("<td>2</td>"));
    });

    /// <summary>An answer that streams is cut off anywhere.</summary>
    [Test]
    public void Every_beginning_of_an_answer_can_be_shown()
    {
        const string answer = "# A\n\n1. **b** `c` [d](https://e.f) ![g](h)\n\n| i |\n|---|\n| j |\n\n```k\nl\n```\n<m n=\"o\"> &amp; \\* ~~p~~ 😀";
        for (int length = 0; length <= answer.Length; length++)
        {
            Assert.That(() => MarkdownText.ToHtml(answer[..length]), Throws.Nothing);
        }
    }

    [GeneratedRegex("<(?<name>[a-zA-Z][a-zA-Z0-9]*)[^>]*>")]
    private static partial Regex Tags();

    [GeneratedRegex("(?:href|src)\\s*=\\s*\"([^\"]*)\"")]
    private static partial Regex Links();
}
