namespace VkInfer.Tests.Store;

/// <summary>Names of models, and the files they stand for.</summary>
public sealed class ModelNameTests
{
    private static readonly string[] Many =
    [
        "README.md", "m-Q2_K.gguf", "m-Q4_K_S.gguf", "m-Q4_K_M.gguf", "m-q8_0.gguf", "mmproj-m-f16.gguf", "big/m-F16-00001-of-00002.gguf",
        "big/m-F16-00002-of-00002.gguf", "half/m-BF16-00001-of-00002.gguf",
    ];

    [TestCase("hf:Owner/repo-1.5", "Owner", "repo-1.5", "main", null)]
    [TestCase("hf:a/b:Q4_K_M", "a", "b", "main", "Q4_K_M")]
    [TestCase("hf:a/b@v1.0:x/y z.gguf", "a", "b", "v1.0", "x/y z.gguf")]
    [TestCase("hf:a/b@refs/pr/3", "a", "b", "refs/pr/3", null)]
    public void Reads_a_name_and_writes_it_again(string text, string owner, string repository, string revision, string? file)
    {
        var name = ModelName.Parse(text);
        Assert.That((name.Owner, name.Repository, name.Revision, name.File), Is.EqualTo((owner, repository, revision, file)));
        Assert.That(name.ToString(), Is.EqualTo(text));
        Assert.That(ModelName.Parse(text), Is.EqualTo(name));
    }

    [TestCase("")]
    [TestCase("hf:")]
    [TestCase("hf:a")]
    [TestCase("a/b")]
    [TestCase("hf:a/b/c")]
    [TestCase("hf:../b")]
    [TestCase("hf:a/..")]
    [TestCase("hf:a/b..c")]
    [TestCase("hf:a--x/b")]
    [TestCase("hf:a/b@")]
    [TestCase("hf:a/b:")]
    [TestCase("hf:a/b@../../c")]
    [TestCase("hf:a/b:../c.gguf")]
    [TestCase("hf:a/b:/c.gguf")]
    [TestCase("hf:a/b:c\\d.gguf")]
    [TestCase("hf:a/b\n")]
    [TestCase("hf:a/b:c:d")]
    public void Refuses_what_is_no_name(string text) =>
        Assert.That(() => ModelName.Parse(text), Throws.ArgumentException.With.Message.Contains("hf:owner/repo"));

    [TestCase(null, "m-Q4_K_M.gguf")]
    [TestCase("q2_k", "m-Q2_K.gguf")]
    [TestCase("Q8_0", "m-q8_0.gguf")]
    [TestCase("m-Q4_K_S.gguf", "m-Q4_K_S.gguf")]
    [TestCase("F16", "big/m-F16-00001-of-00002.gguf")]
    [TestCase("big/m-F16-00002-of-00002.gguf", "big/m-F16-00001-of-00002.gguf")]
    public void Chooses_the_file_that_is_meant(string? file, string expected)
    {
        var selection = FileSelection.Of(Named(file), Many);
        Assert.That(selection.Entry, Is.EqualTo(expected));
        Assert.That(selection.Files, Has.Count.EqualTo(expected.Contains("-of-", StringComparison.Ordinal) ? 2 : 1));
    }

    [TestCase("Q4_K")]
    [TestCase("BF16")]
    [TestCase("mmproj-m-f16.gguf")]
    [TestCase("none.gguf")]
    public void Refuses_a_file_that_is_not_there_or_not_whole(string file) => Assert.That(
        () => FileSelection.Of(Named(file), Many), Throws.InstanceOf<ModelStoreException>().With.Message.Contains("m-Q2_K.gguf"));

    [Test]
    public void Refuses_to_guess()
    {
        Assert.That(
            () => FileSelection.Of(Named(null), ["a-Q2_K.gguf", "a-Q3_K.gguf"]),
            Throws.InstanceOf<ModelStoreException>().With.Message.Contains("a-Q2_K.gguf, a-Q3_K.gguf"));
        Assert.That(() => FileSelection.Of(Named(null), ["a.bin"]), Throws.InstanceOf<ModelStoreException>());
        Assert.That(FileSelection.Of(Named(null), ["only-Q2_K.gguf", "mmproj.gguf"]).Entry, Is.EqualTo("only-Q2_K.gguf"));
    }

    private static ModelName Named(string? file) => ModelName.Parse(file is null ? "hf:a/b" : $"hf:a/b:{file}");
}
