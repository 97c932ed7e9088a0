using System.Collections.Concurrent;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Connections;

/// <summary>What peers cost that request much and read little or nothing.</summary>
public sealed class UnreadAnswerTests : ConnectionTest
{
    private const int Connections = 100;

    private readonly FakeContent _content = new(pieces: 512, pieceLength: 16 * 1024);

    [Fact]
    public async Task A_hundred_connections_that_request_hashes_and_never_read_hold_little_memory()
    {
        var connections = new List<PeerConnection>();
        var request = new byte[Frame.HeaderLength + HashRange.Length];
        new HashRange(1, 0, 512).Write(request, MessageId.HashRequest);
        var requests = Enumerable.Repeat(request, 1000).SelectMany(bytes => bytes).ToArray();
        for (var i = 0; i < Connections; i++)
        {
            var (connection, remote, _) = Run(buffered: 32 * 1024);
            await GreetAndOpenAsync(connection, remote, _content);
            for (var turn = 0; turn < 8; turn++)
            {
                await remote.SendAsync(requests);
            }

            connections.Add(connection);
        }

        // Each has requested 8,000 answers of 16 KiB, and most of the requests were read: the stream holds 32 KiB.
        Assert.All(connections, connection => Assert.InRange(connection.WaitingBytes, 0, 256 * 1024));
        Assert.InRange(
            Context.SendBudget.BytesInUse,
            1,
            SendBudget.MaxLargePerUser * (SendBudget.LargeStep + 64) + Connections * (SendBudget.SmallStep + 64));
        Assert.DoesNotContain(connections, connection => connection.IsEnding);
    }

    [Fact]
    public async Task Buffers_are_given_back_when_connections_end()
    {
        var (connection, remote, running) = Run(buffered: 1024);
        await GreetAndOpenAsync(connection, remote, _content);
        await remote.RequestAsync(new BlockRange(1, 0, 0, 16 * 1024));
        await Eventually.HoldsAsync(() => Context.SendBudget.BytesInUse > 0, "the answer is being sent");

        connection.Dispose();
        await running.WaitAsync(Limit);

        Assert.Equal(0, Context.SendBudget.BytesInUse);
    }

    [Fact]
    public async Task Two_peers_that_saturate_each_other_with_requests_both_make_progress()
    {
        const int Requests = 10_000;
        var (near, far) = DuplexStream.CreatePair(buffered: 4 * 1024);
        using var alice = new PeerConnection(Context, near, Remote(2), isDialled: true, isBulk: false);
        using var bob = new PeerConnection(Context, far, Remote(2), isDialled: false, isBulk: false);
        Contents.Offer(_content, Group);
        var own = new FakeContent(pieces: 512, pieceLength: 16 * 1024);
        var running = Task.WhenAll(alice.RunAsync(), bob.RunAsync());
        alice.SendHello(Issue(TicketFor(_content)));
        var there = alice.Open(own, Group, Listed());
        await Eventually.HoldsAsync(() => bob.Find(1) is not null, "the channel is open");
        var (atAlice, atBob) = (new CountingListener(), new CountingListener());
        there.SetListener(atAlice);
        bob.Find(1)!.SetListener(atBob);

        for (var i = 0; i < Requests; i++)
        {
            alice.RequestHashes(new HashRange(1, 0, 512));
            bob.RequestHashes(new HashRange(1, 0, 512));
        }

        await Eventually.HoldsAsync(
            () => atAlice.Answers == Requests && atBob.Answers == Requests,
            "every request is answered");
        Assert.InRange(atAlice.Hashes, 1, Requests);
        Assert.InRange(atBob.Hashes, 1, Requests);
        alice.Dispose();
        await running.WaitAsync(Limit);
    }

    [Fact]
    public async Task A_piece_whose_request_was_rejected_for_want_of_room_is_offered_again()
    {
        var (connection, remote, _) = Run();
        await GreetAndOpenAsync(connection, remote, _content);
        await remote.HaveAllAsync(1);
        Context.UploadLimiter.Limit = 1;
        for (var i = 0; i < AnswerQueue.MaxRequests + 2; i++)
        {
            await remote.RequestAsync(new BlockRange(1, i % 300, 0, 1024));
        }

        var rejected = new ConcurrentQueue<int>();
        var offered = ReadUntilOfferedAsync();
        // It waits behind the block that the limit holds up, or was sent before it.
        await Eventually.HoldsAsync(() => connection.WaitingBytes > 0 || !rejected.IsEmpty, "a request is rejected");
        Context.UploadLimiter.Limit = null;

        var pieces = await offered.WaitAsync(Limit);
        Assert.NotEmpty(rejected);
        Assert.Equal(rejected, pieces);

        async Task<int[]> ReadUntilOfferedAsync()
        {
            while (true)
            {
                var (id, body) = (await remote.ReceiveAsync())!.Value;
                if (id == MessageId.Reject)
                {
                    rejected.Enqueue(BlockRange.Read(body).Piece);
                }
                else if (id == MessageId.Have)
                {
                    return HaveMessage.Read(body).Pieces;
                }
            }
        }
    }

    [Fact]
    public async Task A_peer_that_reads_nothing_for_30_seconds_of_a_write_is_dropped()
    {
        var table = new ConnectionTable(Own, Context);
        var (near, far) = DuplexStream.CreatePair(buffered: 1024);
        await using var remote = new RawPeer(far);
        var connection = table.Run(near, Remote(2), isDialled: false);
        await GreetAndOpenAsync(connection, remote, _content);
        await remote.RequestAsync(new BlockRange(1, 0, 0, 16 * 1024));
        await Eventually.HoldsAsync(() => Context.SendBudget.BytesInUse > 0, "the answer is being sent");
        for (var seconds = 0; seconds < 25; seconds += 5)
        {
            Clock.Advance(TimeSpan.FromSeconds(5));
            // It is alive otherwise.
            await remote.SendAsync(new byte[4]);
            await Eventually.HoldsAsync(() => connection.Idle == TimeSpan.Zero, "the keep-alive has come");
            table.Maintain();
        }

        Assert.False(connection.IsEnding);
        Clock.Advance(TimeSpan.FromSeconds(30));
        table.Maintain();

        await Eventually.HoldsAsync(() => table.Count == 0, "it is dropped");
    }

    private sealed class CountingListener : IChannelListener
    {
        private int _answers;
        private int _hashes;

        public int Answers => Volatile.Read(ref _answers);

        public int Hashes => Volatile.Read(ref _hashes);

        public void ReceiveHashes(HashRange range, Hash256[] hashes)
        {
            Interlocked.Increment(ref _hashes);
            Interlocked.Increment(ref _answers);
        }

        public void RejectHashes() => Interlocked.Increment(ref _answers);

        public void ReceiveTree(TreeRange range, Hash256[] hashes)
        {
        }

        public void RejectTree(TreeRange range)
        {
        }

        public void ReceiveMap(MapHeader header, ReadOnlySpan<byte> bytes)
        {
        }

        public void RejectMap()
        {
        }

        public void ReceiveBitfield(Bitfield has)
        {
        }

        public void ReceiveHaves(int[] pieces)
        {
        }

        public void Reject(BlockRange range)
        {
        }

        public void Refuse(CloseReason reason)
        {
        }

        public void Lose()
        {
        }

        public IncomingBlock? BeginReceive(PieceHeader header, int count) => null;

        public void AbortReceive(IncomingBlock block)
        {
        }

        public void EndReceive(IncomingBlock block, long since)
        {
        }
    }
}
