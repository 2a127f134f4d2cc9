using System.Text;
using VkInfer.Formats;
using VkInfer.Tokenization;
using VkInfer.Vulkan;

namespace VkInfer.Tests.Hostile;

/// <summary>
/// Models that contradict themselves: one aspect of a valid file is changed, and loading must end in one line that says what and
/// where. The device asked for does not exist: whatever is not found before the device is opened shows as a missing device.
/// </summary>
public sealed class HostileModelTests
{
    private static readonly ModelOptions NoDevice = new() { Device = "no such device" };

    [Test]
    public void The_model_that_the_others_are_made_from_is_valid()
    {
        using var file = new TemporaryFile(new TinyLlama().ToArray());
        Assert.That(() => Model.Load(file.Path, NoDevice),
            Throws.TypeOf<DeviceNotFoundException>().With.Message.Contains("no such device"));
        Assert.That(ModelInspection.Inspect(file.Path).Unsupported, Is.Null);

        using Model model = Model.Load(file.Path, TestModels.Options());
        using Session session = model.CreateSession();
        session.Append(model.Tokenizer.Encode("ab a"));
        Assert.That(session.NextToken(SamplingOptions.Greedy), Is.InRange(0, TinyLlama.VocabSize - 1));
    }

    [TestCaseSource(typeof(HostileConfigurations), nameof(HostileConfigurations.Cases))]
    [TestCaseSource(typeof(HostileWeights), nameof(HostileWeights.Cases))]
    [TestCaseSource(typeof(HostileTokenizers), nameof(HostileTokenizers.Cases))]
    public void Is_refused_before_a_device_is_touched(Delegate change, string[] said)
    {
        var model = new TinyLlama();
        ((Action<TinyLlama>)change)(model);
        using var file = new TemporaryFile(model.ToArray());
        Exception? thrown = Assert.Catch(() => Model.Load(file.Path, NoDevice));
        Assert.That(thrown, Is.TypeOf<UnsupportedModelException>().Or.TypeOf<ModelFormatException>());
        AssertOneLine(thrown!, [file.Path, .. said]);

        ModelInspection inspection = ModelInspection.Inspect(file.Path);
        Assert.That((inspection.Unsupported, inspection.Config, inspection.Memory),
            Is.EqualTo((thrown!.Message, (ModelConfig?)null, (MemoryRequirements?)null)));
    }

    [Test]
    public async Task A_broken_chat_template_keeps_a_model_from_chatting_and_from_nothing_else()
    {
        var tiny = new TinyLlama();
        tiny.Metadata["tokenizer.chat_template"] = "{{ bos_token }}\n{% for message in messages \u001b[31m %}";
        using var file = new TemporaryFile(tiny.ToArray());
        using Model model = Model.Load(file.Path, TestModels.Options());
        Assert.That(model.IsChatModel);
        using Session session = model.CreateSession();
        session.Append(model.Tokenizer.Encode("ab a"));
        Assert.That(session.NextToken(SamplingOptions.Greedy), Is.InRange(0, TinyLlama.VocabSize - 1));

        using var chat = new ChatSession(model);
        Exception? thrown = await Assert.CatchAsync(async () =>
        {
            await foreach (GenerationUpdate _ in chat.SendAsync("Hi."))
            {
            }
        });
        Assert.That(thrown, Is.TypeOf<ChatTemplateException>());
        AssertOneLine(thrown!, ["Chat template, line 2", "U+001B"]);
        Assert.That(chat.History, Is.Empty);
    }

    [Test]
    public void A_name_from_the_file_cannot_break_or_flood_the_line()
    {
        var model = new TinyLlama();
        model.Metadata["general.architecture"] = "evil\n\u001b[31m" + new string('x', 100_000);
        using var file = new TemporaryFile(model.ToArray());
        Exception? thrown = Assert.Catch(() => Model.Load(file.Path, NoDevice));
        Assert.That(thrown, Is.TypeOf<UnsupportedModelException>());
        AssertOneLine(thrown!, [file.Path, "evil\\u000a\\u001b[31m"]);
        Assert.That(thrown!.Message, Has.Length.LessThan(1000));
    }

    [TestCase(0)]
    [TestCase(3)]
    [TestCase(1000)]
    [TestCase(-1)]
    public void A_truncated_file_is_refused(int length)
    {
        byte[] whole = new TinyLlama().ToArray();
        using var file = new TemporaryFile(whole[..(length < 0 ? whole.Length + length : length)]);
        Exception? thrown = Assert.Catch(() => Model.Load(file.Path, NoDevice));
        Assert.That(thrown, Is.TypeOf<ModelFormatException>());
        AssertOneLine(thrown!, [file.Path]);
        Assert.That(() => ModelInspection.Inspect(file.Path), Throws.TypeOf<ModelFormatException>());
    }

    [Test]
    public void A_folder_a_missing_file_and_another_kind_of_file_are_refused()
    {
        string folder = Path.GetTempPath();
        Assert.That(() => Model.Load(folder, NoDevice),
            Throws.TypeOf<UnsupportedModelException>().With.Message.Contains("config.json: no such file"));
        string missing = Path.Combine(folder, "vkinfer-no-such-file.gguf");
        Assert.That(() => Model.Load(missing, NoDevice), Throws.TypeOf<FileNotFoundException>().With.Message.Contains(missing));
        using var text = new TemporaryFile(Encoding.UTF8.GetBytes("Once upon a time there was no model."));
        Assert.That(() => Model.Load(text.Path, NoDevice), Throws.TypeOf<ModelFormatException>().With.Message.Contains(text.Path));
        Assert.That(() => Model.Load("", NoDevice), Throws.ArgumentException);
    }

    private static void AssertOneLine(Exception thrown, string[] said)
    {
        Assert.That(thrown.Message.Any(char.IsControl), Is.False, thrown.Message);
        foreach (string part in said)
        {
            Assert.That(thrown.Message, Does.Contain(part));
        }
    }
}
