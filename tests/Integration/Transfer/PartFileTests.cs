using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Storage;

namespace P2PShare.Integration.Transfer;

/// <summary>Downloads that race for one part file. What one download does with it is in the unit tests.</summary>
public sealed class PartFileTests
{
    private static readonly byte[] First = MakeContent(1000, (byte)'1');
    private static readonly byte[] Second = MakeContent(2000, (byte)'2');

    [Fact]
    public async Task Two_downloads_that_finish_into_one_destination_do_not_write_into_each_others_file()
    {
        const int Rounds = 1000;
        using var folder = new TemporaryFolder();
        var destination = folder.Combine("data.bin");
        for (var round = 0; round < Rounds; round++)
        {
            using var start = new Barrier(2);
            var finished = await Task.WhenAll(
                Task.Run(() => ReceiveAtOnce(start, destination, First)), Task.Run(() => ReceiveAtOnce(start, destination, Second)));

            Assert.Contains(true, finished);
            var received = await File.ReadAllBytesAsync(destination);
            Assert.True(received.AsSpan().SequenceEqual(First) || received.AsSpan().SequenceEqual(Second), $"Round {round} left a mixture.");
        }
    }

    [Fact]
    public void A_folder_in_the_place_of_a_part_file_is_named_in_the_error()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.Combine("data.bin.p2ppart"));

        var error = Assert.Throws<P2PShareException>(() => PartFile.Open(folder.Combine("data.bin"), Describe(First)));

        Assert.Equal(ErrorCode.PathUnwritable, error.Code);
    }

    private static bool ReceiveAtOnce(Barrier start, string destination, byte[] content)
    {
        start.SignalAndWait();
        try
        {
            using var part = PartFile.Open(destination, Describe(content));
            part.PrepareSpace();
            part.WritePiece(0, content);
            part.Record();
            part.Finish(destination, overwrite: true);
            return true;
        }
        catch (P2PShareException e) when (e.Code is ErrorCode.DestinationInUse or ErrorCode.DestinationInvalid)
        {
            // The other one held the part file, or took the name just after this one had.
            return false;
        }
    }

    private static ContentDescription Describe(byte[] content) => new(content.Length, PieceLength.Min, Hash256.Compute(content));

    private static byte[] MakeContent(int length, byte value)
    {
        var content = new byte[length];
        Array.Fill(content, value);
        return content;
    }
}
