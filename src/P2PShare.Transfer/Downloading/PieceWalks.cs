using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Transfer.Downloading;

/// <summary>The walks of one content's pieces: which are worth one, and what the sources answer. Safe for concurrent use.</summary>
/// <param name="ended">Receives each walk once, complete or given up; called on any thread.</param>
internal sealed class PieceWalks(ContentDescription content, SourcePool sources, TimeProvider clock, Action<TreeWalk> ended)
{
    // Walks in a row that no source answered, after which all is fetched whole.
    private const int MaxGivenUp = 16;

    private readonly TreeFetch _trees = new(content, clock, ended);
    private readonly ZeroTrees _zeros = new(content);
    // What is known of zeros says nothing of old bytes, and the other way round.
    private readonly WalkPolicy _ofZeros = new();
    private volatile WalkPolicy _ofOld = new();
    private int _givenUp;

    /// <inheritdoc cref="WalkPolicy.ShouldWalk"/>
    /// <param name="hasOld">Whether old bytes of the piece were hashed.</param>
    public bool ShouldWalk(bool hasOld) => (hasOld ? _ofOld : _ofZeros).ShouldWalk();

    /// <inheritdoc cref="WalkPolicy.ShouldHash"/>
    public bool ShouldHash() => _ofOld.ShouldHash();

    /// <inheritdoc cref="WalkPolicy.CountHashed"/>
    public void CountHashed(bool isEqual) => _ofOld.CountHashed(isEqual);

    /// <summary>Forgets what was of no use: from now on there are other old bytes, of which a chunk map says that they are right.</summary>
    public void StartOver() => _ofOld = new WalkPolicy(isClaimed: true);

    /// <summary>Whether a piece with this hash is all zeros.</summary>
    public bool IsZero(int piece, Hash256 hash) => hash == _zeros.Of(piece).Root;

    /// <summary>Begins a walk.</summary>
    /// <param name="hash">The piece's, which was checked.</param>
    /// <param name="old">The tree of what this side has in its place; null if it has nothing.</param>
    public void Begin(int piece, Hash256 hash, PieceTree? old)
    {
        var walk = new TreeWalk(piece, hash, _zeros.Of(piece), old);
        if (walk.IsComplete || Volatile.Read(ref _givenUp) >= MaxGivenUp)
        {
            ended(walk);
            return;
        }

        _trees.Add(walk);
        Send();
    }

    /// <summary>Counts a walk that has ended.</summary>
    public void Count(TreeWalk walk)
    {
        Volatile.Write(ref _givenUp, walk.IsComplete ? 0 : _givenUp + 1);
        if (walk.IsComplete)
        {
            (walk.HasOld ? _ofOld : _ofZeros).Count(walk);
        }
    }

    /// <summary>Takes an answer.</summary>
    /// <exception cref="WireException">It was not requested.</exception>
    public void Receive(DownloadSource source, TreeRange range, Hash256[] hashes)
    {
        if (!_trees.Receive(source, range, hashes))
        {
            sources.Ban(source.Fingerprint, "it sent wrong hashes of a tree");
        }

        Send();
    }

    /// <inheritdoc cref="Receive"/>
    public void Reject(DownloadSource source, TreeRange range)
    {
        _trees.Reject(source, range);
        Send();
    }

    /// <summary>Asks other sources for what a lost one did not send.</summary>
    public void Lose(DownloadSource source)
    {
        _trees.Lose(source);
        Send();
    }

    /// <summary>Asks for what waits.</summary>
    public void Send() => _trees.Send(sources.Connected);

    /// <summary>Gives up what takes too long. Called a few times a second.</summary>
    public void Expire() => _trees.Expire(sources.PeerCount > 0);
}
