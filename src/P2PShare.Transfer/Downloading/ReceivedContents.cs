using System.Buffers;
using P2PShare.Protocol;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Checks small contents that have arrived, gives each its file, and saves and offers them together. One loop does so while the
/// connections receive more.
/// </summary>
internal sealed class ReceivedContents(DownloadDependencies dependencies, SmallContentFetch fetch)
{
    private const int MaxBatch = 64;

    private readonly Lock _lock = new();
    private readonly Queue<ArrivedContent> _arrived = new();
    private bool _isWriting;

    /// <summary>Takes a content. Its sources have few on their way, so that not many wait.</summary>
    public void Add(ArrivedContent content)
    {
        lock (_lock)
        {
            _arrived.Enqueue(content);
            if (_isWriting)
            {
                return;
            }

            _isWriting = true;
        }

        _ = Task.Run(WriteAllAsync);
    }

    private async Task WriteAllAsync()
    {
        var batch = new List<ArrivedContent>();
        while (true)
        {
            batch.Clear();
            lock (_lock)
            {
                while (batch.Count < MaxBatch && _arrived.TryDequeue(out var content))
                {
                    batch.Add(content);
                }

                if (batch.Count == 0)
                {
                    _isWriting = false;
                    return;
                }
            }

            try
            {
                await dependencies.FolderGate.RunAsync(() => Write(batch), CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                dependencies.Logger.SmallContentsNotWritten(e.Message);
                foreach (var one in batch)
                {
                    // What was not taken may be on its way from another source; what was taken has no name.
                    one.Content.GiveUp();
                    one.Content.Complete(isReceived: false);
                }
            }

            batch.ForEach(one => ArrayPool<byte>.Shared.Return(one.Buffer));
            fetch.Assign();
        }
    }

    private void Write(List<ArrivedContent> batch)
    {
        var received = new List<(WantedContent Content, ShareStore.Share Share)>();
        // By the folder that a person named, too: below another one a link is followed or not.
        foreach (var folder in batch.GroupBy(one => (one.Content.Download.Request.Root, Path.GetDirectoryName(one.Content.Download.Request.Destination)!)))
        {
            WriteFolder(folder.Key.Item2, [.. folder.Where(Check)], received);
        }

        if (received.Count == 0)
        {
            return;
        }

        try
        {
            dependencies.Contents.Add(received.ConvertAll(one => one.Share));
            dependencies.Store.SaveAsync(received.ConvertAll(one => one.Content.Download)).ObserveFailure(dependencies.Logger);
        }
        catch (P2PShareException e)
        {
            // The files are there, whole and right.
            dependencies.Logger.SmallContentsNotOffered(e.Message);
        }
        finally
        {
            received.ForEach(one => one.Content.Complete(isReceived: true));
        }
    }

    // Whether its bytes are right and it is still wanted.
    private bool Check(ArrivedContent arrived)
    {
        arrived.Source.Release(arrived.Content);
        if (HashTree.ContentRoot(arrived.Bytes) != arrived.Content.PiecesRoot)
        {
            fetch.Ban(arrived.Source, arrived.Content);
            return false;
        }

        fetch.Trust(arrived.Source);
        return arrived.Content.TryTake();
    }

    private void WriteFolder(string path, List<ArrivedContent> contents, List<(WantedContent Content, ShareStore.Share Share)> received)
    {
        if (contents.Count == 0)
        {
            return;
        }

        SafeFolder? folder = null;
        foreach (var arrived in contents)
        {
            var request = arrived.Content.Download.Request;
            try
            {
                var writing = dependencies.Clock.GetTimestamp();
                // Opened once for all of them.
                folder ??= SafeFolder.OpenBelow(request.Root, path, make: true);
                if (WholeFile.TryWrite(folder, request, arrived.Bytes) is { } stamp)
                {
                    var file = new HashedFile(request.Destination, stamp.Modified, request.Content, [], stamp.Identity);
                    received.Add((arrived.Content, new ShareStore.Share(request.Group, request.Name, Received: true, file) { IsEarlier = request.IsEarlier }));
                    dependencies.Metrics.PieceVerified(arrived.Content.Size, dependencies.Clock.GetElapsedTime(writing));
                    continue;
                }
            }
            catch (Exception e) when (e is P2PShareException or IOException or UnauthorizedAccessException)
            {
                // The ordinary way finds the same, and explains it.
            }

            arrived.Content.Complete(isReceived: false);
        }

        folder?.Dispose();
    }
}
