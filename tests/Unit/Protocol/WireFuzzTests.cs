using FsCheck;
using FsCheck.Fluent;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;

namespace P2PShare.Unit.Protocol;

/// <summary>A million frames that a liar might send, decoded one by one and as streams that come in arbitrary chunks.</summary>
public sealed class WireFuzzTests
{
    private const int Batches = 10_000;
    private const int FramesPerBatch = 100;

    // A ticket becomes text of two bytes a letter; everything else is as long as it was announced, or shorter.
    private const int BytesPerAnnounced = 2;

    // The message itself, and what a read that ends at once takes in a debug build.
    private const int Message = 512;
    private const int Read = 512;

    // An exception with its text and its stack.
    private const int Refusal = 16 * 1024;

    // When another thread's garbage is collected, what this one has left of its allocation buffer is counted as allocated.
    private const int BufferRest = 8 * 1024;

    // The reader's own buffer doubles up to 64 KiB when what has arrived fills it: with what arrived, never with what was announced.
    private const int BufferLength = 64 * 1024;
    private const int BufferGrowth = 4;

    private readonly HashSet<MessageId> _decodedKinds = [];
    private int _decoded;
    private int _refused;
    private int _unfinished;

    [Fact]
    public void A_million_frames_are_decoded_or_refused_within_the_memory_that_they_announce()
    {
        var batches = Arb.From(
            from frames in FrameRecipe.Generator.ArrayOf(FramesPerBatch)
            from chunks in Gen.Choose(0, int.MaxValue - 1)
            select new Batch(frames, chunks),
            batch => batch.Frames.Length == 1 ? [] : batch.Halve());
        Prop.ForAll(batches, Decode).Check(Config.QuickThrowOnFailure.WithMaxTest(Batches).WithQuietOnSuccess(true));

        Assert.Equal(Batches * FramesPerBatch, _decoded + _refused + _unfinished);
        Assert.Equal(PeerMessageReader.Kinds.Order(), _decodedKinds.Where(kind => kind != MessageId.KeepAlive).Order());
        // Every way out is taken often, or the frames were not worth their number.
        Assert.InRange(_decoded, 400_000, 700_000);
        Assert.InRange(_refused, 200_000, 500_000);
        Assert.InRange(_unfinished, 40_000, 200_000);
    }

    private void Decode(Batch batch)
    {
        // A peer is dropped at the first frame that it should not have sent: there the next stream begins.
        var stream = new List<byte>();
        var random = new Random(batch.Chunks);
        foreach (var recipe in batch.Frames)
        {
            var frame = recipe.Make();
            stream.AddRange(frame);
            if (!DecodeAlone(frame))
            {
                DecodeStream([.. stream], random);
                stream.Clear();
            }
        }

        DecodeStream([.. stream], random);
    }

    /// <returns>Whether it is a message, and nothing else.</returns>
    private bool DecodeAlone(byte[] bytes)
    {
        var (id, header, announced, message, refusal, allocated) = Measure(bytes);
        var bound = (BytesPerAnnounced * (long)announced) + Message + (refusal is null ? 0 : Refusal);
        if (allocated > bound)
        {
            // The buffer's rest does not come twice in a row.
            AssertAllocated(Math.Min(Measure(bytes).Allocated, Measure(bytes).Allocated), bound, announced);
        }

        if (refusal is not null)
        {
            _refused++;
            Printable.Check(refusal.Message);
        }
        else if (message is null)
        {
            _unfinished++;
        }
        else
        {
            _decoded++;
            _decodedKinds.Add(id);
        }

        return message is not null && bytes.Length == header + announced;
    }

    private static (MessageId Id, int Header, int Announced, object? Message, WireException? Refusal, long Allocated) Measure(byte[] bytes)
    {
        var id = MessageId.KeepAlive;
        var header = 0;
        var announced = 0;
        object? message = null;
        WireException? refusal = null;
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            Frame.TryReadHeader(bytes, out id, out header, out announced);
            message = PeerMessageReader.Read(bytes);
        }
        catch (WireException e)
        {
            refusal = e;
        }

        return (id, header, announced, message, refusal, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    // Chunk by chunk the same frames come out as from the whole, and the same end.
    private static void DecodeStream(byte[] bytes, Random random)
    {
        var stream = new ChunkedStream(bytes, random);
        var reader = new FrameReader(stream, TimeProvider.System);
        var rest = bytes.AsSpan();
        while (true)
        {
            MessageId id;
            int header;
            int length;
            try
            {
                if (!Frame.TryReadHeader(rest, out id, out header, out length))
                {
                    Assert.Throws<EndOfStreamException>(() => Finish(reader.ReadHeaderAsync(CancellationToken.None)));
                    return;
                }
            }
            catch (WireException)
            {
                Assert.Throws<WireException>(() => Finish(reader.ReadHeaderAsync(CancellationToken.None)));
                return;
            }

            var isWhole = rest.Length >= header + length;
            var before = GC.GetAllocatedBytesForCurrentThread();
            var readsBefore = stream.Reads;
            Assert.Equal((id, length), Finish(reader.ReadHeaderAsync(CancellationToken.None)));
            try
            {
                if (id == MessageId.Piece)
                {
                    // Its bytes are read where they belong, or passed over: never into a buffer of the reader's.
                    Assert.True(Finish(reader.ReadAsync(PieceHeader.Length, CancellationToken.None)).Span.SequenceEqual(rest.Slice(header, PieceHeader.Length)));
                    Finish(reader.SkipAsync(length - PieceHeader.Length, CancellationToken.None));
                }
                else
                {
                    Assert.True(Finish(reader.ReadAsync(length, CancellationToken.None)).Span.SequenceEqual(rest.Slice(header, length)));
                }

                Assert.True(isWhole, "more came out than went in");
            }
            catch (EndOfStreamException) when (!isWhole)
            {
                return;
            }
            finally
            {
                var bound = length + Message + (isWhole ? 0 : Refusal) + (Read * (long)(stream.Reads - readsBefore + 1)) + BufferRest
                    + (BufferGrowth * Math.Min(stream.Received, BufferLength));
                AssertAllocated(GC.GetAllocatedBytesForCurrentThread() - before, bound, length);
            }

            rest = rest[(header + length)..];
        }
    }

    private static void AssertAllocated(long allocated, long bound, int announced) =>
        Assert.True(allocated <= bound, $"{allocated} bytes were allocated where {announced} were announced; {bound} are the bound.");

    // Of a stream that never lets anybody wait.
    private static T Finish<T>(ValueTask<T> task)
    {
        Assert.True(task.IsCompleted);
        return task.GetAwaiter().GetResult();
    }

    private static void Finish(ValueTask task)
    {
        Assert.True(task.IsCompleted);
        task.GetAwaiter().GetResult();
    }

    private sealed record Batch(FrameRecipe[] Frames, int Chunks)
    {
        public IEnumerable<Batch> Halve() =>
            [this with { Frames = Frames[..(Frames.Length / 2)] }, this with { Frames = Frames[(Frames.Length / 2)..] }];

        public override string ToString() => $"{string.Join('\n', Frames.AsEnumerable())}\nin chunks of {Chunks}";
    }
}
