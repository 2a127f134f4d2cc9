namespace VkInfer.Tokenization.Tests;

/// <summary>Unicode's normalization forms, without .NET's, which does nothing in these tests: globalization is invariant.</summary>
public sealed class UnicodeFormsTests
{
    [TestCase("NFC", "e\u0301", "é")]
    [TestCase("NFD", "é", "e\u0301")]
    [TestCase("NFC", "\u212B", "\u00C5", Description = "a singleton is replaced")]
    [TestCase(
        "NFC", "a\u0315\u0300\u05AE\u0300", "\u00E0\u05AE\u0300\u0315", Description = "marks are sorted by class, and a blocked one stays")]
    [TestCase("NFC", "\u0958", "\u0915\u093C", Description = "an excluded composite stays apart")]
    [TestCase("NFC", "\u1100\u1161\u11A8", "\uAC01")]
    [TestCase("NFD", "\uD55C", "\u1112\u1161\u11AB")]
    [TestCase("NFKC", "ﬁ½㍿", "fi1⁄2株式会社")]
    [TestCase("NFKD", "ｶﾞ", "カ\u3099")]
    [TestCase("NFKC", "ｶﾞ", "ガ")]
    [TestCase("NFC", "\U0001D15E", "\U0001D157\U0001D165", Description = "beyond U+FFFF")]
    [TestCase("NFC", "ﬁ", "ﬁ")]
    [TestCase("NFKC", "\uFDFA", "صلى الله عليه وسلم")]
    public void A_text_has_its_form(string form, string text, string expected) =>
        Assert.That(UnicodeForms.Normalize(text, form), Is.EqualTo(expected));

    [Test]
    public void Forms_of_any_text_agree_with_each_other()
    {
        EncodingTests.AnyText.Check(
            5000,
            text =>
            {
                string Of(string form, string source) => UnicodeForms.Normalize(source, form);
                (string composed, string decomposed) = (Of("NFC", text), Of("NFD", text));
                return Of("NFC", composed) == composed && Of("NFC", decomposed) == composed && Of("NFD", composed) == decomposed
                    && Of("NFKC", composed) == Of("NFKC", text) && Of("NFKC", Of("NFKD", text)) == Of("NFKC", text);
            });
    }
}
