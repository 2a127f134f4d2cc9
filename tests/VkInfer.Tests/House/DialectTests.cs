using System.Text.RegularExpressions;

namespace VkInfer.Tests.House;

/// <summary>One way to write, where no analyzer can say so.</summary>
public sealed partial class DialectTests
{
    private const int Columns = 140;

    /// <summary>Text inside quotes may be longer: to cut it hides what it says.</summary>
    [Test]
    public void Lines_fit_into_140_columns() => ExpectNone(
        from file in SourceTree.Read(".cs", ".comp", ".glsl", ".cmake")
        from line in file.Lines.Index()
        where line.Item.Length > Columns && !HasLongText(line.Item)
        select $"{file.Path}({line.Index + 1}): {line.Item.Length} columns");

    [Test]
    public void Test_names_are_sentences() => ExpectNone(
        from file in SourceTree.Read("Tests.cs")
        from name in TestNames(file.Lines)
        where Hump().IsMatch(name)
        select $"{file.Path}: {name}");

    [Test]
    public void Shaders_are_of_one_version() => ExpectNone(
        from file in SourceTree.Read(".comp")
        where file.Lines.FirstOrDefault() != "#version 460"
        select $"{file.Path}: begins with '{file.Lines.FirstOrDefault()}'");

    [Test]
    public void Push_constants_are_called_push() => ExpectNone(
        from file in SourceTree.Read(".comp", ".glsl")
        let text = string.Join('\n', file.Lines)
        where text.Contains("push_constant", StringComparison.Ordinal)
        where !text.Contains("} push;", StringComparison.Ordinal)
        select file.Path);

    /// <summary>More siblings than these, and nobody finds anything: make rooms.</summary>
    [Test]
    public void Folders_have_at_most_32_files() => ExpectNone(
        from folder in SourceTree.Paths().GroupBy(path => path[..path.LastIndexOf('/')])
        where folder.Count() > 32
        select $"{folder.Key}: {folder.Count()} files");

    [TestCase("    Foo(a, b);", false)]
    [TestCase("        \"a very long piece of text that says something of importance to those who read it\"", true)]
    public void What_counts_as_long_text(string line, bool expected) =>
        Assert.That(HasLongText(line.PadRight(Columns + 1, '…')), Is.EqualTo(expected));

    private static bool HasLongText(string line) =>
        Quoted().Replace(line, "").Length <= Columns && line.Contains('"', StringComparison.Ordinal);

    private static IEnumerable<string> TestNames(string[] lines)
    {
        bool isTest = false;
        foreach (string line in lines)
        {
            isTest |= Attribute().IsMatch(line);
            if (Method().Match(line) is { Success: true } method)
            {
                if (isTest)
                {
                    yield return method.Groups[1].Value;
                }

                isTest = false;
            }
        }
    }

    private static void ExpectNone(IEnumerable<string> faults) => Assert.That(faults, Is.Empty);

    [GeneratedRegex("[a-z][A-Z]|[A-Z]{2}[a-z]")]
    private static partial Regex Hump();

    [GeneratedRegex(@"^ +\[(Test|TestCase|TestCaseSource|Theory)\b")]
    private static partial Regex Attribute();

    [GeneratedRegex(@"^    (?:public|private|internal|protected) (?:static |async |override )*\S+ (\w+)\(")]
    private static partial Regex Method();

    [GeneratedRegex("\"+.*\"+")]
    private static partial Regex Quoted();
}
