using System.Collections;

namespace P2PShare.Integration.Cmdlets;

public sealed class PeerCmdletTests : CmdletTest
{
    [Fact]
    public async Task Peers_are_listed_with_user_address_and_what_they_have()
    {
        Alice.Succeed("1..2 | ForEach-Object { Send-P2PFile $folder/$_.bin dev }; $port = (Get-P2PPeerServer).Port", ("folder", MakeFiles()));
        Bob.Succeed("Receive-P2PFile dev 1.bin -Destination $to", ("to", Bob.Folder));

        await Eventually.HoldsAsync(() => Bob.Run("Get-P2PPeer dev bob | Where-Object Complete -eq 1").Count == 1, "Bob's peer has announced what he received");

        var peers = Bob.Succeed("Get-P2PPeer dev");

        Assert.Equal(["alice", "bob"], peers.Select(peer => peer.Properties["UserName"].Value));
        Assert.Equal([2, 1], peers.Select(peer => peer.Properties["Complete"].Value));
        Assert.All(peers, peer => Assert.Equal(("dev", 0), (peer.Properties["Group"].Value, peer.Properties["Partial"].Value)));
        Assert.Contains($"127.0.0.1:{Alice.Get("port")}", ((IEnumerable)peers[0].Properties["EndPoints"].Value).Cast<string>());
        Assert.Matches("^[0-9a-f]{64}$", (string)peers[0].Properties["Fingerprint"].Value);
        Assert.InRange((DateTimeOffset)peers[0].Properties["LastSeen"].Value, DateTimeOffset.Now.AddMinutes(-2), DateTimeOffset.Now.AddMinutes(2));
    }

    [Fact]
    public void Patterns_select_among_the_users_groups_and_their_members()
    {
        Alice.Succeed("New-P2PGroup ops; 'dev', 'ops' | ForEach-Object { Send-P2PFile $folder/1.bin $_ }", ("folder", MakeFiles()));

        Assert.Equal(["alice in dev", "alice in ops"], Texts(Alice, "Get-P2PPeer"));
        Assert.Equal(["alice in ops"], Texts(Alice, "Get-P2PPeer o* ALICE"));
        Assert.Equal(["alice in dev"], Texts(Bob, "Get-P2PPeer * a*"));
        Assert.Equal(["alice in dev"], Texts(Bob, "Get-P2PGroupMember dev alice | Get-P2PPeer"));
        Assert.Equal(["alice in dev"], Texts(Bob, "'dev', 'd*' | Get-P2PPeer"));
        Assert.Empty(Bob.Succeed("Get-P2PPeer x*; Get-P2PPeer dev x*; Get-P2PPeer -UserName b*"));
    }

    [Fact]
    public void A_name_without_a_match_is_an_error_and_the_others_are_listed()
    {
        Alice.Succeed("New-P2PGroup ops; Send-P2PFile $folder/1.bin dev", ("folder", MakeFiles()));

        Assert.Equal("GroupNotFound", Bob.Fail("Get-P2PPeer nowhere"));
        Assert.Equal("NotMember", Bob.Fail("Get-P2PPeer ops"));
        Assert.Equal("PeerNotFound", Bob.Fail("Get-P2PPeer dev bob"));
        Assert.Equal("PeerNotFound", Bob.Fail("Get-P2PPeer -UserName nobody"));
        Assert.Equal(["alice"], Bob.Run("(Get-P2PPeer dev nobody, alice).UserName").Select(name => name.BaseObject));
        Assert.Equal("nobody", Assert.Single(Bob.Errors).TargetObject);
    }

    private static IEnumerable<string> Texts(TestShell shell, string script) =>
        shell.Succeed(script).Select(peer => peer.ToString()).Order();

    private string MakeFiles()
    {
        Alice.MakeFile("1.bin", 1000);
        Alice.MakeFile("2.bin", 1000);
        return Alice.Folder;
    }
}
