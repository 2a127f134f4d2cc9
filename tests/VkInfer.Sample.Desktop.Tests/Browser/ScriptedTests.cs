using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace VkInfer.Samples.Desktop.Tests.Browser;

/// <summary>What the embedded model does not say: reasoning, tool calls, Markdown; and the window by keyboard alone.</summary>
[Category("Browser")]
public sealed class ScriptedTests
{
    private readonly TemporaryFolder _folder = new();
    private DesktopWindow _window = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => _window = await DesktopWindow.StartAsync(
        _folder, DesktopRun.Settings with { OffersTools = true },
        services => services.AddChatClient(_ => new ScriptedClient(Answer)).UseFunctionInvocation());

    [OneTimeTearDown]
    public async Task EndAsync()
    {
        await _window.DisposeAsync();
        _folder.Dispose();
    }

    [SetUp]
    public Task BeginAsync() => _window.BeginAsync();

    [Test]
    public async Task Reasoning_is_folded_and_tool_calls_are_shown()
    {
        await _window.AskAsync("tool");
        ILocator messages = _window.Page.Locator("#messages");
        await DesktopWindow.ExpectAsync(messages, "Calls days_between");
        await Assertions.Expect(messages.GetByText("A tool counts days.")).ToBeHiddenAsync();
        await messages.GetByText("Reasoning").ClickAsync();
        await Assertions.Expect(messages.GetByText("A tool counts days.")).ToBeVisibleAsync();
        await messages.GetByText("Calls days_between").ClickAsync();
        await Assertions.Expect(messages.GetByText("2026-02-01")).ToBeVisibleAsync();
        await messages.GetByText("Result").ClickAsync();
        await DesktopWindow.ExpectAsync(_window.Answer, "It is 31 days.");
        await _window.CheckStateAsync("tools");
        await _window.Page.ReloadAsync();
        await DesktopWindow.ExpectAsync(messages, "Calls days_between");
    }

    [Test]
    public async Task Markdown_is_drawn_and_html_is_text()
    {
        await _window.AskAsync("markdown");
        await DesktopWindow.ExpectAsync(_window.Answer.Locator("pre code"), "return 42;");
        await Assertions.Expect(_window.Answer.Locator("td")).ToHaveCountAsync(2);
        await DesktopWindow.ExpectAsync(_window.Answer, "<img src=x");
        await Assertions.Expect(_window.Answer.Locator("img")).ToHaveCountAsync(0);
        await _window.CheckStateAsync("markdown");
    }

    [Test]
    public async Task An_answer_that_fails_in_the_middle_keeps_its_beginning()
    {
        await _window.AskAsync("fail");
        await DesktopWindow.ExpectAsync(_window.Answer, "So far");
        await DesktopWindow.ExpectAsync(_window.Page.Locator("#messages").GetByRole(AriaRole.Alert), "A file cannot be read");
        await _window.CheckStateAsync("failed-answer");
    }

    [Test]
    public async Task An_answer_goes_on_while_the_window_is_reloaded()
    {
        await _window.Composer.FillAsync("long");
        await _window.Button("Send").ClickAsync();
        await DesktopWindow.ExpectAsync(_window.Answer, "word");
        await _window.Page.ReloadAsync();
        await DesktopWindow.ExpectAsync(_window.Answer, "the end");
    }

    [Test]
    public async Task Everything_is_done_by_keyboard()
    {
        IKeyboard keyboard = _window.Page.Keyboard;
        await keyboard.PressAsync("Control+Shift+O");
        await Assertions.Expect(_window.Composer).ToBeFocusedAsync();
        await keyboard.TypeAsync("first line");
        await keyboard.PressAsync("Shift+Enter");
        await keyboard.TypeAsync("echo");
        await keyboard.PressAsync("Enter");
        await _window.UntilAnsweredAsync();
        await DesktopWindow.ExpectAsync(_window.Answer, "You said: first line echo");

        // Stop, then again.
        await Assertions.Expect(_window.Composer).ToHaveValueAsync("");
        await _window.Composer.FocusAsync();
        await keyboard.TypeAsync("long");
        await keyboard.PressAsync("Enter");
        await DesktopWindow.ExpectAsync(_window.Answer, "word");
        await keyboard.PressAsync("Escape");
        await DesktopWindow.ExpectAsync(_window.Answer, "Stopped.");
        await keyboard.PressAsync("Control+Shift+R");
        await DesktopWindow.ExpectAsync(_window.Answer, "the end");

        // A dialog holds the keyboard, and gives it back.
        await _window.Composer.FocusAsync();
        await keyboard.PressAsync("Control+,");
        await Assertions.Expect(_window.Page.GetByLabel("System prompt")).ToBeFocusedAsync();
        await keyboard.PressAsync("Escape");
        await Assertions.Expect(_window.Composer).ToBeFocusedAsync();
        await keyboard.PressAsync("Control+M");
        await Assertions.Expect(_window.Page.GetByRole(AriaRole.Dialog)).ToBeVisibleAsync();
        await keyboard.PressAsync("Escape");
    }

    /// <summary>Whatever the pointer can press, Tab comes to.</summary>
    [Test]
    public async Task Tab_comes_to_every_control()
    {
        await _window.AskAsync("echo");
        int controls = await _window.Page.Locator("main :is(button, a, textarea, select, input, summary)").CountAsync();
        await _window.Page.Locator("body").FocusAsync();
        var seen = new HashSet<string>();
        for (int i = 0; i < 60; i++)
        {
            await _window.Page.Keyboard.PressAsync("Tab");
            seen.Add(await _window.Page.EvaluateAsync<string>(
                """
                () => {
                    const element = document.activeElement;
                    if (!element.matches('main :is(button, a, textarea, select, input, summary)')) return '';
                    element.dataset.seen = '';
                    return String(document.querySelectorAll('[data-seen]').length);
                }
                """));
        }

        Assert.That(await _window.Page.Locator("main [data-seen]").CountAsync(), Is.EqualTo(controls));
    }

    [Test]
    public async Task Colours_follow_the_system_or_the_user()
    {
        await _window.AskAsync("markdown");
        Assert.That(await GroundAsync(), Is.EqualTo("rgb(255, 255, 255)"));
        await ChooseAsync("Dark");
        Assert.That(await GroundAsync(), Is.EqualTo("rgb(22, 24, 29)"));
        await _window.CheckStateAsync("dark");
        await _window.Page.ReloadAsync();
        await _window.Answer.WaitForAsync();
        Assert.That(await GroundAsync(), Is.EqualTo("rgb(22, 24, 29)"));
        await _window.Button("Settings").ClickAsync();
        await _window.CheckStateAsync("dark-settings");
        await _window.Page.Keyboard.PressAsync("Escape");

        await ChooseAsync("As the system");
        await _window.Page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        Assert.That(await GroundAsync(), Is.EqualTo("rgb(22, 24, 29)"));
        await _window.Page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
    }

    private async Task ChooseAsync(string colours)
    {
        await _window.Button("Settings").ClickAsync();
        await _window.Page.GetByLabel("Colours").SelectOptionAsync(new SelectOptionValue { Label = colours });
        await _window.CloseDialogAsync("Save");
    }

    private Task<string> GroundAsync() => _window.Page.EvaluateAsync<string>("() => getComputedStyle(document.body).backgroundColor");

    private static IEnumerable<AIContent> Answer(ChatMessage last)
    {
        if (last.Role == ChatRole.Tool)
        {
            object? days = last.Contents.OfType<FunctionResultContent>().Single().Result;
            return [new TextContent($"It is {days} days.")];
        }

        return last.Text switch
        {
            "tool" =>
            [
                new TextReasoningContent("A tool "), new TextReasoningContent("counts days."),
                new FunctionCallContent(
                    "1", "days_between", new Dictionary<string, object?> { ["from"] = "2026-01-01", ["to"] = "2026-02-01" }),
            ],
            "markdown" => Words("# Title\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```csharp\nreturn 42;\n```\n\n<img src=x onerror=alert(1)>"),
            "long" => Words(string.Concat(Enumerable.Repeat("word ", 150)) + "the end"),
            "fail" => Words("So far so good").Concat(Fail()),
            { } text => Words($"You said: {text.ReplaceLineEndings(" ")}"),
        };
    }

    private static IEnumerable<AIContent> Words(string text) => text.Split(' ').Select((word, i) => new TextContent(i == 0 ? word : $" {word}"));

    private static IEnumerable<AIContent> Fail()
    {
        yield return new TextContent(".");
        throw new IOException("The disk is gone.");
    }
}
