namespace VkInfer;

/// <summary>
/// Models from a hub, kept in a folder of this machine that is laid out as Hugging Face's cache, and shared with it. Thread-safe, and safe
/// beside other processes: a file is loaded by one of them.
/// </summary>
public sealed class ModelStore : IDisposable
{
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(50);

    private readonly HubClient _hub;

    /// <summary>Opens a store. Nothing is created before a model is loaded.</summary>
    /// <param name="options">Where; null: the defaults.</param>
    /// <exception cref="ArgumentException">An option is not allowed.</exception>
    public ModelStore(ModelStoreOptions? options = null)
    {
        Options = options ?? new ModelStoreOptions();
        Options.Validate();
        _hub = new HubClient(Options);
    }

    /// <summary>Where models are kept and where they come from.</summary>
    public ModelStoreOptions Options { get; }

    /// <summary>Makes a link; a test has a system where none can be made.</summary>
    internal Action<string, string> CreateLink { get; init; } = (path, target) => File.CreateSymbolicLink(path, target);

    /// <summary>Path of a model, which is downloaded if it is not there. One that is there needs no network.</summary>
    /// <param name="name">The model.</param>
    /// <param name="progress">Told how many bytes are there, from any thread.</param>
    /// <param name="cancellationToken">Ends it; what was loaded is kept.</param>
    /// <returns>A GGUF file or a folder, for <see cref="Model.LoadAsync"/>.</returns>
    /// <exception cref="ModelStoreException">It cannot be had.</exception>
    public async Task<string> GetAsync(
        ModelName name, IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Find(name) ?? await PullAsync(name, progress, cancellationToken).ConfigureAwait(false);

    /// <summary>Downloads a model, or what its revision has become since; what is there already is not loaded again.</summary>
    /// <inheritdoc cref="GetAsync"/>
    public async Task<string> PullAsync(
        ModelName name, IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (Options.Offline)
        {
            throw new ModelStoreException($"{name}: it is not in {Options.Folder}, and the store is offline{WhatIsThere(name)}");
        }

        HubRepository repository;
        try
        {
            repository = await _hub.ListAsync(name, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException problem)
        {
            throw new ModelStoreException($"{name}: {Options.Endpoint.Host} cannot be reached: {problem.Message}{WhatIsThere(name)}", problem);
        }

        var selection = FileSelection.Of(name, [.. repository.Files.Select(file => file.Path)]);
        HubFile[] files = [.. repository.Files.Where(file => selection.Files.Contains(file.Path))];
        var folder = new StoreFolder(Options.Folder, name);
        try
        {
            await LoadAsync(folder, repository.Commit, files, progress, cancellationToken).ConfigureAwait(false);
            folder.WriteListing(repository.Commit, repository.Files.Select(file => file.Path));
            folder.WriteRef(name.Revision, repository.Commit);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new ModelStoreException($"{name}: {Options.Folder} cannot be written: {problem.Message}", problem);
        }

        return folder.PathOf(repository.Commit, selection);
    }

    /// <summary>Path of a model that is there as a whole, or null.</summary>
    /// <param name="name">
    /// The model. Where it names no file, and other tools have loaded what is there, a GGUF file is taken only if it is the one that is
    /// customary in every repository (Q4_K_M); else the hub must say what the choice is.
    /// </param>
    public string? Find(ModelName name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var folder = new StoreFolder(Options.Folder, name);
        if (folder.FindCommit(name.Revision) is not { } commit)
        {
            return null;
        }

        try
        {
            IReadOnlyList<string> there = folder.Files(commit);
            IReadOnlyList<string>? listing = folder.FindListing(commit);
            var selection = FileSelection.Of(name, listing ?? there);
            bool isThere = listing is not null ? selection.Files.All(there.Contains)
                : selection.Entry is null ? StoreCatalog.IsComplete(folder, commit, selection)
                : name.File is not null || selection.IsFirstChoice;
            return isThere ? folder.PathOf(commit, selection) : null;
        }
        catch (ModelStoreException)
        {
            return null; // Of what is there, nothing fits.
        }
    }

    /// <summary>The models that are there as a whole.</summary>
    public IReadOnlyList<StoredModel> List() => StoreCatalog.List(Options.Folder);

    /// <summary>Deletes a model. Without a file in its name: the repository with all of its revisions and files.</summary>
    /// <param name="name">The model.</param>
    /// <returns>Bytes that are free now.</returns>
    /// <exception cref="ModelStoreException">It is not there.</exception>
    public long Remove(ModelName name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var folder = new StoreFolder(Options.Folder, name);
        if (!folder.Exists)
        {
            throw new ModelStoreException($"{name}: it is not in {Options.Folder}");
        }

        long before = BytesIn(folder.Folder);
        if (name.File is null)
        {
            folder.Delete();
            return before;
        }

        string commit = folder.FindCommit(name.Revision) ?? throw new ModelStoreException($"{name}: it is not in {Options.Folder}");
        foreach (string path in FileSelection.Of(name, folder.Files(commit)).Files)
        {
            File.Delete(folder.FilePath(commit, path));
        }

        folder.DeleteUnused();
        if (folder.Commits().All(left => folder.Files(left).Count == 0))
        {
            folder.Delete();
            return before;
        }

        return before - BytesIn(folder.Folder);
    }

    /// <summary>Closes connections. What is under way fails.</summary>
    public void Dispose() => _hub.Dispose();

    /// <summary>For a model that cannot be loaded now: the others of its repository that are there.</summary>
    private string WhatIsThere(ModelName name)
    {
        string[] others = [.. List().Select(model => model.Name)
            .Where(other => other.Owner == name.Owner && other.Repository == name.Repository).Select(other => other.ToString())];
        return others.Length == 0 ? "" : $"; there are {string.Join(", ", others)}";
    }

    private async Task LoadAsync(
        StoreFolder folder, string commit, HubFile[] files, IProgress<LoadProgress>? progress, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.Combine(folder.Folder, "blobs"));
        HubFile[] missing =
            [.. files.Where(file => !File.Exists(folder.FilePath(commit, file.Path)) && !File.Exists(folder.BlobPath(file)))];
        long total = files.Sum(file => file.Size);
        long done = total - missing.Sum(file => file.Size);
        RequireSpace(folder, missing);
        var reporting = new Lock();
        void Report(string stage, long bytes)
        {
            lock (reporting)
            {
                done += bytes;
                progress?.Report(new LoadProgress(stage, done, total));
            }
        }

        foreach (HubFile file in files)
        {
            if (File.Exists(folder.FilePath(commit, file.Path)))
            {
                continue;
            }

            // Held until the file has its place: where no links can be made, its blob moves there, and who waits is to find it.
            using FileStream held = await LockAsync(folder.LockPath(file), cancellationToken).ConfigureAwait(false);
            string blob = folder.BlobPath(file);
            if (!File.Exists(folder.FilePath(commit, file.Path)) && !File.Exists(blob))
            {
                Report(BlobDownload.Stage, BlobDownload.FindDone(blob, file));
                await new BlobDownload(_hub, Options, folder.Name, commit, file, blob, Report).RunAsync(cancellationToken)
                    .ConfigureAwait(false);
            }

            folder.Link(commit, file, CreateLink);
        }
    }

    private static void RequireSpace(StoreFolder folder, HubFile[] missing)
    {
        // What an attempt began has its space already.
        long needed = missing.Where(file => !File.Exists(folder.BlobPath(file) + ".vkinfer-partial")).Sum(file => file.Size);
        long free;
        try
        {
            free = new DriveInfo(Path.GetFullPath(folder.Folder)).AvailableFreeSpace;
        }
        catch (ArgumentException)
        {
            return; // A share of another machine on Windows: writing will tell.
        }

        if (needed > free)
        {
            throw new ModelStoreException($"{folder.Name}: it needs {needed} bytes, and {folder.Folder} has {free} free");
        }
    }

    /// <summary>Waits for the file to be this process's; Hugging Face's tools take the same one.</summary>
    private static async Task<FileStream> LockAsync(string path, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists(path))
            {
                await Task.Delay(LockPause, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static long BytesIn(string folder) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        .Select(path => new FileInfo(path)).Where(file => file.LinkTarget is null).Sum(file => file.Length);
}
