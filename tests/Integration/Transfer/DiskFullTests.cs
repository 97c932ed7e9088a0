using System.Security.Cryptography;
using P2PShare.Protocol;
using P2PShare.Transfer;

namespace P2PShare.Integration.Transfer;

/// <summary>A receiver on a disk of a few megabytes, which others write to as well.</summary>
public sealed class DiskFullTests : IAsyncLifetime
{
    private const int DiskMegabytes = 8;
    private const string Name = "data.bin";

    private readonly byte[] _content = RandomNumberGenerator.GetBytes(6_000_000);
    private TestTracker _tracker = null!;
    private TestPeer _alice = null!;
    private ChildPeer _receiver = null!;

    // As the receiver sees it.
    private string Destination => Path.Combine(_receiver.Folder, "disk", Name);

    // The same from here.
    private string Disk => $"/proc/{_receiver.ProcessId}/root{_receiver.Folder}/disk";

    private string Part => Path.Combine(Disk, Name + ".p2ppart");

    private string Filler => Path.Combine(Disk, "filler");

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        _alice = await TestPeer.StartAsync(_tracker, "alice", null, new PeerServerOptions());
        _receiver = await ChildPeer.CreateAsync(_tracker, "receiver", _alice);
        await _alice.ShareAsync(Name, _content);
    }

    public async Task DisposeAsync()
    {
        await _receiver.DisposeAsync();
        await _alice.DisposeAsync();
        await _tracker.DisposeAsync();
    }

    [SmallDiskFact]
    public async Task On_a_disk_that_is_too_full_a_download_fails_before_anything_is_fetched()
    {
        await StartReceiverAsync();
        FillUp(leave: 3_000_000);

        await AssertDiskFullAsync();
        Assert.Equal(0, _alice.Server.GetStatus().BytesUploaded);

        File.Delete(Filler);
        await AssertReceivedAsync();
    }

    [SmallDiskFact]
    public async Task On_a_disk_that_fills_up_a_download_fails_and_keeps_what_was_verified()
    {
        await StartReceiverAsync();
        // A part that is there already has no space reserved.
        File.Create(Part).Dispose();
        FillUp(leave: 3_000_000);

        await AssertDiskFullAsync();
        Assert.InRange(_alice.Server.GetStatus().BytesUploaded, 2_000_000, _content.Length);

        File.Delete(Filler);
        var before = _alice.Server.GetStatus().BytesUploaded;
        await AssertReceivedAsync();
        Assert.InRange(_alice.Server.GetStatus().BytesUploaded - before, 1, _content.Length - 2_000_000);
    }

    [SmallDiskFact]
    public async Task A_download_that_has_reserved_its_space_completes_although_the_disk_fills_up()
    {
        await StartReceiverAsync();
        // Long enough for its pieces to be recorded twice, which happens every five seconds, and for the first failure to show.
        _alice.Server.UploadLimit = 500_000;
        await _receiver.ReceiveAsync(Name, Destination);
        await Eventually.HoldsAsync(() => _alice.Server.GetStatus().BytesUploaded > 100_000, "bytes went out");

        FillUp(leave: 0);

        Assert.Null(await _receiver.EndOfReceiveAsync());
        AssertRight();
    }

    [SmallDiskFact]
    public async Task An_image_that_is_mostly_zeros_is_received_onto_a_disk_that_has_room_for_what_is_in_it()
    {
        const int Extents = 60;
        // Each extent makes two pieces of 64 KiB that are not zeros: together more than the disk has room for, and twice what is in them.
        var image = new byte[40_000_000];
        for (var extent = 0; extent < Extents; extent++)
        {
            RandomNumberGenerator.Fill(image.AsSpan(extent * 10 * 65_536 + 32_768, 65_536));
        }

        await _alice.ShareAsync("image.bin", image);
        await StartReceiverAsync();
        FillUp(leave: 5_000_000);
        await _receiver.ReceiveAsync("image.bin", Path.Combine(_receiver.Folder, "disk", "image.bin"));

        Assert.Null(await _receiver.EndOfReceiveAsync());
        Assert.Equal(image, await File.ReadAllBytesAsync(Path.Combine(Disk, "image.bin")));
    }

    private async Task StartReceiverAsync()
    {
        var disk = Directory.CreateDirectory(Path.Combine(_receiver.Folder, "disk"));
        await _receiver.StartAsync(uploadLimit: null, SmallDiskFactAttribute.Wrapper(disk.FullName, DiskMegabytes));
    }

    private void FillUp(int leave)
    {
        using (var filler = new FileStream(Filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            try
            {
                while (true)
                {
                    filler.Write(new byte[4096]);
                }
            }
            catch (IOException)
            {
                // Full.
            }
        }

        using var shorter = new FileStream(Filler, FileMode.Open);
        shorter.SetLength(shorter.Length - leave);
    }

    private async Task AssertDiskFullAsync()
    {
        await _receiver.ReceiveAsync(Name, Destination);
        var end = await _receiver.EndOfReceiveAsync();
        Assert.Equal(ErrorCode.DiskFull, end?.Code);
        Assert.Contains("free some space", end!.Value.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(Disk, Name)));
    }

    private async Task AssertReceivedAsync()
    {
        await _receiver.ReceiveAsync(Name, Destination);
        Assert.Null(await _receiver.EndOfReceiveAsync());
        AssertRight();
    }

    private void AssertRight()
    {
        Assert.Equal(_content, File.ReadAllBytes(Path.Combine(Disk, Name)));
        Assert.False(File.Exists(Part));
    }
}
