using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Sharing;
using P2PShare.Transfer.Storage;
using P2PShare.Unit.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Sharing;

public sealed class OfferedContentTests : ConnectionTest
{
    private readonly FakeBytes _part = new(1);
    private readonly OfferedContent _offered;

    public OfferedContentTests() => _offered = new OfferedContent(_part, new FakeTimeProvider());

    [Fact]
    public void Groups_are_compared_by_id_and_withdrawn_one_by_one()
    {
        var (dev, remade) = (TestIds.Group("dev"), new GroupIdentity(Guid.NewGuid(), "dev"));
        _offered.OfferIn(new OfferedName(dev, "a.bin", IsReceived: false));
        _offered.OfferIn(new OfferedName(TestIds.Group("ops"), "b.bin", IsReceived: false));

        Assert.Equal("a.bin", _offered.NameIn(dev.Id));
        Assert.False(_offered.IsOfferedIn(remade.Id));
        _offered.Withdraw(remade);
        Assert.True(_offered.IsOfferedIn(dev.Id));
        _offered.Withdraw(dev);

        Assert.False(_offered.IsOfferedIn(dev.Id));
        Assert.Null(_offered.NameIn(dev.Id));
        Assert.Equal(new OfferedName(TestIds.Group("ops"), "b.bin", IsReceived: false), Assert.Single(_offered.Names));
    }

    [Fact]
    public void A_swap_changes_what_is_read()
    {
        Assert.Equal(1, ReadByte());
        var whole = new FakeBytes(2);

        _offered.Swap(before =>
        {
            Assert.Same(_part, before);
            return whole;
        });

        Assert.Equal(2, ReadByte());
        Assert.True(_offered.IsBacked(whole));
        Assert.False(_offered.IsBacked(_part));
    }

    [Fact]
    public async Task A_swap_waits_for_the_reads_that_run()
    {
        _part.Blocks = true;
        var reading = Task.Run(() => ReadByte());
        await _part.Reading.WaitAsync(Limit);
        var swapping = Task.Run(() => _offered.Swap(_ => new FakeBytes(2)));
        await Eventually.HoldsAsync(() => swapping.Status == TaskStatus.Running, "the swap waits");
        Assert.False(swapping.IsCompleted);

        _part.Continue();

        Assert.Equal(1, await reading.WaitAsync(Limit));
        await swapping.WaitAsync(Limit);
        Assert.Equal(2, ReadByte());
    }

    [Fact]
    public async Task Readers_see_the_one_or_the_other_while_it_is_swapped()
    {
        var stop = false;
        var readers = Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            var seen = new HashSet<int>();
            while (!Volatile.Read(ref stop))
            {
                seen.Add(ReadByte());
            }

            return seen;
        })).ToArray();

        for (var i = 0; i < 200; i++)
        {
            var next = new FakeBytes((byte)(1 + i % 2));
            _offered.Swap(before =>
            {
                before.Dispose();
                return next;
            });
        }

        Volatile.Write(ref stop, true);
        // A read of something that was disposed would have thrown.
        Assert.All(await Task.WhenAll(readers).WaitAsync(Limit), seen => Assert.Empty(seen.Except([1, 2])));
    }

    [Fact]
    public void The_file_is_closed_when_its_last_channel_leaves()
    {
        ContentChannel Channel(uint id) => new(Idle(), Context, id, _offered, Group, TicketFor(_offered));
        var (one, other) = (Channel(1), Channel(3));
        _offered.Attach(one);
        _offered.Attach(other);
        ReadByte();
        _offered.Detach(one);
        Assert.Equal(0, _part.Releases);

        _offered.Detach(other);
        Assert.Equal(1, _part.Releases);

        // A read without any channel does not keep it open either.
        ReadByte();
        Assert.Equal(2, _part.Releases);
    }

    [Fact]
    public void A_channel_goes_to_the_download_that_runs()
    {
        var (first, second) = (new Acceptor(), new Acceptor());
        var channel = new ContentChannel(Idle(), Context, 1, _offered, Group, TicketFor(_offered));
        _offered.Accept(channel);
        _offered.Acceptor = first;
        _offered.Accept(channel);
        _offered.Acceptor = second;

        // Another download took its place: that one stays.
        _offered.RemoveAcceptor(first);
        _offered.Accept(channel);
        _offered.RemoveAcceptor(second);
        _offered.Accept(channel);

        Assert.Equal((1, 1), (first.Taken, second.Taken));
        Assert.Null(_offered.Acceptor);
    }

    [Fact]
    public void A_download_serves_every_piece_that_it_has_to_every_peer()
    {
        var (one, other) = (Channel(2), Channel(3));

        Assert.True(_offered.TryAssign(one, 0));
        Assert.True(_offered.TryAssign(other, 0));
        _offered.AddHaves(one, [0]);
        _offered.Defer(one, 0);
        Assert.True(_offered.Has(0));
    }

    [Fact]
    public async Task A_shared_file_is_super_seeded()
    {
        using var folder = new TemporaryFolder();
        using var shared = new OfferedContent(new SharedContent(await SharedFile.MakeAsync(folder, "data.bin", SharedFile.Bytes(200_000)), Clock), Clock);
        var (one, other) = (Channel(2), Channel(3));
        shared.Attach(one);
        shared.Attach(other);

        Assert.True(shared.TryAssign(one, 0));
        Assert.False(shared.TryAssign(other, 0));
        shared.Defer(other, 0);
        shared.Detach(one);
        Assert.True(shared.TryAssign(other, 0));
        shared.AddHaves(other, [0, 1, 2, 3]);
        Assert.True(shared.TryAssign(one, 0));
    }

    private ContentChannel Channel(byte remote)
    {
        var connection = new PeerConnection(Context, DuplexStream.CreatePair().Near, Remote(remote), isDialled: false, isBulk: false);
        return new ContentChannel(connection, Context, 1, _offered, Group, TicketFor(_offered));
    }

    private int ReadByte()
    {
        Span<byte> one = stackalloc byte[1];
        _offered.Read(0, one);
        return one[0];
    }

    private sealed class Acceptor : IChannelAcceptor
    {
        public int Taken { get; private set; }

        public void Attach(ContentChannel channel) => Taken++;
    }

    /// <summary>A content whose bytes are all the same.</summary>
    private sealed class FakeBytes(byte value) : IContent
    {
        private readonly TaskCompletionSource _reading = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _continue = new();
        private volatile bool _isDisposed;

        public bool Blocks { get; set; }

        public Task Reading => _reading.Task;

        public int Releases { get; private set; }

        public ContentDescription Description { get; } = new(2 * 65536, 65536, Hash256.Compute([5]));

        public IReadOnlyList<Hash256> PieceLayer { get; } = [];

        public Bitfield GetHave() => Bitfield.FromBytes([0b1000_0000], 2);

        public bool Has(int piece) => piece == 0;

        public void Read(long offset, Span<byte> buffer)
        {
            _reading.TrySetResult();
            if (Blocks)
            {
                Assert.True(_continue.Wait(Limit));
            }

            ObjectDisposedException.ThrowIf(_isDisposed, this);
            buffer.Fill(value);
        }

        public void Continue() => _continue.Set();

        public void Release() => Releases++;

        public void Dispose()
        {
            _isDisposed = true;
            _continue.Dispose();
        }
    }
}
