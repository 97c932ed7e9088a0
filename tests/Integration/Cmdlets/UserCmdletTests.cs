
namespace P2PShare.Integration.Cmdlets;

public sealed class UserCmdletTests : CmdletTest
{
    [Fact]
    public void Users_are_created_from_objects_with_a_name_and_a_password()
    {
        var made = Alice.Run(
            "$rows = 'dave', 'bob', 'bad name', 'erin' | ForEach-Object { [pscustomobject]@{ UserName = $_ } }; $rows | New-P2PUser -Password $password -ErrorVariable failed");

        Assert.Equal(["dave", "erin"], made.Select(user => user.Properties["UserName"].Value));
        Assert.Equal(["UserNameTaken", "InvalidUserName"], Alice.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]));
        Assert.Equal(["bob", "bad name"], Alice.Errors.Select(error => error.TargetObject));
        Assert.Equal(2, Alice.Succeed("$failed.Count").Single().BaseObject);
        Assert.Equal("frank", Alice.Succeed("[pscredential]::new('frank', $password) | New-P2PUser").Single().Properties["UserName"].Value);
    }

    [Fact]
    public void A_password_is_changed_and_the_session_and_its_peer_server_continue()
    {
        Alice.Succeed("$null = Send-P2PFile $file dev -Name x", ("file", Alice.MakeFile("x", 1000)));

        Assert.Empty(Alice.Succeed("Set-P2PUser -CurrentPassword $password -NewPassword $new", ("new", TestPassword.Secure(TestPassword.Changed))));

        Assert.Equal(1, Alice.Succeed("(Get-P2PFile dev x).Sources").Single().BaseObject);
        Assert.Equal("WrongCredentials", Alice.Fail("Connect-P2PTracker $tracker -UserName alice -Password $password -StatePath $state"));
        Alice.Succeed("Connect-P2PTracker $tracker -UserName alice -Password $new -StatePath $state");
        Bob.Succeed("Receive-P2PFile dev x -Destination $to", ("to", Bob.Folder));
    }

    [Fact]
    public void A_session_that_a_password_change_ended_gives_advice()
    {
        var user = Alice.Succeed(
            """
            $other = Connect-P2PTracker $tracker -UserName alice -Password $password -StatePath $state
            Set-P2PUser -CurrentPassword $password -NewPassword $new -PassThru
            """,
            ("new", TestPassword.Secure(TestPassword.Changed))).Single();
        Assert.Equal("alice", user.Properties["UserName"].Value);

        foreach (var command in new[]
        {
            "Get-P2PGroup", "Get-P2PGroup dev", "'dev', 'dev' | Get-P2PGroupMember", "New-P2PGroup more", "Join-P2PGroup dev", "Exit-P2PGroup dev", "Get-P2PJoinRequest",
            "Approve-P2PJoinRequest dev bob", "Deny-P2PJoinRequest dev *", "Remove-P2PGroupMember dev bob", "Set-P2PGroupOwner dev bob -Confirm:$false",
            "Remove-P2PGroup dev -Confirm:$false", "Remove-P2PUser -Confirm:$false", "Set-P2PUser -CurrentPassword $new -NewPassword $password",
        })
        {
            Assert.Equal("NotLoggedIn", Alice.Fail(command + " -Session $session"));
            var error = Assert.Single(Alice.Errors);
            Assert.Contains("Connect-P2PTracker", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_refused_change_of_the_password_changes_nothing()
    {
        var wrong = TestPassword.Secure("something else");
        Assert.Equal("WrongCredentials", Alice.Fail("Set-P2PUser -CurrentPassword $wrong -NewPassword $password", ("wrong", wrong)));
        Assert.Equal("InvalidPassword", Alice.Fail("Set-P2PUser -CurrentPassword $password -NewPassword $short", ("short", TestPassword.Secure("short"))));
        Assert.Equal("InvalidPassword", Alice.Fail("Set-P2PUser -CurrentPassword $password -NewPassword ([securestring]::new())"));
        Alice.Succeed("Set-P2PUser -CurrentPassword $password -NewPassword $wrong -WhatIf");

        Alice.Succeed("Connect-P2PTracker $tracker -UserName alice -Password $password -StatePath $state");
    }

    [Fact]
    public void A_removed_user_is_gone_with_session_and_peer_server()
    {
        Bob.Succeed("Start-P2PPeerServer");

        var removed = Bob.Succeed("Remove-P2PUser -Confirm:$false -PassThru").Single();

        Assert.Equal("bob", removed.Properties["UserName"].Value);
        Assert.Equal(0, Bob.Succeed("@(Get-P2PSession).Count").Single().BaseObject);
        Assert.False((bool)Bob.Succeed("$session.Connected").Single().BaseObject);
        Assert.Equal("Stopped", Bob.Succeed("(Get-Job).State.ToString()").Single().BaseObject);
        Assert.Equal("WrongCredentials", Bob.Fail("Connect-P2PTracker $tracker -UserName bob -Password $password -StatePath $state"));
        Assert.Equal(["alice"], Alice.Succeed("(Get-P2PGroupMember dev).UserName").Select(name => name.BaseObject));
    }

    [Fact]
    public void A_user_who_owns_groups_is_not_deleted_and_the_error_names_the_groups()
    {
        Assert.Equal("UserOwnsGroups", Alice.Fail("Remove-P2PUser -Confirm:$false"));
        Assert.Contains("'dev'", Alice.Errors[0].ToString(), StringComparison.Ordinal);
        Assert.Contains("Set-P2PGroupOwner", Alice.Errors[0].ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Bob.Succeed("Remove-P2PUser -WhatIf");

        Assert.Equal(["alice", "bob"], Alice.Succeed("(Get-P2PGroupMember dev).UserName").Select(name => name.BaseObject));
    }

    [Fact]
    public async Task The_error_names_all_trackers_that_were_tried()
    {
        TestShell carol;
        string[] addresses;
        await using (var gone = await TestTracker.StartAsync())
        {
            carol = TestShell.Connected(gone, "carol");
            addresses = [gone.Address.Authority, "127.0.0.1:1"];
            var info = carol.Combine("trackers.txt");
            await File.WriteAllLinesAsync(info, addresses);
            carol.Succeed("$session = Connect-P2PTracker -TrackerInfo $info -UserName carol -Password $password -StatePath $state", ("info", info));
        }

        using var _ = carol;
        foreach (var command in new[]
        {
            "Get-P2PGroup", "Get-P2PGroup dev", "Get-P2PGroupMember", "New-P2PGroup more", "Join-P2PGroup d*", "Exit-P2PGroup dev", "Get-P2PJoinRequest dev",
            "Approve-P2PJoinRequest dev *", "Deny-P2PJoinRequest dev bob", "Remove-P2PGroupMember dev *", "Set-P2PGroupOwner dev bob -Confirm:$false",
            "Remove-P2PGroup dev -Confirm:$false", "Remove-P2PUser -Confirm:$false", "Set-P2PUser -CurrentPassword $password -NewPassword $password",
        })
        {
            Assert.Equal("TrackerUnreachable", carol.Fail(command));
            Assert.All(addresses, address => Assert.Contains(address, carol.Errors[0].ToString(), StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Without_a_session_every_cmdlet_gives_advice()
    {
        using var nobody = new TestShell();
        foreach (var command in new[]
        {
            "Get-P2PGroup", "New-P2PGroup x", "'x', 'y' | Join-P2PGroup", "Exit-P2PGroup x", "Get-P2PJoinRequest", "Approve-P2PJoinRequest x y", "Deny-P2PJoinRequest x *",
            "Get-P2PGroupMember", "Remove-P2PGroupMember x *", "Set-P2PGroupOwner x y", "Remove-P2PGroup x", "Remove-P2PUser",
            "Set-P2PUser -CurrentPassword $password -NewPassword $password", "New-P2PUser -UserName x -Password $password",
        })
        {
            Assert.Equal("NotLoggedIn", nobody.Fail(command));
            Assert.Contains("Connect-P2PTracker", Assert.Single(nobody.Errors).ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        }
    }
}
