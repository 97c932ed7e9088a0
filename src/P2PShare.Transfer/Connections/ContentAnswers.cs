using P2PShare.Protocol;
using P2PShare.Protocol.Wire;

namespace P2PShare.Transfer.Connections;

/// <summary>
/// The answers to what the other side of a connection gets as a whole. A content waits as its pieces root and is looked up, read and
/// checked when there is room to send it: one that was withdrawn meanwhile, or whose ticket was revoked, is refused.
/// </summary>
internal sealed class ContentAnswers(PeerConnection connection, ConnectionContext context) : IUploadCounter
{
    private readonly List<(CloseReason Reason, Hash256 PiecesRoot)> _refused = [];
    private readonly List<(RequestedContent Request, WholeContent Read)> _made = [];
    private RequestedContent? _next;

    /// <summary>Whether a content was taken that did not fit any more.</summary>
    public bool HasNext => _next is not null;

    /// <summary>Lets contents wait for their turn, and refuses those that no ticket covers. Called by the reading loop.</summary>
    public void Add(Guid group, IReadOnlyList<Hash256> piecesRoots)
    {
        var (requested, since) = (context.Clock.GetUtcNow(), context.Clock.GetTimestamp());
        var waiting = new List<RequestedContent>(piecesRoots.Count);
        var refused = new List<(CloseReason Reason, Hash256 PiecesRoot)>();
        foreach (var root in piecesRoots)
        {
            if (context.Access.FindRefusal(connection.Tickets, root, group, out var ticket) is { } reason)
            {
                refused.Add((reason, root));
            }
            else
            {
                waiting.Add(new RequestedContent(root, ticket!, requested, since));
            }
        }

        refused.AddRange(connection.AddContents(waiting).Select(one => (CloseReason.Busy, one.PiecesRoot)));
        Send(refused);
    }

    /// <summary>Fills a buffer with the frames of contents. Called by the writing loop.</summary>
    /// <param name="most">Bytes to fill; one content may be longer.</param>
    /// <param name="tryTake">Takes the next content that waits.</param>
    /// <returns>Bytes filled, and how many of them are of contents.</returns>
    public (int Length, int ContentBytes) Make(Memory<byte> buffer, int most, TryTake tryTake)
    {
        _made.Clear();
        _refused.Clear();
        var length = 0;
        while (_next is { } || TakeNext(tryTake))
        {
            var request = _next!.Value;
            if (Find(request, buffer.Length, out var content) is { } reason)
            {
                _refused.Add((reason, request.PiecesRoot));
                _next = null;
                continue;
            }

            var size = (int)content!.Description.Size;
            if (length > 0 && length + ContentMessage.Overhead + size > Math.Min(most, buffer.Length))
            {
                break;
            }

            _next = null;
            _made.Add((request, new WholeContent(content, buffer.Slice(length + ContentMessage.Overhead, size))));
            length += ContentMessage.Overhead + size;
        }

        context.Contents.ReadWhole([.. _made.Select(made => made.Read)]);
        var frames = WriteFrames(buffer);
        Send(_refused);
        return frames;
    }

    /// <summary>Reports what <see cref="Make"/> made, when it was sent.</summary>
    public void ReportSent()
    {
        foreach (var (request, read) in _made)
        {
            context.ReportUpload(new UploadRecord(
                request.Ticket.GroupName,
                read.Content.NameIn(request.Ticket.GroupId) ?? "",
                request.PiecesRoot,
                request.Ticket.UserName,
                connection.RemoteFingerprint,
                connection.RemoteEndPoint,
                read.Buffer.Length,
                Complete: true,
                request.Requested,
                context.Clock.GetElapsedTime(request.Since)));
        }
    }

    void IUploadCounter.CountUpload(int bytes) => context.Metrics.Uploaded(bytes);

    private bool TakeNext(TryTake tryTake)
    {
        var isTaken = tryTake(out var request);
        _next = isTaken ? request : null;
        return isTaken;
    }

    private CloseReason? Find(RequestedContent request, int room, out IServedContent? content)
    {
        content = null;
        if (context.Access.FindRefusal(request.Ticket) is { } reason)
        {
            return reason;
        }

        content = context.Contents.Find(request.PiecesRoot, request.Ticket.GroupId);
        if (content is null || content.Description.PieceCount != 1 || content.Description.Size > ContentMessage.MaxSize || !content.Has(0))
        {
            return CloseReason.NotOffered;
        }

        // A channel sends it in steps.
        return ContentMessage.Overhead + content.Description.Size > room ? CloseReason.Busy : null;
    }

    // What could not be read leaves no gap.
    private (int Length, int ContentBytes) WriteFrames(Memory<byte> buffer)
    {
        var (length, bytes) = (0, 0);
        foreach (var (request, read) in _made)
        {
            if (read.IsRead)
            {
                var header = ContentMessage.WriteHeader(buffer.Span[length..], request.PiecesRoot, read.Buffer.Length);
                if (buffer.Slice(length + header, read.Buffer.Length) is var place && !place.Equals(read.Buffer))
                {
                    read.Buffer.CopyTo(place);
                }

                length += header + read.Buffer.Length;
                bytes += read.Buffer.Length;
            }
            else
            {
                _refused.Add((CloseReason.NotOffered, request.PiecesRoot));
            }
        }

        _made.RemoveAll(made => !made.Read.IsRead);
        return (length, bytes);
    }

    private void Send(List<(CloseReason Reason, Hash256 PiecesRoot)> refused)
    {
        foreach (var reason in refused.GroupBy(one => one.Reason, one => one.PiecesRoot))
        {
            foreach (var roots in reason.Chunk(GetMessage.MaxContents))
            {
                connection.SendGetReject(reason.Key, roots);
            }
        }
    }

    /// <returns>False if no content waits.</returns>
    public delegate bool TryTake(out RequestedContent request);
}
