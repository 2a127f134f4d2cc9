using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace VkInfer.Samples.Desktop.Tests.Browser;

/// <summary>The embedded model in the window. Each test begins a conversation.</summary>
[Category("Browser")]
public sealed partial class ChatTests
{
    private readonly TemporaryFolder _folder = new();
    private DesktopWindow _window = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _window = await DesktopWindow.StartAsync(_folder, DesktopRun.Settings);
        await _window.CheckStateAsync("loading");
        await _window.UntilReadyAsync();
    }

    [OneTimeTearDown]
    public async Task EndAsync()
    {
        await _window.DisposeAsync();
        _folder.Dispose();
    }

    [SetUp]
    public Task BeginAsync() => _window.BeginAsync();

    [Test]
    public async Task The_model_says_where_it_runs()
    {
        await DesktopWindow.ExpectAsync(_window.Page.Locator(".model-status"), "VkInfer Mini on ");
        await _window.CheckStateAsync("ready");
    }

    [Test]
    public async Task A_question_is_answered_and_still_there_behind_a_reload()
    {
        await _window.AskAsync("What is 27 + 45?");
        await DesktopWindow.ExpectAsync(_window.Answer, "72");
        await DesktopWindow.ExpectAsync(_window.Answer, "tokens/s");
        await _window.CheckStateAsync("answered");
        await _window.Page.ReloadAsync();
        await DesktopWindow.ExpectAsync(_window.Answer, "72");
        await DesktopWindow.ExpectAsync(_window.Page.GetByRole(AriaRole.Navigation), "What is 27 + 45?");
    }

    [Test]
    public async Task An_edited_message_is_answered_anew_and_an_answer_given_again()
    {
        await _window.AskAsync("What is 11 + 12?");
        await DesktopWindow.ExpectAsync(_window.Answer, "23");
        await _window.Button("Edit").ClickAsync();
        await _window.Page.GetByLabel("Your message").FillAsync("What is 20 + 31?");
        await _window.CheckStateAsync("editing");
        await _window.Page.Locator(".edit").GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();
        await DesktopWindow.ExpectAsync(_window.Answer, "51");
        await _window.UntilAnsweredAsync();
        await Assertions.Expect(_window.Page.Locator("article")).ToHaveCountAsync(2);

        await _window.Button("Regenerate").ClickAsync();
        await _window.UntilAnsweredAsync();
        await DesktopWindow.ExpectAsync(_window.Answer, "51");
        await Assertions.Expect(_window.Page.Locator("article")).ToHaveCountAsync(2);
    }

    [Test]
    public async Task An_answer_is_stopped_and_what_came_stays()
    {
        await _window.Composer.FillAsync("Tell me a story about a fox.");
        await _window.Button("Send").ClickAsync();
        await DesktopWindow.ExpectAsync(_window.Answer, "fox");
        await _window.Button("Stop").ClickAsync();
        await _window.UntilAnsweredAsync();
        await DesktopWindow.ExpectAsync(_window.Answer, "Stopped.");
        await _window.Page.ReloadAsync();
        await DesktopWindow.ExpectAsync(_window.Answer, "Stopped.");
        await DesktopWindow.ExpectAsync(_window.Answer, "fox");
        await _window.CheckStateAsync("stopped");
    }

    [Test]
    public async Task Statistics_are_drawn()
    {
        await _window.Button("Statistics").ClickAsync();
        ILocator panel = _window.Page.GetByRole(AriaRole.Region, new() { Name = "Statistics" });
        await Assertions.Expect(panel.Locator("path.line").First).ToHaveAttributeAsync("d", Line());
        await _window.Composer.FillAsync("Tell me a story about a fox.");
        await _window.Button("Send").ClickAsync();
        await Assertions.Expect(panel).ToContainTextAsync(PagesInUse());
        await Assertions.Expect(panel).ToContainTextAsync(MemoryTaken());
        await _window.UntilAnsweredAsync();
        await _window.CheckStateAsync("statistics");
        await _window.Button("Statistics").ClickAsync();
    }

    [Test]
    public async Task Settings_hold_for_the_next_answer()
    {
        await SetAsync("Longest answer, in tokens", "3");
        await _window.CheckStateAsync("settings");
        await _window.CloseDialogAsync("Save");
        await _window.AskAsync("Tell me a story about a cat.");
        await DesktopWindow.ExpectAsync(_window.Answer, "Cut off: the limit of tokens was reached. 3 tokens");
        await SetAsync("Longest answer, in tokens", "");
        await _window.CloseDialogAsync("Save");
    }

    [Test]
    public async Task A_value_that_is_not_allowed_is_refused_in_words()
    {
        await SetAsync("Repetition penalty", "0");
        await _window.Button("Save").ClickAsync();
        await DesktopWindow.ExpectAsync(_window.Page.GetByRole(AriaRole.Alert), "This is not allowed");
        await _window.CheckStateAsync("settings-refused");
        await _window.Page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(_window.Page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
    }

    [Test]
    public async Task Conversations_are_several_and_one_can_be_deleted()
    {
        await _window.AskAsync("Is 7 even or odd?");
        await _window.BeginAsync();
        await _window.AskAsync("Is 8 even or odd?");
        ILocator list = _window.Page.GetByRole(AriaRole.Navigation);
        await DesktopWindow.ExpectAsync(list, "Is 7 even or odd?");
        await _window.Button("Delete Is 8 even or odd?").ClickAsync();
        await _window.CheckStateAsync("deleting");
        await _window.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Delete", Exact = true }).ClickAsync();
        await Assertions.Expect(list).Not.ToContainTextAsync("Is 8 even or odd?");
        await DesktopWindow.ExpectAsync(_window.Page.Locator("#messages"), "Ask something");
    }

    private async Task SetAsync(string name, string value)
    {
        await _window.Button("Settings").ClickAsync();
        await _window.Page.GetByLabel(name).FillAsync(value);
    }

    [GeneratedRegex("^M.+L")]
    private static partial Regex Line();

    [GeneratedRegex("[1-9][0-9]* (held|cached)")]
    private static partial Regex PagesInUse();

    [GeneratedRegex("[1-9][0-9.]* MiB taken")]
    private static partial Regex MemoryTaken();
}
