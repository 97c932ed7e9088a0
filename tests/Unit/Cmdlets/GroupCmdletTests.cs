namespace P2PShare.Unit.Cmdlets;

public sealed class GroupCmdletTests : CmdletTest
{
    [Fact]
    public void Groups_are_listed_with_owner_members_and_ones_own_role()
    {
        var group = Bob.Succeed("Get-P2PGroup dev").Single();

        Assert.Equal("alice", group.Properties["Owner"].Value);
        Assert.Equal(2, group.Properties["MemberCount"].Value);
        Assert.Equal("Member", group.Properties["Role"].Value.ToString());
        Assert.Equal("Owner", Alice.Succeed("(Get-P2PGroup dev).Role.ToString()").Single().BaseObject);
    }

    [Fact]
    public void A_pattern_that_matches_nothing_is_no_error_and_a_name_is()
    {
        Alice.Succeed("'design', 'devops' | New-P2PGroup");

        Assert.Equal(["dev", "devops"], Alice.Succeed("(Get-P2PGroup dev*).Name").Select(name => name.BaseObject));
        Assert.Empty(Alice.Succeed("Get-P2PGroup x*"));
        Assert.Equal("GroupNotFound", Alice.Fail("Get-P2PGroup x"));
    }

    [Fact]
    public void One_bad_name_among_many_does_not_stop_the_others()
    {
        var made = Alice.Run("'one', 'dev', 'bad name', 'two' | New-P2PGroup");

        Assert.Equal(["one", "two"], made.Select(group => group.Properties["Name"].Value));
        Assert.Equal(["GroupNameTaken", "InvalidGroupName"], Alice.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]));
        Assert.Equal(["dev", "bad name"], Alice.Errors.Select(error => error.TargetObject));
    }

    [Fact]
    public void A_join_request_is_denied_and_can_be_made_again()
    {
        Alice.Succeed("New-P2PGroup ops");
        var request = Bob.Succeed("Get-P2PGroup ops | Join-P2PGroup").Single();
        Assert.Equal("bob", request.Properties["UserName"].Value);

        Alice.Succeed("Get-P2PJoinRequest | Deny-P2PJoinRequest");

        Assert.Empty(Alice.Succeed("Get-P2PJoinRequest ops"));
        Assert.Equal("None", Bob.Succeed("(Get-P2PGroup ops).Role.ToString()").Single().BaseObject);
        Bob.Succeed("Join-P2PGroup ops");
    }

    [Fact]
    public void A_member_leaves_and_the_owner_cannot()
    {
        Bob.Succeed("Leave-P2PGroup dev");

        Assert.Equal("None", Bob.Succeed("(Get-P2PGroup dev).Role.ToString()").Single().BaseObject);
        Assert.Equal("OwnerCannotLeave", Alice.Fail("Exit-P2PGroup dev"));
    }

    [Fact]
    public void What_only_the_owner_may_do_is_refused_to_others()
    {
        Assert.Equal("NotOwner", Bob.Fail("Get-P2PJoinRequest dev"));
        Assert.Equal("NotOwner", Bob.Fail("Approve-P2PJoinRequest dev carol"));
        Assert.Equal("JoinRequestNotFound", Alice.Fail("Approve-P2PJoinRequest dev carol"));
        Assert.Equal("AlreadyMember", Bob.Fail("Join-P2PGroup dev"));
    }

    [Fact]
    public void WhatIf_changes_nothing()
    {
        Alice.Succeed("New-P2PGroup ops");
        Bob.Succeed("Join-P2PGroup ops");

        Alice.Succeed("New-P2PGroup more -WhatIf; Get-P2PJoinRequest | Approve-P2PJoinRequest -WhatIf; Get-P2PJoinRequest | Deny-P2PJoinRequest -WhatIf");
        Bob.Succeed("Exit-P2PGroup dev -WhatIf; Join-P2PGroup ops -WhatIf");

        Assert.Empty(Alice.Succeed("Get-P2PGroup more*"));
        Assert.Single(Alice.Succeed("Get-P2PJoinRequest ops"));
        Assert.Equal("Member", Bob.Succeed("(Get-P2PGroup dev).Role.ToString()").Single().BaseObject);
    }

    [Fact]
    public void A_session_can_be_given_to_every_cmdlet()
    {
        Alice.Succeed("""
            $null = New-P2PUser -UserName carol -Password $password
            $carol = Connect-P2PTracker $tracker -UserName carol -Password $password -Fingerprint $fingerprint -StatePath "$folder/carol"
            """, ("folder", Alice.Folder));

        Assert.Equal("None", Alice.Succeed("(Get-P2PGroup dev).Role.ToString()").Single().BaseObject);
        Assert.Equal("Owner", Alice.Succeed("(Get-P2PGroup dev -Session $session).Role.ToString()").Single().BaseObject);
    }
}
