using System.Buffers.Binary;
using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using VkInfer.Samples.Desktop.Conversations;
using VkInfer.Samples.Desktop.Settings;
using VkInfer.Tests.Store;

namespace VkInfer.Samples.Desktop.Tests.Browser;

/// <summary>What goes wrong is said in the window, and the window lives on.</summary>
[Category("Browser")]
public sealed class ErrorTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Create() => _folder = new TemporaryFolder();

    [TearDown]
    public void Delete() => _folder.Dispose();

    [Test]
    public async Task A_device_that_is_not_there()
    {
        await using DesktopWindow window = await DesktopWindow.StartAsync(_folder, DesktopRun.Settings with { Device = "no such device" });
        await DesktopWindow.ExpectAsync(window.Page.GetByRole(AriaRole.Alert), "The device is not there");
        await window.AskAsync("What is 27 + 45?");
        await DesktopWindow.ExpectAsync(window.Page.Locator("#messages"), "The device is not there");
        await window.CheckStateAsync("no-such-device");

        // Another device is chosen, and the question is answered behind all.
        await window.Button("Model").ClickAsync();
        await window.Page.GetByLabel("Device").SelectOptionAsync("auto");
        await window.CloseDialogAsync("Load");
        await window.UntilReadyAsync();
        await window.Page.Locator("#messages").GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();
        await DesktopWindow.ExpectAsync(window.Answer, "72");
    }

    [Test]
    public async Task A_model_whose_file_is_gone()
    {
        string path = _folder.PathOf("gone.gguf");
        File.Copy(Model.DefaultModelPath, path);
        DesktopSettings settings = DesktopRun.Settings with { Model = path };
        await using (DesktopWindow before = await DesktopWindow.StartAsync(_folder, settings))
        {
            await before.UntilReadyAsync();
            await before.AskAsync("What is 27 + 45?");
        }

        File.Delete(path);
        await using DesktopWindow window = await DesktopWindow.StartAsync(_folder, null);
        await DesktopWindow.ExpectAsync(window.Page.GetByRole(AriaRole.Alert), "The model's file is gone");
        await window.CheckStateAsync("model-gone");
        await window.Page.GetByRole(AriaRole.Link, new() { Name = "What is 27 + 45?" }).ClickAsync();
        await DesktopWindow.ExpectAsync(window.Answer, "72");
    }

    /// <summary>A model whose context is longer than the device has memory for: 80 GB.</summary>
    [Test]
    public async Task Too_little_memory()
    {
        const int context = 1 << 24;
        byte[] model = await File.ReadAllBytesAsync(Model.DefaultModelPath);
        int key = model.AsSpan().IndexOf("llama.context_length"u8);
        BinaryPrimitives.WriteInt32LittleEndian(model.AsSpan(key + "llama.context_length".Length + sizeof(int)), context);
        DesktopSettings settings = DesktopRun.Settings with { Model = _folder.Write("large.gguf", model), ContextLength = context };
        await using DesktopWindow window = await DesktopWindow.StartAsync(_folder, settings);
        await DesktopWindow.ExpectAsync(window.Page.GetByRole(AriaRole.Alert), "Not enough memory");
        await window.CheckStateAsync("no-memory");

        // With a shorter one it runs.
        await window.Button("Model").ClickAsync();
        await window.Page.GetByLabel("Context, in tokens").FillAsync("256");
        await window.CloseDialogAsync("Load");
        await window.UntilReadyAsync();
        await Assertions.Expect(window.Page.GetByRole(AriaRole.Alert)).ToHaveCountAsync(0);
    }

    [Test]
    public async Task Conversations_that_cannot_be_kept()
    {
        await using DesktopWindow window = await DesktopWindow.StartAsync(_folder, DesktopRun.Settings);
        using (var other = new SqliteConnection($"Data Source={_folder.PathOf("conversations.db")};Pooling=False"))
        {
            await other.OpenAsync();
            DataFile.Run(other, "ALTER TABLE messages RENAME TO elsewhere");
            await window.Composer.FillAsync("What is 27 + 45?");
            await window.Button("Send").ClickAsync();
            await DesktopWindow.ExpectAsync(window.Page.GetByRole(AriaRole.Alert), "The conversations cannot be kept");
            await window.CheckStateAsync("not-kept");
            DataFile.Run(other, "ALTER TABLE elsewhere RENAME TO messages");
        }

        await window.Button("Try again").ClickAsync();
        await window.AskAsync("What is 27 + 45?");
        await DesktopWindow.ExpectAsync(window.Answer, "72");
    }

    [Test]
    public async Task No_Vulkan_at_all()
    {
        string program = Path.Combine(AppContext.BaseDirectory, "VkInfer.Sample.Desktop.dll");
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(program);
        start.ArgumentList.Add("--no-window");
        start.ArgumentList.Add("--data");
        start.ArgumentList.Add(_folder.FullName);
        start.Environment["VK_DRIVER_FILES"] = start.Environment["VK_ICD_FILENAMES"] = _folder.PathOf("none.json");
        using Process process = Process.Start(start)!;
        try
        {
            string line = await process.StandardOutput.ReadLineAsync()
                ?? throw new InvalidOperationException(await process.StandardError.ReadToEndAsync());
            var address = new Uri(line.Split(' ').Single(word => word.StartsWith("http://", StringComparison.Ordinal)));
            await using DesktopWindow window = await DesktopWindow.OpenAsync(address);
            await DesktopWindow.ExpectAsync(window.Page.GetByRole(AriaRole.Alert), "No Vulkan device");
            await window.CheckStateAsync("no-vulkan");
            await window.Button("Model").ClickAsync();
            await DesktopWindow.ExpectAsync(window.Page.GetByRole(AriaRole.Dialog), "No Vulkan device");
            await window.CheckStateAsync("no-vulkan-dialog");
        }
        finally
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }
    }

    [Test]
    public async Task A_download_that_breaks_and_one_that_is_cancelled_and_one_that_comes()
    {
        using var hub = new LoopbackHub(("mini-Q8_0.gguf", await File.ReadAllBytesAsync(Model.DefaultModelPath)))
        {
            Status = System.Net.HttpStatusCode.InternalServerError,
        };
        ModelStoreOptions options = hub.Options(_folder.PathOf("store")) with { Retries = 1, Connections = 2 };
        await using DesktopWindow window = await DesktopWindow.StartAsync(
            _folder, DesktopRun.Settings, services => services.AddSingleton(_ => new ModelStore(options)));
        await window.UntilReadyAsync();
        await window.Button("Model").ClickAsync();
        await window.CheckStateAsync("model");
        ILocator dialog = window.Page.GetByRole(AriaRole.Dialog);
        await window.Page.GetByLabel("Download from Hugging Face").FillAsync(LoopbackHub.Repository);
        await window.Button("Download").ClickAsync();
        await DesktopWindow.ExpectAsync(dialog.GetByRole(AriaRole.Alert), "The model cannot be downloaded");
        await window.CheckStateAsync("download-broken");

        hub.Status = System.Net.HttpStatusCode.OK;
        hub.Pause = TimeSpan.FromMilliseconds(20);
        await window.Button("Try again").ClickAsync();
        await DesktopWindow.ExpectAsync(dialog.GetByRole(AriaRole.Status), "of 7.3 MiB");
        await window.CheckStateAsync("downloading");
        await window.Button("Cancel download").ClickAsync();
        await Assertions.Expect(window.Button("Download")).ToBeVisibleAsync();

        hub.Pause = TimeSpan.Zero;
        await window.Button("Download").ClickAsync();
        ILocator stored = window.Page.GetByRole(AriaRole.Radio, new() { Name = "hf:owner/repo:mini-Q8_0.gguf" });
        await stored.CheckAsync();
        await window.CloseDialogAsync("Load");
        await DesktopWindow.ExpectAsync(window.Page.Locator(".model-status"), "hf:owner/repo:mini-Q8_0.gguf on ");
        await window.AskAsync("What is 27 + 45?");
        await DesktopWindow.ExpectAsync(window.Answer, "72");
    }
}
