using VkInfer.Testing;

namespace VkInfer.Tokenization.Tests;

/// <summary>Regular expressions in Oniguruma's dialect: what they find, what is refused, and what they cost at most.</summary>
public sealed class ExpressionTests
{
    [TestCase(" ?a+", " /a/a", ExpectedResult = "2+1 4+1", Description = ".NET's NonBacktracking engine loses the first")]
    [TestCase("a++b|a", "aaab", ExpectedResult = "0+4")]
    [TestCase("a++a", "aaa", ExpectedResult = "")]
    [TestCase("a{2}?", "aaa", ExpectedResult = "0+2 3+0", Description = "two or none, as Ruby has it")]
    [TestCase("a{,2}", "aaa", ExpectedResult = "0+2 2+1")]
    [TestCase("a{x}", "a{x}", ExpectedResult = "0+4", Description = "no interval: text")]
    [TestCase("x*", "axb", ExpectedResult = "0+0 1+1 3+0", Description = "empty matches count, but not behind another")]
    [TestCase("(?<=[a-z])(?=[A-Z])", "iPhoneX", ExpectedResult = "1+0 6+0")]
    [TestCase("[[:alpha:]]+", "if ab", ExpectedResult = "0+2 3+2")]
    [TestCase("[[:^alpha:]]", "a1", ExpectedResult = "1+1")]
    [TestCase(@"[\p{L}&&[^a-c]]+", "abcdef", ExpectedResult = "3+3")]
    [TestCase(@"[a-z&&[^b]&&[a-c]]", "abc", ExpectedResult = "0+1 2+1")]
    [TestCase("[𐐀-𐑏]", "a𐐨", ExpectedResult = "1+2")]
    [TestCase(@"\p{Han}|\p{script=Hiragana}|\p{IsX}?", "漢", ExpectedResult = "refused", Description = "no such property")]
    [TestCase(@"\p{Han}|\p{Script=Hiragana}", "漢あア", ExpectedResult = "0+1 1+1")]
    [TestCase(@"\x{4e00}|\u6F22|\x41", "一漢A", ExpectedResult = "0+1 1+1 2+1")]
    [TestCase(@"\h+", "xAf0", ExpectedResult = "1+3", Description = "hexadecimal digits")]
    [TestCase("(?i:'s)", "'S'ſ", ExpectedResult = "0+2 2+2", Description = "a long s is an s")]
    [TestCase("a(?i)b|c", "aBcC", ExpectedResult = "0+2", Description = "the option reaches over the bar")]
    [TestCase("(?x: a b # two\n)", "ab", ExpectedResult = "0+2")]
    [TestCase("(a)(b)?\\1", "aba aa", ExpectedResult = "0+3 4+2")]
    [TestCase("(?<n>a|b)\\k<n>", "abb", ExpectedResult = "1+2")]
    [TestCase("^b$", "a\nb\nc", ExpectedResult = "2+1", Description = "lines, always")]
    [TestCase("a.b", "a\nb", ExpectedResult = "")]
    [TestCase("(?m:a.b)", "a\nb", ExpectedResult = "0+3")]
    [TestCase("(?:a|b*)*c", "abbac", ExpectedResult = "0+5", Description = "a loop whose body may be empty")]
    [TestCase("(?<!a|bc)d", "adbcdd", ExpectedResult = "5+1")]
    [TestCase("[]a]", "]", ExpectedResult = "0+1")]
    [TestCase("(", "", ExpectedResult = "refused")]
    [TestCase("a)", "", ExpectedResult = "refused")]
    [TestCase("*", "", ExpectedResult = "refused")]
    [TestCase("[z-a]", "", ExpectedResult = "refused")]
    [TestCase("[a", "", ExpectedResult = "refused")]
    [TestCase("(?~a)", "", ExpectedResult = "refused")]
    [TestCase(@"\X", "", ExpectedResult = "refused")]
    [TestCase(@"\x{110000}", "", ExpectedResult = "refused")]
    [TestCase("(?:ab){99999}", "", ExpectedResult = "refused")]
    public string An_expression_finds_what_Oniguruma_finds(string pattern, string text)
    {
        try
        {
            var found = new List<(int Start, int Length)>();
            Expression.Create(pattern, "p").FindAll(text, found);
            return string.Join(' ', found.Select(match => $"{match.Start}+{match.Length}"));
        }
        catch (TokenizerException exception)
        {
            Assert.That(exception.Message, Does.Not.Contain("\n"));
            return "refused";
        }
    }

    [TestCase("(a|aa)+b", Description = "exponential")]
    [TestCase("(a+)+b")]
    [TestCase("(?:a?){30}a{30}b")]
    [TestCase("(?=(a+)+\\z)(a|aa)+b")]
    [TestCase("a*a*a*a*a*b", Description = "to the power of six")]
    [TestCase("(a*)*b", Description = "a loop whose body may be empty")]
    [TestCase("(a*)(a*)\\1\\2b", Description = "what a reference finds depends on what came before")]
    [TestCase("(?<=a*)b", Description = "a look behind of any length")]
    [TestCase("((a?){9}){9}\\2b")]
    public void A_hostile_expression_matches_or_is_refused_in_bounded_time(string pattern)
    {
        var found = new List<(int, int)>();
        var expression = Expression.Create(pattern, "p");
        bool isRefused = false;
        var longest = TimeSpan.FromSeconds(10);
        TimeSpan time = Least.ProcessorTime(longest, () =>
        {
            found.Clear();
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                expression.FindAll(new string('a', 20_000) + "c", found);
            }
            catch (TokenizerException)
            {
                isRefused = true;
            }

            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(300_000_000));
        });
        TestContext.Out.WriteLine($"{pattern}: {time.TotalMilliseconds:F0} ms, {(isRefused ? "refused" : $"{found.Count} matches")}");
        Assert.That(time, Is.LessThan(longest));
    }

    [Test]
    public void Expressions_of_any_text_are_read_or_refused()
    {
        const string Alphabet = "ab(|)[]^&-*+?{},0123\\pPLdwsxu:<>=!iI.$ \n漢𐐀kzR";
        string[] alphabet = [.. Alphabet.EnumerateRunes().Select(rune => rune.ToString())];
        int read = 0;
        for (int seed = 0; seed < 50_000; seed++)
        {
            var random = new Random(seed);
            string pattern = string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => alphabet[random.Next(alphabet.Length)]));
            try
            {
                Expression.Create(pattern, "p").FindAll("ab 12 漢𐐀\n", []);
                read++;
            }
            catch (TokenizerException)
            {
            }
        }

        TestContext.Out.WriteLine($"50000 patterns, {read} are expressions");
        Assert.That(read, Is.InRange(5_000, 45_000));
    }
}
