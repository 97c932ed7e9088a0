using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Transfer.Sharing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Downloading;

/// <summary>Offers in memory what downloads receive.</summary>
internal sealed class FakeContents(TimeProvider clock) : IContentRegistry
{
    /// <summary>What is offered already, for the next download to find; null: nothing.</summary>
    public IContent? Offered { get; init; }

    public List<string> Log { get; } = [];

    public OfferedContent Offer(IContent content, GroupIdentity group, string name, bool isEarlier)
    {
        Log.Add($"offer {name} in {group}");
        return new OfferedContent(Offered ?? content, clock);
    }

    public void Withdraw(OfferedContent offered, IContent part, GroupIdentity group) => Log.Add($"withdraw in {group}");

    public void Finish(OfferedContent offered, IPartFile part, string destination, bool overwrite, EntryAttributes? attributes)
    {
        Log.Add("finish");
        part.Finish(destination, overwrite, attributes);
    }

    /// <summary>What is offered from a whole file; null: nothing.</summary>
    public OfferedContent? Whole { get; init; }

    public OfferedContent? FindWhole(Hash256 piecesRoot) => Whole;

    public void Add(IReadOnlyList<ShareStore.Share> received) => Log.AddRange(received.Select(share => $"add {share.Name}"));

    /// <summary>The files of every group.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    public IReadOnlyList<string> FindPaths(Guid group) => Paths;

    public void ReportUnreadable(OfferedContent offered, Exception problem) => Log.Add($"unreadable: {problem.Message}");

    public void RequireUnshared(string path) => Log.Add($"check {Path.GetFileName(path)}");

    public void WithdrawFile(string path) => Log.Add($"withdraw {Path.GetFileName(path)}");

    public void OfferAgain(string path) => Log.Add($"offer {Path.GetFileName(path)} again");

    public Task FlushAnnouncesAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
