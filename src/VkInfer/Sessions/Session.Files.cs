using System.Runtime.InteropServices;
using VkInfer.Engine.Cache;
using VkInfer.Engine.Sequences;

namespace VkInfer;

/// <content>Sessions that outlive their process.</content>
public sealed partial class Session
{
    private KvStore Store => Model.KvStores.Of(_options.KvType ?? Model.Options.KvType);

    /// <summary>
    /// Writes the session to a file: its tokens, and the keys and values that it holds. <see cref="Model.LoadSession"/> goes on from there
    /// without computing them again; of a recurrent model the file has the tokens alone, which are then computed again.
    /// </summary>
    /// <param name="path">The file; what stands there is replaced when the new one is whole.</param>
    /// <param name="cancellationToken">Ends the call; the file is then as it was.</param>
    /// <exception cref="InvalidOperationException">
    /// The session is in use by another call, or its model is synthetic: nothing tells it from others.
    /// </exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="ObjectDisposedException">The session or its model is disposed, or was meanwhile.</exception>
    public void Save(string path, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using Use use = Enter();
        if (Model.Fingerprint is not { } fingerprint)
        {
            throw new InvalidOperationException($"{Model.Name} is a synthetic model: nothing would tell its sessions from others'.");
        }

        EndRun();
        var held = new Sequence();
        try
        {
            (SessionHeader header, int[] pages) = Invoke((scheduler, pool) =>
            {
                _sequence.Truncate(scheduler, _tokens.Count);
                held.AddPrompt(CollectionsMarshal.AsSpan(_tokens));
                if (pool.States is null)
                {
                    pool.Fork(_sequence.Sequence, held);
                }

                int[] firstHeld = held.Tables.Length == 0
                    ? new int[Store.Groups.Count] : [.. held.Tables.Select(table => table.FirstHeld)];
                return (
                    new SessionHeader(
                        fingerprint, Store.Type, Store.PageBytes, [.. Store.Groups.Select(group => group.Window)], [.. _tokens],
                        held.Computed, firstHeld),
                    _engine.Executor.FindMemory(SessionFile.PagesOf(held)));
            });
            SessionFile.Write(path, header, Store, pages, cancellationToken);
        }
        finally
        {
            Release(held);
        }
    }

    /// <summary>Takes over what a file holds; the session is new.</summary>
    internal void Load(string path, CancellationToken cancellation)
    {
        using Use use = Enter();
        using FileStream file = SessionFile.Open(path, Model, Store, out SessionHeader header);
        if (header.Tokens.Length > Capacity)
        {
            throw new ContextLengthExceededException(header.Tokens.Length, Capacity, Capacity);
        }

        var held = new Sequence();
        try
        {
            int[]? pages = Invoke((_, pool) =>
            {
                held.AddPrompt(header.Tokens);
                return pool.TryRestore(held, header.Computed, header.FirstHeld)
                    ? _engine.Executor.FindMemory(SessionFile.PagesOf(held)) : null;
            });
            SessionFile.ReadPages(file, Store, pages ?? [], cancellation);
            _tokens.AddRange(header.Tokens);
            Invoke((scheduler, pool) =>
            {
                _sequence.Sequence.AddPrompt(header.Tokens);
                pool.Fork(held, _sequence.Sequence);
                scheduler.Remove(_sequence.Sequence, keepPages: true);
                return true;
            });
        }
        finally
        {
            Release(held);
        }
    }

    /// <summary>Gives back pages that were held beside the session.</summary>
    private void Release(Sequence held)
    {
        try
        {
            Invoke((_, pool) =>
            {
                pool.Release(held);
                return true;
            });
        }
        catch (ObjectDisposedException)
        {
            // The engine has freed everything.
        }
    }
}
