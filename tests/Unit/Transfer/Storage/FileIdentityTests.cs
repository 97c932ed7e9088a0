using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Storage;

public sealed class FileIdentityTests
{
    // A change within one step of the file system's times would not show.
    [LinuxTheory]
    [InlineData(500_000_000, 50, false)]
    [InlineData(500_000_000, 101, true)]
    [InlineData(0, 101, false)]
    [InlineData(0, 3001, true)]
    [InlineData(500_000_000, -1000, false)]
    public void A_file_has_settled_when_any_further_change_shows(int nanoseconds, int millisecondsLater, bool hasSettled)
    {
        var changed = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var identity = new FileIdentity(1, 1, changed.ToUnixTimeSeconds() * 1_000_000_000 + nanoseconds);

        Assert.Equal(hasSettled, identity.HasSettled(changed.AddMilliseconds(nanoseconds / 1_000_000 + millisecondsLater)));
    }
}
