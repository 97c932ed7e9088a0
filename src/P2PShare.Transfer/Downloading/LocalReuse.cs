using System.Collections.Concurrent;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Decides what a download need not fetch: what the file that it replaces has at the same offset, what local files have elsewhere, and zeros within
/// pieces. Pieces that may have any of it are held back while the old file is hashed, once, and while the trees of those that differ are walked; all
/// others are fetched at once. Safe for concurrent use.
/// </summary>
internal sealed class LocalReuse : IAsyncDisposable
{
    private readonly ContentDescription _content;
    private readonly DownloadRequest _request;
    private readonly DownloadDependencies _dependencies;
    private readonly IReuseTarget _target;
    private readonly CancellationToken _ending;
    private readonly OldPieces _pieces;
    private readonly WalkTurns _turns;
    private readonly ConcurrentBag<Task> _work = [];
    private volatile IReusedBytes? _old;
    private volatile PostponedPieces? _postponed;
    private ZeroSamples? _samples;
    // What runs or is walked, and until all that was known at the start is begun.
    private readonly PendingCount _undecided = new();
    private int _isStarted;

    /// <param name="target">What becomes of the pieces.</param>
    /// <param name="ending">Cancelled when the download ends.</param>
    /// <param name="keepsMap">Whether a chunk map that a source sent is kept for others.</param>
    public LocalReuse(
        DownloadDependencies dependencies, DownloadRequest request, IReuseTarget target, SourcePool sources, CancellationToken ending, bool keepsMap = true)
    {
        (_dependencies, _request, _content, _target, _ending) = (dependencies, request, request.Content, target, ending);
        Walks = new PieceWalks(_content, sources, dependencies.Clock, EndWalk);
        _pieces = new OldPieces(_content, target, dependencies.LocalMemory);
        Chunks = new ChunkReuse(dependencies, request, sources, keepsMap);
        _turns = new WalkTurns(_content.PieceLength);
    }

    /// <summary>Finds bytes of the content at other offsets of local files.</summary>
    public ChunkReuse Chunks { get; }

    /// <summary>Finds which blocks of a piece have changed.</summary>
    public PieceWalks Walks { get; }

    /// <summary>Ends when nothing is undecided any more: pieces that are neither held back nor taken by then are to be fetched whole.</summary>
    public Task Decided => _undecided.Ended;

    /// <summary>Uses the file that is replaced.</summary>
    /// <param name="old">Owned. Null if there is none that this user may read.</param>
    public void Open(IReusedBytes? old) => _old = old;

    /// <summary>Begins, once the hashes of the pieces are known and before any block is requested.</summary>
    public void Start()
    {
        if (Interlocked.Exchange(ref _isStarted, 1) == 1)
        {
            return;
        }

        int[] missing = [.. Enumerable.Range(0, _content.PieceCount).Where(piece => !_target.Has(piece))];
        if (Chunks.IsPossible)
        {
            _postponed = new PostponedPieces();
            Begin(_target.Hold(missing), SearchAsync);
            Chunks.Send();
        }
        else
        {
            Begin(_target.Hold(Array.FindAll(missing, IsInOldFile)), ExamineAllAsync);
            BeginOthers(Array.FindAll(missing, piece => !IsInOldFile(piece)));
        }

        _undecided.End();
    }

    // The file that is replaced is hashed, and files are searched, at the same time: what changed in place is fetched while the search goes on.
    private async Task SearchAsync(int[] held)
    {
        var atSamePlace = Array.FindAll(held, IsInOldFile);
        var looking = LookAsync(atSamePlace);
        _work.Add(looking);
        var found = await Chunks.FindAsync(_ending).ConfigureAwait(false);
        var bytes = found is null ? null : new CoveredBytes(found, _old, _dependencies.Clock);
        var elsewhere = held.Except(atSamePlace).ToLookup(piece => IsIn(bytes, piece));
        int[] nowhere = [.. elsewhere[false]];
        Array.ForEach(nowhere, piece => _target.Release(piece, plan: null));
        BeginOthers(nowhere);
        _target.Send();
        if (bytes is not null)
        {
            await looking.ConfigureAwait(false);
        }

        var (better, others) = _postponed!.End(_content, found);
        Array.ForEach(others, one => Decide(one.Key, one.Value));
        if (bytes is not null)
        {
            _old = bytes;
            Walks.StartOver();
        }

        Begin([.. better, .. elsewhere[true]], ExamineAllAsync);
        _target.Send();
        await looking.ConfigureAwait(false);
    }

    private async Task LookAsync(int[] pieces)
    {
        await ExamineAllAsync(pieces).ConfigureAwait(false);
        await _turns.WaitForAllAsync(_ending).ConfigureAwait(false);
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

    /// <summary>Asks other sources for what a lost one did not send.</summary>
    public void Lose(DownloadSource source)
    {
        Walks.Lose(source);
        Chunks.Reject(source);
    }

    /// <summary>Asks for what waits. Called when a source has sent its bitfield.</summary>
    public void Send()
    {
        Walks.Send();
        Chunks.Send();
    }

    /// <summary>Asks for what waits, and gives up what takes too long. Called a few times a second.</summary>
    public void Check()
    {
        Walks.Expire();
        Send();
    }

    /// <summary>Waits until nothing reads or writes any more; the download has ended.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _old?.Dispose();
    }

    private bool IsZero(int piece) => Walks.IsZero(piece, _target.HashOf(piece));

    private bool IsInOldFile(int piece) => IsIn(_old, piece);

    private bool IsIn(IReusedBytes? bytes, int piece) => bytes?.Has((long)piece * _content.PieceLength, _content.PieceSize(piece)) == true;

    private void Begin(int[] held, Func<int[], Task> examine)
    {
        if (held.Length > 0)
        {
            _undecided.Begin();
            _work.Add(Task.Run(() => RunAsync(held, examine), CancellationToken.None));
        }
    }

    // In any order, as pieces are fetched: many receivers at once then ask for different ones.
    private void BeginZeros(int[] pieces)
    {
        var held = _target.Hold(pieces);
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
                Array.ForEach(held, piece => _target.Release(piece, plan: null));
                _target.Send();
            }
        }
        finally
        {
            _undecided.End();
        }
    }

    private async Task ExamineAllAsync(int[] held)
    {
        var options = new ParallelOptions { CancellationToken = _ending, MaxDegreeOfParallelism = Environment.ProcessorCount };
        await Parallel.ForEachAsync(WalkPolicy.SamplesFirst(held), options, async (piece, cancellationToken) =>
        {
            PieceTree? old = null;
            var isEqual = false;
            try
            {
                if (IsInOldFile(piece) && Walks.ShouldHash())
                {
                    old = await _pieces.HashAsync(piece, _old!, cancellationToken).ConfigureAwait(false);
                    isEqual = old.Root == _target.HashOf(piece);
                    Walks.CountHashed(isEqual);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _dependencies.Logger.OldFileNotUsed(_request.Name, e.Message);
            }

            if (isEqual)
            {
                return;
            }

            if (!Walks.ShouldWalk(hasOld: old is not null))
            {
                DecideOrPostpone(piece, walk: null);
                _target.Send();
                return;
            }

            await _turns.TakeAsync(cancellationToken).ConfigureAwait(false);
            Walk(piece, old);
        }).ConfigureAwait(false);
    }

    private void Walk(int piece, PieceTree? old)
    {
        _undecided.Begin();
        Walks.Begin(piece, _target.HashOf(piece), old);
    }

    private void EndWalk(TreeWalk walk)
    {
        Walks.Count(walk);
        if (_samples?.TryTake(walk, out var hasZeros) == true)
        {
            if (hasZeros)
            {
                BeginZeros([.. Enumerable.Range(0, _content.PieceCount)]);
            }
        }
        else
        {
            DecideOrPostpone(walk.Piece, walk);
            _target.Send();
            _turns.Release();
        }

        _undecided.End();
    }

    private void DecideOrPostpone(int piece, TreeWalk? walk)
    {
        // Of files that a person named, all is wanted that they have.
        if (_postponed?.TryAdd(piece, walk, isAllWanted: _request.ReuseFrom.Count > 0) != true)
        {
            Decide(piece, walk);
        }
    }

    private void Decide(int piece, TreeWalk? walk)
    {
        if (walk?.IsComplete != true || !walk.Leaves.ContainsAnyExcept(LeafSource.Peer))
        {
            _target.Release(piece, plan: null);
            return;
        }

        var plan = new PiecePlan(_content, walk, _old);
        if (walk.Leaves.Contains(LeafSource.Peer))
        {
            _target.Release(piece, plan);
            return;
        }

        // It needs no peer. Not on this thread, which may be one that reads from a connection.
        Begin([piece], _ => _pieces.FillAsync(plan, _ending));
    }
}
