using System.Management.Automation;

namespace P2PShare.Integration.Cmdlets;

public sealed class SyncP2PGroupTests : CmdletTest
{
    private string Web => Bob.Combine("web");

    [Fact]
    public void A_folder_receives_missing_and_different_files_and_no_others()
    {
        Share("index.html", "css/site.css", "img/a b [1].png");
        Bob.MakeFile("web/index.html", 1000);
        Bob.MakeFile("web/own.txt", 10);

        var first = Sync("");
        var second = Sync("");

        Assert.Equal(["Received css/site.css", "Received img/a b [1].png", "Replaced index.html"], first);
        Assert.Empty(second);
        AssertEqualToAlice("index.html", "css/site.css", "img/a b [1].png");
        Assert.True(File.Exists(Bob.Combine("web", "own.txt")));
        Assert.True(File.Exists(Path.Combine(Web, "own.txt")));
    }

    [Fact]
    public void Files_that_the_group_does_not_have_are_deleted_with_Delete()
    {
        Share("keep/a.txt");
        Bob.MakeFile("web/keep/a.txt", 10);
        Bob.MakeFile("web/old/deep/b.txt", 10);
        Bob.MakeFile("web/keep/c.txt", 10);
        Bob.MakeFile("web/.hidden", 10);
        Bob.MakeFile("web/d.txt.p2ppart", 10);
        Bob.MakeFile("elsewhere/e.txt", 10);
        Directory.CreateSymbolicLink(Path.Combine(Web, "link"), Bob.Combine("elsewhere"));

        Assert.Equal(["Deleted keep/c.txt", "Deleted old/deep/b.txt", "Replaced keep/a.txt"], Sync("-Delete"));

        Assert.False(Directory.Exists(Path.Combine(Web, "old")));
        Assert.True(File.Exists(Path.Combine(Web, ".hidden")));
        Assert.True(File.Exists(Path.Combine(Web, "d.txt.p2ppart")));
        Assert.True(File.Exists(Bob.Combine("elsewhere", "e.txt")));
        Assert.Empty(Sync("-Delete"));
    }

    [Fact]
    public void With_WhatIf_nothing_happens()
    {
        Share("a.txt", "b.txt");
        var differing = Bob.MakeFile("web/a.txt", 5);
        var extra = Bob.MakeFile("web/extra.txt", 5);

        Assert.Empty(Sync("-Delete -Watch -WhatIf"));

        Assert.Equal(5, new FileInfo(differing).Length);
        Assert.True(File.Exists(extra));
        Assert.False(File.Exists(Path.Combine(Web, "b.txt")));
        Assert.Empty(Bob.Succeed("Get-P2PPeerServer"));
    }

    [Fact]
    public void A_pattern_covers_what_is_received_and_what_is_deleted()
    {
        Share("app-1/x.bin", "app-2/x.bin");
        Bob.MakeFile("web/app-2/gone.bin", 5);
        Bob.MakeFile("web/other.bin", 5);

        Assert.Equal(["Deleted app-2/gone.bin", "Received app-2/x.bin"], Sync("-Name 'app-2/*' -Delete"));

        Assert.False(Directory.Exists(Path.Combine(Web, "app-1")));
        Assert.True(File.Exists(Path.Combine(Web, "other.bin")));
        Assert.Equal("FileNotFound", Bob.Fail("Sync-P2PGroup dev $web -Name nothing.bin"));
        Bob.Succeed("Sync-P2PGroup dev $web -Name nothing*");
    }

    [Fact]
    public async Task An_equal_file_is_not_received_but_offered()
    {
        Share("big.bin");
        Directory.CreateDirectory(Web);
        File.Copy(Alice.Combine("site", "big.bin"), Path.Combine(Web, "big.bin"));
        Alice.Succeed("Stop-P2PPeerServer");

        Assert.Empty(Sync(""));

        await Eventually.HoldsAsync(() => Bob.Succeed("(Get-P2PFile dev).Sources").Single().BaseObject is 1, "Bob is a source");
    }

    [Fact]
    public void A_link_is_replaced_and_never_written_through()
    {
        Share("file.bin");
        var target = Bob.MakeFile("target.bin", 7);
        Directory.CreateDirectory(Web);
        File.CreateSymbolicLink(Path.Combine(Web, "file.bin"), target);

        Assert.Equal(["Replaced file.bin"], Sync(""));

        Assert.Equal(7, new FileInfo(target).Length);
        AssertEqualToAlice("file.bin");
    }

    [Fact]
    public void A_folder_in_the_way_is_an_error_and_the_rest_is_received()
    {
        Share("a", "b");
        Bob.MakeFile("web/a/inside.txt", 5);

        Assert.Equal("DestinationInvalid", Bob.Fail("Sync-P2PGroup dev $web", ("web", Web)));

        Assert.Single(Bob.Errors);
        AssertEqualToAlice("b");
        // With -Delete the folder becomes empty, and makes way.
        Assert.Equal(["Deleted a/inside.txt", "Received a"], Sync("-Delete"));
    }

    [Fact]
    public void A_file_in_the_place_of_a_folder_is_deleted_with_Delete()
    {
        Share("a/b.txt");
        Bob.MakeFile("web/a", 5);

        Assert.NotEqual("no error", Bob.Fail("Sync-P2PGroup dev $web", ("web", Web)));

        Assert.Equal(["Deleted a", "Received a/b.txt"], Sync("-Delete"));
    }

    [Fact]
    public void Bad_input_is_explained()
    {
        Assert.Equal("GroupNotFound", Bob.Fail("Sync-P2PGroup nowhere $web", ("web", Web)));
        Assert.Equal("DestinationInvalid", Bob.Fail("Sync-P2PGroup dev $file", ("file", Bob.MakeFile("file", 1))));
        Assert.Equal("DestinationInvalid", Bob.Fail("Sync-P2PGroup dev Variable:"));
        Assert.Equal("ParameterArgumentValidationError", Bob.Fail("Sync-P2PGroup '' $web"));
        Assert.Equal("NotLoggedIn", Bob.Fail("Get-P2PSession | Disconnect-P2PTracker; Sync-P2PGroup dev $web"));
    }

    [Fact]
    public async Task A_watched_folder_follows_the_group()
    {
        Share("first.bin");
        using var stop = new CancellationTokenSource();
        using var watcher = PowerShell.Create(Bob.Runspace);
        Bob.Set("web", Web);
        watcher.AddScript("Sync-P2PGroup dev $web -Watch -Delete -IntervalSec 3600");
        var output = new PSDataCollection<PSObject>();
        var watching = watcher.BeginInvoke<PSObject, PSObject>(null, output);
        await Eventually.HoldsAsync(() => output.Count == 1, "the first file is there");

        Share("second.bin");
        await Eventually.HoldsAsync(() => output.Count == 2, "the second file is there");
        Alice.Succeed("Unpublish-P2PFile dev first.bin");
        await Eventually.HoldsAsync(() => output.Count == 3, "the first file is gone");
        await watcher.StopAsync(null, null);

        Assert.True(watching.AsyncWaitHandle.WaitOne(TimeSpan.FromSeconds(20)));
        Assert.Equal(
            ["Received first.bin", "Received second.bin", "Deleted first.bin"],
            output.Select(change => $"{change.Properties["Action"].Value} {change.Properties["Name"].Value}"));
        Assert.False(File.Exists(Path.Combine(Web, "first.bin")));
        AssertEqualToAlice("second.bin");
    }

    // Alice shares files of these names, as they are in her folder "site".
    private void Share(params string[] names)
    {
        foreach (var name in names)
        {
            Alice.Succeed(
                "$null = Send-P2PFile -LiteralPath $path -Group dev -Name $name",
                ("path", Alice.MakeFile("site/" + name, 20_000)), ("name", name));
        }
    }

    private string[] Sync(string arguments) =>
        [.. Bob.Succeed($"Sync-P2PGroup dev $web {arguments}", ("web", Web))
            .Select(change => $"{change.Properties["Action"].Value} {change.Properties["Name"].Value}").Order(StringComparer.Ordinal)];

    private void AssertEqualToAlice(params string[] names) => Assert.All(
        names, name => Assert.Equal(File.ReadAllBytes(Alice.Combine("site", name)), File.ReadAllBytes(Path.Combine(Web, name))));
}
