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
    // Many are offered and few are fetched at a time: what only serving needs is there while a channel is.
    private ReadGate _swap;
    // One that began as a download is not super-seeded: others have what this peer has.
    private readonly bool _isSeed = content is SharedContent;
    private OfferedNames _names = OfferedNames.None;
    private ChannelSet? _open;
    private IContent _content = content;
    private volatile IChannelAcceptor? _acceptor;

    public ContentDescription Description { get; } = content.Description;

    /// <summary>The file that it is offered from, for <see cref="OfferedPaths"/>, which sets it.</summary>
    public string? Path { get; set; }

    public Hash256 PiecesRoot => Description.PiecesRoot!.Value;

    /// <summary>The groups it is offered in, and the names it has in each.</summary>
    public OfferedNames Names => Volatile.Read(ref _names);

    public IEnumerable<ContentChannel> Channels => Open?.Channels ?? [];

    public IReadOnlyList<Hash256> PieceLayer => Use(content => content.PieceLayer);

    /// <summary>The download that takes the channels which others open; null if none runs.</summary>
    public IChannelAcceptor? Acceptor
    {
        get => _acceptor;
        set => _acceptor = value;
    }

    public bool IsOfferedIn(Guid group) => Names.IsIn(group);

    /// <returns>One of its names in the group.</returns>
    public string? NameIn(Guid group) => NamesIn(group).FirstOrDefault()?.Name;

    /// <returns>Empty if it is not offered in the group.</returns>
    public IEnumerable<OfferedName> NamesIn(Guid group) => Names.In(group);

    /// <summary>Offers it in a group under a name. What the user shared does not become received.</summary>
    public void OfferIn(OfferedName name) => ImmutableInterlocked.Update(ref _names, (before, added) => before.With(added), name);

    public void Withdraw(GroupIdentity group) => ImmutableInterlocked.Update(ref _names, (before, removed) => before.Without(removed), group.Id);

    /// <summary>Stops offering it under one name.</summary>
    /// <returns>Whether it has no other name in the group.</returns>
    public bool Withdraw(OfferedName name)
    {
        var isLast = false;
        ImmutableInterlocked.Update(ref _names, before =>
        {
            var left = before.Without(name);
            isLast = !left.IsIn(name.Group.Id);
            return left;
        });
        return isLast;
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
        _swap.EnterRead();
        try
        {
            _content.Read(offset, buffer);
            // The reader is not connected, or has just left: the file is not kept open for it.
            if (Open is null)
            {
                _content.Release();
            }
        }
        finally
        {
            _swap.ExitRead();
        }
    }

    /// <summary>Waits for running reads, then lets <paramref name="change"/> back it with something else.</summary>
    public void Swap(Func<IContent, IContent> change)
    {
        _swap.EnterWrite();
        try
        {
            _content = change(_content);
        }
        finally
        {
            _swap.ExitWrite();
        }
    }

    public void Attach(ContentChannel channel) => ImmutableInterlocked.Update(
        ref _open,
        (before, added) => before is null
            ? new ChannelSet([added], _isSeed ? new Lazy<SuperSeeding>(() => new SuperSeeding(Description.PieceCount, clock)) : null)
            : before with { Channels = before.Channels.Add(added) },
        channel);

    /// <summary>Forgets a channel; with the last one the open file is released.</summary>
    public void Detach(ContentChannel channel)
    {
        ImmutableInterlocked.Update(
            ref _open,
            (before, left) => before?.Channels.Remove(left) is { IsEmpty: false } others ? before with { Channels = others } : null,
            channel);
        if (Open is { } open)
        {
            if (open.SuperSeeding is { IsValueCreated: true } superSeeding)
            {
                superSeeding.Value.Leave(channel, open.Channels);
            }

            return;
        }

        Use(content =>
        {
            content.Release();
            return true;
        });
    }

    public void Accept(ContentChannel channel) => _acceptor?.Attach(channel);

    /// <summary>Ends what <see cref="Acceptor"/> began, unless another download took its place.</summary>
    public void RemoveAcceptor(IChannelAcceptor acceptor) => Interlocked.CompareExchange(ref _acceptor, null, acceptor);

    public bool TryAssign(ContentChannel channel, int piece) => Open?.SuperSeeding?.Value.TryAssign(channel, piece) ?? true;

    public void Defer(ContentChannel channel, int piece) => Open?.SuperSeeding?.Value.Defer(channel, piece);

    public void AddHaves(ContentChannel channel, IEnumerable<int> pieces) => Open?.SuperSeeding?.Value.AddHaves(channel, pieces);

    public void Dispose() => _content.Dispose();

    private ChannelSet? Open => Volatile.Read(ref _open);

    private T Use<T>(Func<IContent, T> use)
    {
        _swap.EnterRead();
        try
        {
            return use(_content);
        }
        finally
        {
            _swap.ExitRead();
        }
    }

    /// <summary>The channels on which others see the content now; at least one.</summary>
    /// <param name="SuperSeeding">Made when the first of them asks for something: it takes memory for each piece.</param>
    private sealed record ChannelSet(ImmutableHashSet<ContentChannel> Channels, Lazy<SuperSeeding>? SuperSeeding);
}
