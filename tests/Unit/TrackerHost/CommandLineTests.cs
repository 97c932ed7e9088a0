using P2PShare.TrackerHost.Commands;

namespace P2PShare.Unit.TrackerHost;

public sealed class CommandLineTests
{
    [Fact]
    public void Settings_are_parted_from_words_in_either_form()
    {
        var line = CommandLine.Split(["info.txt", "--Tracker:DataPath=x", "1", "--Tracker:LogFormat", "json", "--validate", "--Tracker:StopAtEndOfInput", "--uses", "2"]);

        Assert.Equal(["info.txt", "1", "--validate", "--uses", "2"], line.Words);
        Assert.Equal(["--Tracker:DataPath=x", "--Tracker:LogFormat", "json", "--Tracker:StopAtEndOfInput"], line.Settings);
    }
}
