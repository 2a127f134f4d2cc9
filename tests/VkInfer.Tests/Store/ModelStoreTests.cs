using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace VkInfer.Tests.Store;

/// <summary>The store against a hub on this machine.</summary>
public sealed class ModelStoreTests
{
    private const string GgufName = "hf:owner/repo:Q8_0";
    private const string GgufFile = "sub folder/model-Q8_0.gguf";

    private static readonly byte[] Content = Bytes(700_001, 1);
    private string _folder = null!;

    [SetUp]
    public void CreateFolder() => _folder = Directory.CreateTempSubdirectory("vkinfer-store-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task Downloads_over_redirects_into_the_layout_of_the_hubs_own_cache()
    {
        using LoopbackHub hub = Hub();
        using var store = new ModelStore(hub.Options(_folder));
        var progress = new Progress();
        string path = await store.PullAsync(ModelName.Parse(GgufName), progress);

        string root = Path.Combine(_folder, "models--owner--repo");
        Assert.Multiple(() =>
        {
            Assert.That(File.ReadAllBytes(path), Is.EqualTo(Content));
            Assert.That(path, Is.EqualTo(Path.Combine(root, "snapshots", LoopbackHub.Commit, "sub folder", "model-Q8_0.gguf")));
            Assert.That(File.ReadAllText(Path.Combine(root, "refs", "main")), Is.EqualTo(LoopbackHub.Commit));
            Assert.That(Directory.GetFiles(Path.Combine(root, "blobs")), Has.Length.EqualTo(1));
            Assert.That(new FileInfo(path).LinkTarget, OperatingSystem.IsWindows() ? Is.Not.Empty : Does.StartWith("../../../blobs/"));
            Assert.That(progress.Seen.Select(seen => seen.BytesDone), Is.Ordered);
            Assert.That(progress.Seen[^1], Is.EqualTo(new LoadProgress("Verifying", Content.Length, Content.Length)));
            Assert.That(hub.BytesServed, Is.EqualTo(Content.Length));
        });
        ILookup<bool, string?> tokens = hub.Requests.ToLookup(
            request => request.Port == hub.Endpoint.Port, request => request.Authorization);
        Assert.That(tokens[true], Is.All.EqualTo("Bearer secret"));
        Assert.That(tokens[false], Is.Not.Empty.And.All.Null, "the token went to another host");
    }

    [Test]
    public async Task What_is_there_needs_no_network()
    {
        ModelStoreOptions options;
        string path;
        using (LoopbackHub hub = Hub())
        {
            options = hub.Options(_folder);
            using var store = new ModelStore(options);
            path = await store.GetAsync(ModelName.Parse(GgufName));
        }

        using var alone = new ModelStore(options);
        using var offline = new ModelStore(options with { Offline = true });
        Assert.That(await alone.GetAsync(ModelName.Parse(GgufName)), Is.EqualTo(path));
        Assert.That(await offline.GetAsync(ModelName.Parse("hf:owner/repo")), Is.EqualTo(path));
        Assert.That(await offline.GetAsync(ModelName.Parse($"hf:owner/repo@{LoopbackHub.Commit}:{GgufFile}")), Is.EqualTo(path));
        Assert.That(() => offline.GetAsync(ModelName.Parse("hf:owner/other")), Refuses("offline"));
        Assert.That(() => offline.PullAsync(ModelName.Parse(GgufName)), Refuses("offline"));
        Assert.That(() => alone.PullAsync(ModelName.Parse(GgufName)), Refuses("cannot be reached"));
    }

    [Test]
    public async Task A_broken_connection_goes_on_where_it_broke()
    {
        using LoopbackHub hub = Hub();
        (hub.BreakAfter, hub.Breaks) = (20_000, 25);
        using var store = new ModelStore(hub.Options(_folder));
        string path = await store.GetAsync(ModelName.Parse(GgufName));
        Assert.That(File.ReadAllBytes(path), Is.EqualTo(Content));
        Assert.That(hub.Breaks, Is.LessThanOrEqualTo(0), "nothing broke");
        Assert.That(hub.BytesServed, Is.LessThan(2 * Content.Length));
        Assert.That(hub.Requests.Select(request => request.Range).OfType<string>().Any(StartsInside), Is.True);

        static bool StartsInside(string range) => int.Parse(range["bytes=".Length..range.IndexOf('-')], null) % 65536 != 0;
    }

    [Test]
    public async Task A_connection_that_never_gets_further_fails_and_keeps_what_came()
    {
        using LoopbackHub hub = Hub();
        (hub.BreakAfter, hub.Breaks) = (0, int.MaxValue);
        using var store = new ModelStore(hub.Options(_folder) with { Retries = 2 });
        Assert.That(() => store.GetAsync(ModelName.Parse(GgufName)), Refuses("stops after"));
        hub.Breaks = 0;
        Assert.That(File.ReadAllBytes(await store.GetAsync(ModelName.Parse(GgufName))), Is.EqualTo(Content));
    }

    [Test]
    public async Task A_connection_that_gives_nothing_counts_as_broken()
    {
        using LoopbackHub hub = Hub();
        (hub.BreakAfter, hub.Breaks, hub.Stalls) = (8192, 2, true);
        using var store = new ModelStore(hub.Options(_folder) with { StallTimeout = TimeSpan.FromSeconds(1) });
        Assert.That(File.ReadAllBytes(await store.GetAsync(ModelName.Parse(GgufName))), Is.EqualTo(Content));
    }

    [Test]
    public async Task A_cancelled_download_ends_soon_and_goes_on_later()
    {
        // Each connection gives three pieces of 4 KiB and then nothing for as long as the test runs.
        using LoopbackHub hub = Hub();
        (hub.BreakAfter, hub.Breaks, hub.Stalls) = (3 * 4096, int.MaxValue, true);
        using var store = new ModelStore(hub.Options(_folder));
        TimeSpan soonest = TimeSpan.MaxValue;
        long there = 0;
        for (int round = 0; round < 3; round++)
        {
            using var cancellation = new CancellationTokenSource();
            var progress = new Progress();
            Task<string> pulling = store.GetAsync(ModelName.Parse(GgufName), progress, cancellation.Token);
            await Wait(() => progress.BytesDone > there);
            long cancelled = Stopwatch.GetTimestamp();
            await cancellation.CancelAsync();
            Assert.That(() => pulling, Throws.InstanceOf<OperationCanceledException>());
            TimeSpan took = Stopwatch.GetElapsedTime(cancelled);
            soonest = took < soonest ? took : soonest;
            Assert.That(store.Find(ModelName.Parse(GgufName)), Is.Null);
            Assert.That(store.List(), Is.Empty);
            there = progress.BytesDone;
        }

        // A hub of its own, which sees nothing of what was cancelled and came late.
        using LoopbackHub last = Hub();
        using var later = new ModelStore(last.Options(_folder));
        Assert.That(File.ReadAllBytes(await later.GetAsync(ModelName.Parse(GgufName))), Is.EqualTo(Content));
        Assert.That(there, Is.Positive);
        Assert.That(last.BytesAsked, Is.EqualTo(Content.Length - there), "what was there is not asked for again, the rest is once");
        Assert.That(soonest, Is.LessThan(TimeSpan.FromMilliseconds(100)));
    }

    [Test]
    public async Task A_server_without_ranges_is_read_from_beginning_to_end()
    {
        using LoopbackHub hub = Hub();
        (hub.IgnoresRanges, hub.BreakAfter, hub.Breaks) = (true, 300_000, 2);
        using var store = new ModelStore(hub.Options(_folder));
        var progress = new Progress();
        Assert.That(File.ReadAllBytes(await store.GetAsync(ModelName.Parse(GgufName), progress)), Is.EqualTo(Content));
        Assert.That(progress.Seen[^1].BytesDone, Is.EqualTo(Content.Length));
    }

    [Test]
    public async Task A_wrong_checksum_is_found_and_the_file_loaded_anew()
    {
        using LoopbackHub hub = Hub();
        bool lies = true;
        hub.Listing = json =>
        {
            if (lies)
            {
                json["siblings"]![0]!["lfs"]!["sha256"] = new string('a', 64);
            }

            return json;
        };
        using var store = new ModelStore(hub.Options(_folder));
        Assert.That(() => store.GetAsync(ModelName.Parse(GgufName)), Refuses("checksum"));
        Assert.That(Directory.GetFiles(_folder, "*", SearchOption.AllDirectories).Select(file => new FileInfo(file).Length), Has.All.Zero);
        lies = false;
        Assert.That(File.ReadAllBytes(await store.GetAsync(ModelName.Parse(GgufName))), Is.EqualTo(Content));
    }

    [Test]
    public void A_full_disk_is_found_before_the_download()
    {
        using LoopbackHub hub = Hub();
        hub.Listing = json =>
        {
            json["siblings"]![0]!["size"] = 1L << 55;
            return json;
        };
        using var store = new ModelStore(hub.Options(_folder));
        Assert.That(() => store.GetAsync(ModelName.Parse(GgufName)), Refuses("free"));
        Assert.That(hub.BytesServed, Is.Zero);
    }

    [Test]
    public async Task A_disk_that_fills_up_fails_and_goes_on_later()
    {
        using LoopbackHub hub = Hub();
        using var store = new ModelStore(hub.Options(_folder));
        string blobs = Path.Combine(_folder, "models--owner--repo", "blobs");
        Directory.CreateDirectory(blobs);
        string journal =
            Path.Combine(blobs, $"{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Content))}.vkinfer-journal");
        if (!File.Exists("/dev/full"))
        {
            Assert.Ignore("This system has no device that is always full.");
        }

        File.CreateSymbolicLink(journal, "/dev/full");
        File.WriteAllBytes(Path.ChangeExtension(journal, ".vkinfer-partial"), []);
        Assert.That(() => store.GetAsync(ModelName.Parse(GgufName)), Refuses("cannot be written"));
        File.Delete(journal);
        Assert.That(File.ReadAllBytes(await store.GetAsync(ModelName.Parse(GgufName))), Is.EqualTo(Content));
    }

    [Test]
    public async Task A_folder_of_safetensors_is_loaded_listed_and_removed_as_one()
    {
        byte[] index =
            Encoding.UTF8.GetBytes("""{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}""");
        using var hub = new LoopbackHub(
            ("config.json", "{}"u8.ToArray()), ("model.safetensors.index.json", index), ("model-00001-of-00002.safetensors", Bytes(100, 2)),
            ("model-00002-of-00002.safetensors", Bytes(100, 3)), ("tokenizer.json", "{ }"u8.ToArray()),
            ("pytorch_model.bin", Bytes(100, 4)), ("onnx/model.onnx", Bytes(9, 5)), ("tokenizer_config.json", []));
        using var store = new ModelStore(hub.Options(_folder));
        var name = ModelName.Parse("hf:owner/repo");
        string path = await store.GetAsync(name);
        Assert.That(
            Directory.GetFiles(path).Select(Path.GetFileName),
            Is.EquivalentTo(hub.Files.Keys.Except(["pytorch_model.bin", "onnx/model.onnx"])));
        StoredModel listed = store.List().Single();
        Assert.That((listed.Name, listed.Path, listed.Commit), Is.EqualTo((name, path, LoopbackHub.Commit)));
        Assert.That(listed.Bytes, Is.EqualTo(200 + 2 + 3 + index.Length));

        File.Delete(Path.Combine(path, "model-00002-of-00002.safetensors"));
        Assert.That(store.Find(name), Is.Null, "a shard is missing");
        Assert.That(await store.GetAsync(name), Is.EqualTo(path));
        Assert.That(store.Remove(name), Is.GreaterThan(200));
        Assert.That(store.List(), Is.Empty);
        Assert.That(Directory.Exists(Path.Combine(_folder, "models--owner--repo")), Is.False);
        Assert.That(() => store.Remove(name), Refuses("not in"));
    }

    [Test]
    public async Task Removing_one_file_leaves_the_others()
    {
        using var hub = new LoopbackHub(("a-Q4_0.gguf", Bytes(3000, 1)), ("a-Q8_0.gguf", Bytes(5000, 2)));
        using var store = new ModelStore(hub.Options(_folder));
        await store.GetAsync(ModelName.Parse("hf:owner/repo:Q4_0"));
        string kept = await store.GetAsync(ModelName.Parse("hf:owner/repo:q8_0"));
        Assert.That(
            store.List().Select(model => model.Name.ToString()),
            Is.EqualTo(new[] { "hf:owner/repo:a-Q4_0.gguf", "hf:owner/repo:a-Q8_0.gguf" }));
        Assert.That(store.Remove(ModelName.Parse("hf:owner/repo:Q4_0")), Is.EqualTo(3000));
        Assert.That(store.List().Single().Path, Is.EqualTo(kept));
        store.Remove(ModelName.Parse("hf:owner/repo:Q8_0"));
        Assert.That(Directory.Exists(Path.Combine(_folder, "models--owner--repo")), Is.False);
    }

    [Test]
    public async Task Two_stores_load_a_file_once()
    {
        using LoopbackHub hub = Hub();
        hub.Pause = TimeSpan.FromMilliseconds(1);
        using var first = new ModelStore(hub.Options(_folder));
        using var second = new ModelStore(hub.Options(_folder));
        string[] paths = await Task.WhenAll(new[] { first, second, first }.Select(store => store.GetAsync(ModelName.Parse(GgufName))));
        Assert.That(paths.Distinct().Count(), Is.EqualTo(1));
        Assert.That(File.ReadAllBytes(paths[0]), Is.EqualTo(Content));
        Assert.That(hub.BytesServed, Is.EqualTo(Content.Length));
    }

    /// <summary>As on Windows without its developer mode: then the blob moves to where the link would be.</summary>
    [Test]
    public async Task Two_stores_load_a_file_once_where_no_links_can_be_made()
    {
        using LoopbackHub hub = Hub();
        hub.Pause = TimeSpan.FromMilliseconds(1);
        ModelStore Store() => new(hub.Options(_folder)) { CreateLink = (_, _) => throw new IOException("no links here") };
        using ModelStore first = Store(), second = Store();
        string[] paths = await Task.WhenAll(new[] { first, second, first }.Select(store => store.GetAsync(ModelName.Parse(GgufName))));
        Assert.That(paths.Distinct().Count(), Is.EqualTo(1));
        Assert.That(File.ReadAllBytes(paths[0]), Is.EqualTo(Content));
        Assert.That(new FileInfo(paths[0]).LinkTarget, Is.Null);
        Assert.That(hub.BytesServed, Is.EqualTo(Content.Length));
    }

    [Test]
    public async Task A_name_without_a_file_is_what_it_is_on_a_machine_that_has_nothing()
    {
        using var hub = new LoopbackHub(("a-Q4_0.gguf", Bytes(3000, 1)), ("a-Q8_0.gguf", Bytes(5000, 2)));
        using var store = new ModelStore(hub.Options(_folder));
        using var offline = new ModelStore(hub.Options(_folder) with { Offline = true });
        var name = ModelName.Parse("hf:owner/repo");
        await store.GetAsync(ModelName.Parse("hf:owner/repo:Q8_0"));
        Assert.That(store.Find(name), Is.Null);
        Assert.That(() => offline.GetAsync(name), Refuses("there are hf:owner/repo:a-Q8_0.gguf"));
        string path = await store.GetAsync(name);
        Assert.That(Path.GetFileName(path), Is.EqualTo("a-Q4_0.gguf"));
        Assert.That(await offline.GetAsync(name), Is.EqualTo(path));
    }

    /// <summary>Nothing says then what else the repository has.</summary>
    [Test]
    public async Task What_other_tools_have_loaded_is_taken_where_the_choice_is_plain([Values("Q4_K_M", "Q8_0")] string quantisation)
    {
        using var hub = new LoopbackHub(($"a-{quantisation}.gguf", Bytes(3000, 1)));
        using var store = new ModelStore(hub.Options(_folder));
        var name = ModelName.Parse("hf:owner/repo");
        string path = await store.GetAsync(name);
        Directory.Delete(Path.Combine(_folder, "models--owner--repo", "vkinfer"), recursive: true);
        Assert.That(store.Find(name), quantisation == "Q4_K_M" ? Is.EqualTo(path) : Is.Null);
        Assert.That(store.Find(ModelName.Parse($"hf:owner/repo:{quantisation}")), Is.EqualTo(path));
        Assert.That(await store.GetAsync(name), Is.EqualTo(path), "the hub says that there is no other");
        Assert.That(store.Find(name), Is.EqualTo(path));
    }

    [Test]
    public void Says_what_the_hub_says()
    {
        using LoopbackHub hub = Hub();
        using var store = new ModelStore(hub.Options(_folder));
        using var nameless = new ModelStore(hub.Options(_folder) with { Token = null });
        Assert.That(() => store.GetAsync(ModelName.Parse("hf:owner/other")), Refuses("no such repository"));
        Assert.That(() => store.GetAsync(ModelName.Parse("hf:owner/repo:Q4_0")), Refuses(GgufFile));
        hub.Status = HttpStatusCode.Unauthorized;
        Assert.That(() => nameless.GetAsync(ModelName.Parse(GgufName)), Refuses("HF_TOKEN"));
        Assert.That(() => store.GetAsync(ModelName.Parse(GgufName)), Refuses("this token"));
        hub.Status = HttpStatusCode.ServiceUnavailable;
        Assert.That(() => store.GetAsync(ModelName.Parse(GgufName)), Refuses("503"));
        hub.Status = HttpStatusCode.OK;
        hub.Listing = _ => new JsonArray();
        Assert.That(() => store.GetAsync(ModelName.Parse(GgufName)), Refuses("as a hub does"));
    }

    [TestCase("sha", "../../../../outside")]
    [TestCase("sha", "")]
    [TestCase("rfilename", "../outside.gguf")]
    [TestCase("rfilename", "/outside.gguf")]
    [TestCase("rfilename", "a\\..\\outside.gguf")]
    [TestCase("rfilename", "C:outside.gguf")]
    [TestCase("sha256", "../outside")]
    public void A_hostile_listing_writes_nothing(string field, string value)
    {
        using LoopbackHub hub = Hub();
        hub.Listing = json =>
        {
            JsonNode file = json["siblings"]![0]!;
            JsonNode place = field switch { "sha" => json, "sha256" => file["lfs"]!, _ => file };
            place[field] = value;
            return json;
        };
        using var store = new ModelStore(hub.Options(Path.Combine(_folder, "store")));
        Assert.That(() => store.GetAsync(ModelName.Parse("hf:owner/repo")), Throws.InstanceOf<ModelStoreException>());
        Assert.That(Directory.GetFiles(_folder, "*", SearchOption.AllDirectories), Is.Empty);
    }

    private static LoopbackHub Hub() => new((GgufFile, Content), ("README.json", "{}"u8.ToArray()));

    private static byte[] Bytes(int count, int seed)
    {
        byte[] bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static NUnit.Framework.Constraints.ContainsConstraint Refuses(string message) =>
        Throws.InstanceOf<ModelStoreException>().With.Message.Contains(message);

    private static async Task Wait(Func<bool> condition)
    {
        long started = Stopwatch.GetTimestamp();
        while (!condition() && Stopwatch.GetElapsedTime(started) < TimeSpan.FromMinutes(1))
        {
            await Task.Delay(5);
        }

        Assert.That(condition(), Is.True);
    }

    private sealed class Progress : IProgress<LoadProgress>
    {
        public List<LoadProgress> Seen { get; } = [];

        /// <summary>As told last.</summary>
        public long BytesDone
        {
            get
            {
                lock (Seen)
                {
                    return Seen.Count == 0 ? 0 : Seen[^1].BytesDone;
                }
            }
        }

        public void Report(LoadProgress value)
        {
            lock (Seen)
            {
                Seen.Add(value);
            }
        }
    }
}
