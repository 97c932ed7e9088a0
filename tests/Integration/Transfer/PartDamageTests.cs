using System.Security.Cryptography;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Integration.Transfer;

/// <summary>Damage to an unfinished file between two downloads, and how much of it is fetched again.</summary>
public sealed class PartDamageTests : IAsyncLifetime
{
    private const int Rounds = 25;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly byte[] _content = RandomNumberGenerator.GetBytes(6_000_000);
    private TestTracker _tracker = null!;
    private TestPeer _alice = null!;
    private TestPeer _bob = null!;
    private FileResponse _file = null!;
    private byte[] _part = null!;

    private delegate byte[] Damage(byte[] part, Random random);

    private string PartPath => _bob.DestinationOf("data.bin.p2ppart");

    // About half of the content, and the record of it.
    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        _alice = await TestPeer.StartAsync(_tracker, "alice", null);
        _bob = await TestPeer.StartAsync(_tracker, "bob", _alice);
        _file = await _alice.ShareAsync("data.bin", _content);
        _alice.Server.UploadLimit = 2_000_000;
        var download = _bob.Receive(_file);
        await Eventually.HoldsAsync(() => download.Progress.BytesVerified > 3_000_000, "half of the bytes came");
        await download.StopAsync();
        _alice.Server.UploadLimit = null;
        _part = await File.ReadAllBytesAsync(PartPath);
        Assert.InRange(_part.Length, _content.Length + 1, _content.Length + 10_000);
        Assert.InRange(WrongBytes(_part), 1, 3_000_000);
    }

    public async Task DisposeAsync()
    {
        await _bob.DisposeAsync();
        await _alice.DisposeAsync();
        await _tracker.DisposeAsync();
    }

    [Fact]
    public Task A_truncated_part_file_gives_what_is_left() => OnlyWhatIsWrongIsFetchedAsync(
        (part, random) => part[..random.Next(part.Length)]);

    [Fact]
    public Task An_extended_part_file_gives_all_that_it_had() => OnlyWhatIsWrongIsFetchedAsync((part, random) =>
    {
        var more = new byte[random.Next(1, 200_000)];
        random.NextBytes(more);
        return [.. part, .. more];
    });

    [Fact]
    public Task An_overwritten_part_file_gives_the_pieces_that_are_intact() => OnlyWhatIsWrongIsFetchedAsync((part, random) =>
    {
        for (var i = random.Next(1, 8); i > 0; i--)
        {
            var length = random.Next(1, 100_000);
            random.NextBytes(part.AsSpan(random.Next(part.Length - length), length));
        }

        return part;
    });

    [Fact]
    public Task A_part_file_with_a_damaged_record_gives_all_that_it_had() => OnlyWhatIsWrongIsFetchedAsync((part, random) =>
    {
        part[random.Next(_content.Length, part.Length)] ^= (byte)(1 << random.Next(8));
        return part;
    });

    private Task OnlyWhatIsWrongIsFetchedAsync(Damage damage)
    {
        var random = new SeededRandom();
        return random.RunAsync(async () =>
        {
            for (var round = 0; round < Rounds; round++)
            {
                await _bob.StopServerAsync();
                File.Delete(_bob.DestinationOf("data.bin"));
                var damaged = damage([.. _part], random.Random);
                await File.WriteAllBytesAsync(PartPath, damaged);

                await _bob.RestartServerAsync();
                await _bob.Receive(_file).Completion.WaitAsync(Limit);

                Assert.Equal(_content, await File.ReadAllBytesAsync(_bob.DestinationOf("data.bin")));
                Assert.False(File.Exists(PartPath));
                Assert.Equal(WrongBytes(damaged), _bob.Server.GetStatus().BytesDownloaded);
            }
        });
    }

    // Bytes of the pieces that are not intact.
    private long WrongBytes(byte[] part)
    {
        var length = _file.Content.PieceLength;
        return Enumerable.Range(0, _file.Content.PieceCount).Sum(index =>
        {
            var right = _content.AsSpan(index * length, PieceLength.SizeOf(_content.Length, length, index));
            var isRight = part.Length >= index * length + right.Length && part.AsSpan(index * length, right.Length).SequenceEqual(right);
            return isRight ? 0 : (long)right.Length;
        });
    }
}
