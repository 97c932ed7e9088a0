using System.Collections.Concurrent;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Sharing;

/// <summary>
/// A content that this peer offers, in which groups and under which names, and the channels on which others see it. What
/// is behind it changes once in its life: from a part file to the finished file.
/// </summary>
internal sealed class OfferedContent(IContent content) : IDisposable
{
    private readonly ReaderWriterLockSlim _swap = new();
    private readonly ConcurrentDictionary<string, string> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<ContentChannel, bool> _channels = new();
    private IContent _content = content;

    public ContentDescription Description { get; } = content.Description;

    /// <summary>Null where it began as a download: then others have what this peer has.</summary>
    public SuperSeeding? SuperSeeding { get; } = content is SharedContent ? new SuperSeeding(content.Description.PieceCount) : null;

    public Hash256 PiecesRoot => Description.PiecesRoot!.Value;

    /// <summary>The groups it is offered in, and a name it has in each.</summary>
    public ICollection<KeyValuePair<string, string>> Names => _names;

    public IEnumerable<ContentChannel> Channels => _channels.Keys;

    public IReadOnlyList<Hash256> PieceLayer => Use(content => content.PieceLayer);

    public bool IsOfferedIn(string group) => _names.ContainsKey(group);

    public string? NameIn(string group) => _names.GetValueOrDefault(group);

    public void OfferIn(string group, string name) => _names[group] = name;

    public void Withdraw(string group) => _names.TryRemove(group, out _);

    /// <summary>Whether this is what stands behind it now.</summary>
    public bool IsBacked(IContent content) => Use(now => ReferenceEquals(now, content));

    public Bitfield GetHave() => Use(content => content.GetHave());

    public bool Has(int piece) => Use(content => content.Has(piece));

    /// <inheritdoc cref="IContent.Read"/>
    public void Read(long offset, Span<byte> buffer)
    {
        _swap.EnterReadLock();
        try
        {
            _content.Read(offset, buffer);
            // Read for nobody who is connected, or for somebody who has just gone: the file is not kept open for it.
            if (_channels.IsEmpty)
            {
                _content.Release();
            }
        }
        finally
        {
            _swap.ExitReadLock();
        }
    }

    /// <summary>Waits for running reads, then lets <paramref name="change"/> put something else behind this content.</summary>
    public void Swap(Func<IContent, IContent> change)
    {
        _swap.EnterWriteLock();
        try
        {
            _content = change(_content);
        }
        finally
        {
            _swap.ExitWriteLock();
        }
    }

    public void Attach(ContentChannel channel) => _channels[channel] = true;

    /// <summary>Forgets a channel; with the last one the open file is given back.</summary>
    public void Detach(ContentChannel channel)
    {
        _channels.TryRemove(channel, out _);
        SuperSeeding?.Leave(channel, [.. Channels]);
        if (_channels.IsEmpty)
        {
            Use(content =>
            {
                content.Release();
                return true;
            });
        }
    }

    public void Dispose()
    {
        _content.Dispose();
        _swap.Dispose();
    }

    private T Use<T>(Func<IContent, T> use)
    {
        _swap.EnterReadLock();
        try
        {
            return use(_content);
        }
        finally
        {
            _swap.ExitReadLock();
        }
    }
}
