namespace VkInfer.Tests.House;

/// <summary>Files that one can read at a sitting.</summary>
[Category("Host")]
public sealed class SizeTests
{
    private const int MostLines = 300;

    [Test]
    public void Files_of_the_engine_and_the_model_have_less_than_300_lines() => Assert.That(
        from file in SourceTree.Read(".cs")
        where file.Path.StartsWith("src/VkInfer/Engine/", StringComparison.Ordinal)
            || file.Path.StartsWith("src/VkInfer/Model", StringComparison.Ordinal)
        where file.Lines.Length >= MostLines
        select $"{file.Path}: {file.Lines.Length} lines",
        Is.Empty);
}
