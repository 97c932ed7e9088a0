using System.Collections.Concurrent;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Takes what a download need not fetch: what the file that it replaces has at the same offset, and zeros within pieces. Pieces that may have either
/// are held back while the old file is hashed, once, and while the trees of those that differ are walked; all others are fetched at once.
/// Safe for concurrent use.
/// </summary>
internal sealed class LocalReuse : IAsyncDisposable
{
    // Blocks of the pieces whose trees are walked at a time, and the pieces: enough for a far source, little for one with a slow disk.
    private const int MaxWalkedBlocks = 16 * 1024;
    private const int MinWalks = 16;
    private const int MaxWalks = 256;

    // Walks in a row that no source answered, after which all is fetched whole.
    private const int MaxGivenUp = 16;

    private readonly ContentDescription _content;
    private readonly DownloadRequest _request;
    private readonly DownloadDependencies _dependencies;
    private readonly IPartFile _part;
    private readonly RequestScheduler _scheduler;
    private readonly RequestSender _requests;
    private readonly SourcePool _sources;
    private readonly CancellationToken _ending;
    private readonly TreeFetch _trees;
    private readonly ZeroTrees _zeros;
    private readonly WalkPolicy _policy = new();
    private readonly OldPieces _pieces;
    private readonly SemaphoreSlim _walks;
    private readonly ConcurrentBag<Task> _work = [];
    private volatile IReusedBytes? _old;
    private ZeroSamples? _samples;
    private int _givenUp;
    private int _isStarted;

    /// <param name="ending">Cancelled when the download ends.</param>
    public LocalReuse(
        DownloadDependencies dependencies, DownloadRequest request, IPartFile part, RequestScheduler scheduler, RequestSender requests, SourcePool sources,
        PieceReceiver receiver, CancellationToken ending)
    {
        (_dependencies, _request, _content, _part) = (dependencies, request, request.Content, part);
        (_scheduler, _requests, _sources, _ending) = (scheduler, requests, sources, ending);
        _trees = new TreeFetch(_content, dependencies.Clock, EndWalk);
        _zeros = new ZeroTrees(_content);
        _pieces = new OldPieces(_content, part, receiver, dependencies.LocalMemory, mayReflink: !request.InPlace);
        Chunks = new ChunkReuse(dependencies, request, sources);
        var most = Math.Clamp(MaxWalkedBlocks / (_content.PieceLength / PieceLength.Block), MinWalks, MaxWalks);
        _walks = new SemaphoreSlim(most, most);
    }

    /// <summary>Finds bytes of the content at other offsets of local files.</summary>
    public ChunkReuse Chunks { get; }

    /// <summary>Opens the file that is replaced, if there is one that this user may read.</summary>
    public void Open()
    {
        (_old, var problem) = ReusedFile.TryOpen(_request, _part, _dependencies.Clock);
        if (problem is not null)
        {
            _dependencies.Logger.OldFileNotUsed(_request.Name, problem.Message);
        }
    }

    /// <summary>Begins, once the hashes of the pieces are known and before any block is requested.</summary>
    public void Start()
    {
        if (Interlocked.Exchange(ref _isStarted, 1) == 1)
        {
            return;
        }

        int[] missing = [.. Enumerable.Range(0, _content.PieceCount).Where(piece => !_part.Has(piece))];
        if (Chunks.IsPossible)
        {
            Begin(_scheduler.Hold(missing), SearchAsync);
            Chunks.Send();
            return;
        }

        Begin(_scheduler.Hold(Array.FindAll(missing, IsInOldFile)), ExamineAllAsync);
        BeginOthers(Array.FindAll(missing, piece => !IsInOldFile(piece)));
    }

    // Which pieces can be made of local bytes is known when the files were searched.
    private async Task SearchAsync(int[] held)
    {
        if (await Chunks.FindAsync(_ending).ConfigureAwait(false) is { } found)
        {
            _old = new CoveredBytes(found, _old, _dependencies.Clock);
        }

        var others = Array.FindAll(held, piece => !IsInOldFile(piece));
        Array.ForEach(others, piece => _scheduler.Release(piece, plan: null));
        Begin(Array.FindAll(held, IsInOldFile), ExamineAllAsync);
        BeginOthers(others);
        _requests.SendAll();
    }

    private void BeginOthers(int[] others)
    {
        if (Enumerable.Range(0, _content.PieceCount).Any(IsZero))
        {
            // Where whole pieces are zeros, parts of others will be.
            BeginZeros(others);
            return;
        }

        _samples = ZeroSamples.TryChoose(_content, others, _dependencies.Random);
        foreach (var piece in _samples?.Pieces ?? [])
        {
            Walk(piece, old: null);
        }
    }

    /// <exception cref="WireException">It was not requested.</exception>
    public void Receive(DownloadSource source, TreeRange range, Hash256[] hashes)
    {
        if (!_trees.Receive(source, range, hashes))
        {
            _sources.Ban(source.Fingerprint, "it sent wrong hashes of a tree");
        }

        _trees.Send(_sources.Connected);
    }

    /// <inheritdoc cref="Receive"/>
    public void Reject(DownloadSource source, TreeRange range)
    {
        _trees.Reject(source, range);
        _trees.Send(_sources.Connected);
    }

    /// <summary>Asks other sources for what a lost one did not send.</summary>
    public void Lose(DownloadSource source)
    {
        _trees.Lose(source);
        _trees.Send(_sources.Connected);
        Chunks.Reject(source);
    }

    /// <summary>Asks for what waits. Called when a source has sent its bitfield.</summary>
    public void Send()
    {
        _trees.Send(_sources.Connected);
        Chunks.Send();
    }

    /// <summary>Asks for what waits, and gives up what takes too long. Called a few times a second.</summary>
    public void Check()
    {
        _trees.Expire(_sources.PeerCount > 0);
        Send();
    }

    /// <summary>Waits until nothing reads or writes any more; the download has ended.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _old?.Dispose();
    }

    private bool IsZero(int piece) => _part.PieceHash(piece) == _zeros.Of(piece).Root;

    private bool IsInOldFile(int piece) => _old?.Has((long)piece * _content.PieceLength, _content.PieceSize(piece)) == true;

    private void Begin(int[] held, Func<int[], Task> examine) =>
        _work.Add(held.Length == 0 ? Task.CompletedTask : Task.Run(() => RunAsync(held, examine), CancellationToken.None));

    // In any order, as pieces are fetched: many receivers at once then ask for different ones.
    private void BeginZeros(int[] pieces)
    {
        var held = _scheduler.Hold(pieces);
        _dependencies.Random.Shuffle(held);
        Begin(held, ExamineAllAsync);
    }

    private async Task RunAsync(int[] held, Func<int[], Task> examine)
    {
        try
        {
            await examine(held).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Whatever it is, the pieces are fetched.
            if (!_ending.IsCancellationRequested)
            {
                _dependencies.Logger.OldFileNotUsed(_request.Name, e.Message);
                Array.ForEach(held, piece => _scheduler.Release(piece, plan: null));
                _requests.SendAll();
            }
        }
    }

    private async Task ExamineAllAsync(int[] held)
    {
        var options = new ParallelOptions { CancellationToken = _ending, MaxDegreeOfParallelism = Environment.ProcessorCount };
        await Parallel.ForEachAsync(held, options, async (piece, cancellationToken) =>
        {
            PieceTree? old = null;
            try
            {
                if (IsInOldFile(piece))
                {
                    old = await _pieces.HashAsync(piece, _old!, cancellationToken).ConfigureAwait(false);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _dependencies.Logger.OldFileNotUsed(_request.Name, e.Message);
            }

            if (old is not null && old.Root == _part.PieceHash(piece))
            {
                return;
            }

            if (!_policy.ShouldWalk())
            {
                _scheduler.Release(piece, plan: null);
                _requests.SendAll();
                return;
            }

            await _walks.WaitAsync(cancellationToken).ConfigureAwait(false);
            Walk(piece, old);
        }).ConfigureAwait(false);
    }

    private void Walk(int piece, PieceTree? old)
    {
        var walk = new TreeWalk(piece, _part.PieceHash(piece), _zeros.Of(piece), old);
        if (walk.IsComplete || Volatile.Read(ref _givenUp) >= MaxGivenUp)
        {
            EndWalk(walk);
            return;
        }

        _trees.Add(walk);
        _trees.Send(_sources.Connected);
    }

    private void EndWalk(TreeWalk walk)
    {
        Volatile.Write(ref _givenUp, walk.IsComplete ? 0 : _givenUp + 1);
        if (walk.IsComplete)
        {
            _policy.Count(walk);
        }

        if (_samples?.TryTake(walk, out var hasZeros) == true)
        {
            if (hasZeros)
            {
                BeginZeros([.. Enumerable.Range(0, _content.PieceCount)]);
            }

            return;
        }

        _walks.Release();
        var leaves = walk.Leaves;
        if (!walk.IsComplete || !leaves.ContainsAnyExcept(LeafSource.Peer))
        {
            _scheduler.Release(walk.Piece, plan: null);
        }
        else
        {
            var plan = new PiecePlan(_content, walk, _old);
            if (leaves.Contains(LeafSource.Peer))
            {
                _scheduler.Release(walk.Piece, plan);
            }
            else
            {
                // It needs no peer. Not on this thread, which may be one that reads from a connection.
                _work.Add(Task.Run(() => _pieces.FillAsync(plan, _ending), CancellationToken.None));
            }
        }

        _requests.SendAll();
    }
}
