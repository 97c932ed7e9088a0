using System.Collections.Concurrent;
using System.Collections.Immutable;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Sharing;

/// <summary>
/// A content that this peer offers, in which groups and under which names, and the channels on which others see it. What backs it
/// may change: from a part file to the finished file. Safe for concurrent use.
/// </summary>
internal sealed class OfferedContent(IContent content, TimeProvider clock) : IServedContent, IDisposable
{
    private static readonly ImmutableDictionary<string, OfferedName> NoNames = ImmutableDictionary.Create<string, OfferedName>(StringComparer.Ordinal);

    private readonly ReaderWriterLockSlim _swap = new();
    private readonly ConcurrentDictionary<Guid, ImmutableDictionary<string, OfferedName>> _names = new();
    private readonly ConcurrentDictionary<ContentChannel, bool> _channels = new();
    // Null if it began as a download: then others have what this peer has.
    private readonly SuperSeeding? _superSeeding = content is SharedContent ? new SuperSeeding(content.Description.PieceCount, clock) : null;
    private IContent _content = content;
    private volatile IChannelAcceptor? _acceptor;

    public ContentDescription Description { get; } = content.Description;

    public Hash256 PiecesRoot => Description.PiecesRoot!.Value;

    /// <summary>The groups it is offered in, and the names it has in each. A copy.</summary>
    public IReadOnlyList<OfferedName> Names => [.. _names.Values.SelectMany(names => names.Values)];

    public IEnumerable<ContentChannel> Channels => _channels.Keys;

    public IReadOnlyList<Hash256> PieceLayer => Use(content => content.PieceLayer);

    /// <summary>The download that takes the channels which others open; null if none runs.</summary>
    public IChannelAcceptor? Acceptor
    {
        get => _acceptor;
        set => _acceptor = value;
    }

    public bool IsOfferedIn(Guid group) => _names.ContainsKey(group);

    /// <returns>One of its names in the group.</returns>
    public string? NameIn(Guid group) => NamesIn(group).FirstOrDefault()?.Name;

    /// <returns>Empty if it is not offered in the group.</returns>
    public IEnumerable<OfferedName> NamesIn(Guid group) => _names.GetValueOrDefault(group, NoNames).Values;

    /// <summary>Offers it in a group under a name. What the user shared does not become received.</summary>
    public void OfferIn(OfferedName name) => _names.AddOrUpdate(
        name.Group.Id,
        _ => NoNames.Add(name.Name, name),
        (_, before) => before.SetItem(name.Name, name with { IsReceived = name.IsReceived && before.GetValueOrDefault(name.Name)?.IsReceived != false }));

    public void Withdraw(GroupIdentity group) => _names.TryRemove(group.Id, out _);

    /// <summary>Stops offering it under one name.</summary>
    /// <returns>Whether that was the last one in its group.</returns>
    public bool Withdraw(OfferedName name)
    {
        while (_names.TryGetValue(name.Group.Id, out var before))
        {
            var left = before.Remove(name.Name);
            if (left.IsEmpty ? _names.TryRemove(KeyValuePair.Create(name.Group.Id, before)) : _names.TryUpdate(name.Group.Id, left, before))
            {
                return left.IsEmpty;
            }
        }

        return true;
    }

    /// <summary>The whole file that backs it now; null if a part does.</summary>
    public SharedContent? WholeFile => Use(content => content as SharedContent);

    /// <summary>Whether this backs it now.</summary>
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
            // The reader is not connected, or has just left: the file is not kept open for it.
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

    /// <summary>Waits for running reads, then lets <paramref name="change"/> back it with something else.</summary>
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

    /// <summary>Forgets a channel; with the last one the open file is released.</summary>
    public void Detach(ContentChannel channel)
    {
        _channels.TryRemove(channel, out _);
        _superSeeding?.Leave(channel, [.. Channels]);
        if (_channels.IsEmpty)
        {
            Use(content =>
            {
                content.Release();
                return true;
            });
        }
    }

    public void Accept(ContentChannel channel) => _acceptor?.Attach(channel);

    /// <summary>Ends what <see cref="Acceptor"/> began, unless another download took its place.</summary>
    public void RemoveAcceptor(IChannelAcceptor acceptor) => Interlocked.CompareExchange(ref _acceptor, null, acceptor);

    public bool TryAssign(ContentChannel channel, int piece) => _superSeeding?.TryAssign(channel, piece) ?? true;

    public void Defer(ContentChannel channel, int piece) => _superSeeding?.Defer(channel, piece);

    public void AddHaves(ContentChannel channel, IEnumerable<int> pieces) => _superSeeding?.AddHaves(channel, pieces);

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
