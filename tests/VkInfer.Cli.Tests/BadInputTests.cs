using System.Buffers.Binary;
using System.Text;
using VkInfer.Testing;

namespace VkInfer.Cli.Tests;

/// <summary>Bad input ends with exit code 1 and one line that says what and where.</summary>
public class BadInputTests
{
    private static readonly string[][] ModelCommands =
    [
        ["inspect"],
        ["tokenize", "--text", "a"],
        ["detokenize", "--ids", "1"],
        ["logits", "--tokens", "1", "--out", "never-written"],
        ["generate", "--prompt", "a"],
        ["chat"],
        ["bench"],
    ];

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void CreateFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void Missing_model_is_named([ValueSource(nameof(ModelCommands))] string[] command) =>
        AssertModelFails(command, _folder.PathOf("missing.gguf"), "missing.gguf");

    [Test]
    public void Directory_is_no_model([ValueSource(nameof(ModelCommands))] string[] command) =>
        AssertModelFails(command, _folder.FullName, _folder.FullName);

    [Test]
    public void Empty_file_is_no_model([ValueSource(nameof(ModelCommands))] string[] command) =>
        AssertModelFails(command, _folder.Write("empty.gguf", []), "empty.gguf");

    [Test]
    public void Text_is_no_model([ValueSource(nameof(ModelCommands))] string[] command) =>
        AssertModelFails(command, _folder.Write("text.gguf", "Once upon a time, there was no model."u8.ToArray()), "text.gguf at byte 0");

    [Test]
    public void Hostile_counts_are_refused([ValueSource(nameof(ModelCommands))] string[] command)
    {
        byte[] header = new byte[24];
        "GGUF"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), 3);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), ulong.MaxValue);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(16), ulong.MaxValue);
        AssertModelFails(command, _folder.Write("hostile.gguf", header), "hostile.gguf at byte");
    }

    /// <summary>Before the work, whose result would be lost: the model is not even looked for.</summary>
    [TestCase("bench --model m --profile --plot")]
    [TestCase("bench serve --model m --plot")]
    [TestCase("tune --model m --plot")]
    [TestCase("logits --model m --tokens 1 --out")]
    public void A_file_that_cannot_be_written_is_named_at_once(string command)
    {
        CliRun.Of([.. command.Split(' '), _folder.FullName]).AssertFailure(1, $"{_folder.FullName}: is a directory");
        string path = Path.Combine(_folder.FullName, "missing", "file");
        CliRun.Of([.. command.Split(' '), path]).AssertFailure(1, $"{path}: its folder is not there");
    }

    [TestCase("--grammar", "root ::= x", "g.txt: line 1: rule 'x' is not defined")]
    [TestCase("--json-schema", "{\"contains\":{}}", "g.txt: #: keyword 'contains' is not supported")]
    public void A_faulty_grammar_is_named(string option, string text, string message) =>
        CliRun.Of("generate", "--prompt", "a", option, _folder.Write("g.txt", Encoding.UTF8.GetBytes(text))).AssertFailure(1, message);

    [TestCase(0.1)]
    [TestCase(0.5)]
    [TestCase(0.999)]
    public void Truncated_model_is_refused(double part)
    {
        byte[] whole = File.ReadAllBytes(ReferenceData.StoriesPath);
        string path = _folder.Write("truncated.gguf", whole[..(int)(whole.Length * part)]);
        AssertModelFails(["generate", "--prompt", "a"], path, "truncated.gguf");
    }

    [Test]
    public void Unknown_architecture_is_named()
    {
        byte[] model = File.ReadAllBytes(ReferenceData.StoriesPath);
        int key = model.AsSpan().IndexOf("general.architecture"u8);
        "mamba"u8.CopyTo(model.AsSpan(key + model.AsSpan(key).IndexOf("llama"u8)));
        CliRun.OnDevice("generate", "--prompt", "a", "--model", _folder.Write("mamba.gguf", model)).AssertFailure(1, "mamba");
    }

    [TestCase("generate --prompt a --grammar", "more than 16777216 bytes")]
    [TestCase("generate --prompt a --json-schema", "more than 16777216 bytes")]
    [TestCase("perplexity --file", "more than 67108864 bytes")]
    [TestCase("tokenize --file", "more than 67108864 bytes")]
    [Platform("Unix")]
    public void A_text_without_end_is_refused_in_bounded_memory(string command, string message)
    {
        long before = GC.GetTotalAllocatedBytes();
        CliRun.OnDevice([.. command.Split(' '), "/dev/zero", "--model", ReferenceData.StoriesPath]).AssertFailure(1, message);
        Assert.That(GC.GetTotalAllocatedBytes() - before, Is.LessThan(400L << 20));
    }

    [TestCase("-1")]
    [TestCase("1,2,512")]
    [TestCase("2147483647")]
    public void Token_outside_the_vocabulary_is_refused(string ids)
    {
        string model = ReferenceData.StoriesPath;
        string output = _folder.PathOf("logits");
        Assert.Multiple(() =>
        {
            CliRun.Of("detokenize", "--model", model, "--ids", ids).AssertFailure(1, "512");
            CliRun.OnDevice("generate", "--model", model, "--tokens", ids).AssertFailure(1, "511");
            CliRun.OnDevice("logits", "--model", model, "--tokens", ids, "--out", output).AssertFailure(1, "511");
            Assert.That(File.Exists(output), Is.False);
        });
    }

    [Test]
    public void Prompt_longer_than_the_context_is_refused() => CliRun.OnDevice(
        "generate", "--model", ReferenceData.StoriesPath, "--context", "4", "--tokens", "1,403,407,261,378")
        .AssertFailure(1, "5 tokens do not fit");

    [Test]
    public void Context_longer_than_the_models_is_refused() => CliRun.OnDevice(
        "generate", "--model", ReferenceData.StoriesPath, "--context", "513", "--prompt", "a").AssertFailure(1, "512");

    [Test]
    public void Unknown_device_is_named() => CliRun.Of(
        "generate", "--model", ReferenceData.StoriesPath, "--prompt", "a", "--device", "no-such-device").AssertFailure(
            1, "no-such-device");

    [Test]
    public void Invalid_utf8_is_found_in_files()
    {
        string model = ReferenceData.StoriesPath;
        string file = _folder.Write("latin1.txt", [.. "caf"u8, 0xE9, .. " au lait"u8]);
        Assert.Multiple(() =>
        {
            CliRun.Of("tokenize", "--model", model, "--file", file).AssertFailure(1, "latin1.txt: not valid UTF-8 at byte 3");
            CliRun.Of("perplexity", "--model", model, "--file", file).AssertFailure(1, "latin1.txt: not valid UTF-8 at byte 3");
        });
    }

    [Test]
    public void Text_shorter_than_a_window_has_no_perplexity() => CliRun.OnDevice(
        "perplexity", "--model", ReferenceData.StoriesPath, "--file",
        _folder.Write("short.txt", Encoding.UTF8.GetBytes("Once upon a time")))
        .AssertFailure(1, "fewer than one window of 512");

    [Test]
    public void Output_that_cannot_be_written_is_named() => CliRun.OnDevice(
        "logits", "--model", ReferenceData.StoriesPath, "--tokens", "1", "--out", _folder.FullName).AssertFailure(
            1, _folder.FullName);

    private static void AssertModelFails(string[] command, string model, string message) =>
        CliRun.OnDevice([.. command, "--model", model]).AssertFailure(1, message);
}
