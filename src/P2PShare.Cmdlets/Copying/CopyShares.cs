using P2PShare.Cmdlets.Files;
using P2PShare.Protocol;
using P2PShare.Transfer.Sharing;

namespace P2PShare.Cmdlets.Copying;

/// <summary>Shares the files of a copy with its group.</summary>
internal static class CopyShares
{
    private const int MaxFaults = 5;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    /// <summary>Shares files, and folders with all that is in them.</summary>
    /// <param name="paths">Without wildcards.</param>
    /// <param name="report">Receives the bytes hashed so far, so that who waits sees that it goes on.</param>
    /// <returns>What was shared; faults are in <see cref="CopyStatus.Error"/>.</returns>
    public static async Task<CopyStatus> RunAsync(CopyPeer peer, string group, IReadOnlyList<string> paths, bool recurse, Action<long> report, CancellationToken cancellationToken)
    {
        var faults = new List<string>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        long total = 0;
        await using var queue = new OrderedHashQueue<long>();
        foreach (var path in paths)
        {
            try
            {
                foreach (var file in LocalFiles.Expand(path, recurse, (fault, _) => faults.Add(fault.Message)))
                {
                    if (!names.Add(file.Name))
                    {
                        throw new P2PShareException(ErrorCode.FileNameTaken, $"Two files would have the name '{file.Name}'. Copy one after the other.");
                    }

                    while (!queue.HasRoom)
                    {
                        await TakeAsync().ConfigureAwait(false);
                    }

                    queue.Add(file.Path, file.Name, 0, async (hashed, stop) =>
                    {
                        await peer.Server.Shares.ShareAsync(hashed, group, file.Name, replace: false, stop).ConfigureAwait(false);
                        return hashed.Content.Size;
                    }, file.Root);
                }
            }
            catch (P2PShareException e)
            {
                faults.Add(e.Message);
            }
        }

        while (!queue.IsEmpty)
        {
            await TakeAsync().ConfigureAwait(false);
        }

        return new CopyStatus(
            names.Count == 0 ? CopyStatus.Failed : CopyStatus.Serving, peer.Server.Fingerprint.ToString(), total, total,
            Error: faults.Count == 0 ? null : string.Join(" ", faults.Take(MaxFaults)));

        async Task TakeAsync()
        {
            using var step = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(queue.WaitAsync(step.Token), Task.Delay(Interval, TimeProvider.System, step.Token)).ConfigureAwait(false);
            await step.CancelAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            while (queue.TryTake(out var outcome))
            {
                total += outcome.Result;
                if (outcome.Fault is { } fault)
                {
                    faults.Add(fault.Message);
                }
            }

            report(total + queue.GetProgress().BytesHashed);
        }
    }
}
