using System.Diagnostics;
using System.Text;
using VkInfer.Grammar.Tokens;
using VkInfer.Testing;

namespace VkInfer.Grammar.Tests;

/// <summary>Grammars that are small and cost much: refused soon, in little memory, and cancelled at once.</summary>
public sealed class HostileGrammarTests
{
    private const long MostBytes = 200L << 20;
    private static readonly TimeSpan MostTime = TimeSpan.FromSeconds(5);

    private static readonly TokenTrie Bytes =
        new([default, .. Enumerable.Range(0, 256).Select(b => new ReadOnlyMemory<byte>([(byte)b]))], [0]);

    [TestCase("\"a\"?")]
    [TestCase("\"\"")]
    [TestCase("\"a\"{0,9}")]
    [TestCase("[a-z]* \"b\"?")]
    public void A_chain_of_doubled_rules_is_refused_when_it_is_compiled(string last)
    {
        var text = new StringBuilder("root ::= r0\n");
        for (int i = 0; i < 60; i++)
        {
            text.Append($"r{i} ::= r{i + 1} r{i + 1}\n");
        }

        text.Append($"r60 ::= {last}");
        long before = GC.GetAllocatedBytesForCurrentThread();
        TimeSpan start = Environment.CpuUsage.TotalTime;
        Assert.That(() => Gbnf.Compile(text.ToString()), Throws.TypeOf<GrammarException>().With.Message.Contains("too ambiguous"));
        AssertCheap(before, start);
    }

    [TestCase("root ::= ((((\"a\"?){0,1000}){0,1000}){0,1000}){0,1000}", "aaaaaaaaaaaaaaaa")]
    [TestCase("root ::= ([ab]{1,1000}){1,1000} ([ab]{1,1000}){1,1000}", "abababababababababababababab")]
    [TestCase("root ::= (([ab]{1,1000}){1,1000}){1,1000} \"c\"", "abababababababababababababababab")]
    [TestCase("root ::= x{1,100000}\nx ::= \"(\" x{0,100000} \")\" | \"()\" | \"((\" x{0,9} \"))\"", "(((((((((((((((((((((((((((")]
    [TestCase("root ::= x \"b\"\nx ::= \"a\" x \"a\" | \"b\" x \"a\" | [ab] x \"b\" | \"a\" x | \"a\"", "abababababababaaabbbbabababbabab")]
    [TestCase("root ::= [ab]* \"a\" [ab]{30} \"c\" root?", "abababababaaabbababababaabababaabbabababababbaabababab")]
    [TestCase("root ::= \"x\" (r r r r r r r r)* \nr ::= (s s s s s s s s)?\ns ::= (t t t t t t t t)?\nt ::= [a-z]?", "xab")]
    public void Counts_and_ambiguities_within_each_other_are_bounded(string grammar, string text)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        TimeSpan start = Environment.CpuUsage.TotalTime;
        int read = 0;
        try
        {
            var matcher = new GrammarMatcher(new TokenMasks(Gbnf.Compile(grammar), Bytes));
            uint[] mask = new uint[9];
            foreach (char c in text)
            {
                matcher.FillMask(mask);
                matcher.Accept(1 + c);
                read++;
            }

            TestContext.Out.WriteLine("read");
        }
        catch (GrammarException refused) when (refused.Message.Contains("too ambiguous", StringComparison.Ordinal))
        {
            TestContext.Out.WriteLine($"refused after {read} characters");
        }

        AssertCheap(before, start);
    }

    [Test]
    public void A_mask_under_way_can_be_cancelled()
    {
        // As many sets as there are texts of 30 letters, and tokens that try them.
        var random = new Random(1);
        byte[] Letters() => [.. Enumerable.Range(0, 40).Select(_ => (byte)('a' + random.Next(2)))];
        ReadOnlyMemory<byte>[] tokens = [default, .. Enumerable.Range(0, 200_000).Select(_ => new ReadOnlyMemory<byte>(Letters()))];
        var masks = new TokenMasks(Gbnf.Compile("root ::= [ab]* \"a\" [ab]{30} \"c\" root?"), new TokenTrie(tokens, [0]));
        uint[] mask = new uint[(tokens.Length + 31) / 32];
        var longest = TimeSpan.FromMilliseconds(500);
        TimeSpan soonest = Least.Time(longest, () =>
        {
            using var stop = new CancellationTokenSource();
            long cancelled = 0;
            var timer = new Thread(() =>
            {
                Thread.Sleep(50);
                cancelled = Stopwatch.GetTimestamp();
                stop.Cancel();
            });
            timer.Start();
            Assert.That(() => new GrammarMatcher(masks).FillMask(mask, stop.Token), Throws.InstanceOf<OperationCanceledException>());
            long ended = Stopwatch.GetTimestamp();
            timer.Join();
            return Stopwatch.GetElapsedTime(cancelled, ended);
        });
        Assert.That(soonest, Is.LessThan(longest));

        // Cancelled before it begins, and while another caller's mask is under way.
        Assert.That(
            () => new GrammarMatcher(masks).FillMask(mask, new CancellationToken(true)), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public void A_matcher_goes_on_after_a_cancelled_mask()
    {
        var matcher = new GrammarMatcher(new TokenMasks(Gbnf.Compile("root ::= [a-z]{3,9} \"!\""), Bytes));
        uint[] mask = new uint[9];
        Assert.That(() => matcher.FillMask(mask, new CancellationToken(true)), Throws.InstanceOf<OperationCanceledException>());
        matcher.FillMask(mask);
        matcher.Accept(1 + 'a');
        Assert.That(matcher.IsMatch, Is.False);
    }

    private static void AssertCheap(long before, TimeSpan start)
    {
        long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        TimeSpan time = Environment.CpuUsage.TotalTime - start;
        TestContext.Out.WriteLine($"{time.TotalSeconds:F2} s, {bytes >> 20} MiB allocated");
        Assert.That(time, Is.LessThan(MostTime));
        Assert.That(bytes, Is.LessThan(MostBytes));
    }
}
