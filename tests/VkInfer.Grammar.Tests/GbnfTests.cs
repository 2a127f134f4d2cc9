namespace VkInfer.Grammar.Tests;

public sealed class GbnfTests
{
    [TestCase("root ::= \"ab\"", "ab", "a abc b")]
    [TestCase("root ::= \"a\" | \"b\" | c\nc ::= \"cc\"", "a b cc", "c ab ccc")]
    [TestCase("root ::= [a-c]+", "a abcabc", "d abd")]
    [TestCase("root ::= [^a-c\\n]*", "d xyz é", "a xa")]
    [TestCase("root ::= \"x\"{2}", "xx", "x xxx")]
    [TestCase("root ::= \"x\"{2,}", "xx xxxxx", "x")]
    [TestCase("root ::= \"x\"{1,3} \"y\"?", "x xxx xxy", "xxxx y xyy")]
    [TestCase("root ::= (\"a\" | \"b\" \"c\")* # to the end\n \"!\"", "! a! bca!", "b! ac!")]
    [TestCase("root ::= \"\\x41\\u00e9\\U0001F600\\\"\\\\\"", "Aé😀\"\\", "A")]
    [TestCase("root ::= [\\[\\]\\-^]+", "[]-^", "\\")]
    [TestCase("root ::= [à-ÿ] [α-ω] [一-龥] [\\U0001F300-\\U0001F6FF]", "éλ漢😀", "eλ漢😀 éλ漢x")]
    [TestCase("root ::= .", "a é 漢 😀", "ab")]
    [TestCase("root ::= \"(\" root \")\" | \"\"", "() ((())) ", "(( ())")]
    [TestCase("root ::= \"a\" root | \"a\"", "a aaaaaaaa", "b")]
    [TestCase("root ::= x x\nx ::= \"a\"? \"b\"?", "ab ba abab b", "bbb aaa")]
    [TestCase("root ::=\n  (\"\" | \"a\"*)* \"b\"", "b aab", "a")]
    public void Matches_what_it_says_and_nothing_else(string grammar, string matching, string others)
    {
        CompiledGrammar compiled = Gbnf.Compile(grammar);
        foreach (string text in matching.Split(' '))
        {
            Assert.That(compiled.IsMatch(text), Is.True, text);
        }

        foreach (string text in others.Split(' '))
        {
            Assert.That(compiled.IsMatch(text), Is.False, text);
        }
    }

    [TestCase("root ::= \"a\" x", "line 1: rule 'x' is not defined")]
    [TestCase("a ::= \"a\"", "rule 'root' is not defined")]
    [TestCase("root ::= \"a\"\nroot ::= \"b\"", "line 2: rule 'root' is defined again; the first is in line 1")]
    [TestCase("root ::= x\n\nx ::= root \"a\" | \"b\"", "begins with itself through 'x': left recursion never ends")]
    [TestCase("root ::= \"a\" x\nx ::= y? x \"a\" | \"b\"\ny ::= \"c\"", "line 2: rule 'x' begins with itself")]
    [TestCase("root ::= \"a\" root", "line 1: rule 'root' can never end")]
    [TestCase("root ::= \"a", "line 1: expected '\"', found the end")]
    [TestCase("root ::= [a-", "line 1: expected ']', found the end")]
    [TestCase("root ::= [z-a]", "line 1: the range U+007A to U+0061 is backwards")]
    [TestCase("root ::= (\"a\"", "line 1: expected ')', found the end")]
    [TestCase("root ::= \"a\"\n)", "line 2: expected a rule's name, found ')'")]
    [TestCase("root = \"a\"", "line 1: expected '::=' after 'root', found '='")]
    [TestCase("root ::= \"\\q\"", "line 1: unknown escape '\\q'")]
    [TestCase("root ::= \"\\xZZ\"", "line 1: expected 2 hexadecimal digits, found 'Z'")]
    [TestCase("root ::= \"\\uD800\"", "line 1: U+D800 is no character")]
    [TestCase("root ::= \"a\"{3,2}", "line 1: {3,2} repeats at most less often than at least")]
    [TestCase("root ::= \"a\"{99999999999}", "line 1: 99999999999 repetitions are more than 1000000000")]
    public void A_fault_is_named_with_its_line(string grammar, string message) =>
        Assert.That(() => Gbnf.Compile(grammar), Throws.TypeOf<GrammarException>().With.Message.Contains(message));

    [Test]
    public void Deep_groups_and_long_texts_are_refused()
    {
        Assert.That(
            () => Gbnf.Compile("root ::= " + new string('(', 100_000)),
            Throws.TypeOf<GrammarException>().With.Message.Contains("nested deeper than 100"));
        Assert.That(() => Gbnf.Compile(new string('#', 2_000_000)), Throws.TypeOf<GrammarException>().With.Message.Contains("characters"));
        Assert.That(
            () => Gbnf.Compile("root ::= \"a\"" + new string('*', 200)),
            Throws.TypeOf<GrammarException>().With.Message.Contains("repetitions of one another"));
    }

    [Test]
    public void A_grammar_of_too_many_states_is_refused() => Assert.That(
        () => Gbnf.Compile("root ::= " + new string('.', 200_000)),
        Throws.TypeOf<GrammarException>().With.Message.Contains("line 1: the grammar needs more than 500000 states"));

    [Test]
    public void At_the_limit_of_depth_only_what_closes_is_allowed()
    {
        CompiledGrammar grammar = Gbnf.Compile("root ::= \"(\" root \")\" | \"x\"");
        string open = new('(', 1000);
        Assert.That(grammar.IsMatch(open + "x" + new string(')', 1000)), Is.True);
        Assert.That(grammar.IsPrefix(open + "("), Is.False);
    }
}
