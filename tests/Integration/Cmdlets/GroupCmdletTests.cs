namespace P2PShare.Integration.Cmdlets;

public sealed class GroupCmdletTests : CmdletTest
{
    [Fact]
    public void Groups_are_listed_with_owner_members_and_the_users_role()
    {
        var group = Bob.Succeed("Get-P2PGroup dev").Single();

        Assert.Equal("alice", group.Properties["Owner"].Value);
        Assert.Equal(2, group.Properties["MemberCount"].Value);
        Assert.Equal("Publisher", group.Properties["Role"].Value.ToString());
        Assert.Equal("Owner", Alice.Succeed("(Get-P2PGroup dev).Role.ToString()").Single().BaseObject);
    }

    [Fact]
    public void A_pattern_that_matches_nothing_is_not_an_error_and_a_name_is()
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
    public void Actions_of_the_owner_are_refused_to_others()
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

        Alice.Succeed("Remove-P2PGroup dev -WhatIf; Set-P2PGroupOwner dev bob -WhatIf");
        Alice.Succeed("New-P2PGroup more -WhatIf; Get-P2PJoinRequest | Approve-P2PJoinRequest -WhatIf; Get-P2PJoinRequest | Deny-P2PJoinRequest -WhatIf");
        Bob.Succeed("Exit-P2PGroup dev -WhatIf; Join-P2PGroup ops -WhatIf");

        Assert.Empty(Alice.Succeed("Get-P2PGroup more*"));
        Assert.Single(Alice.Succeed("Get-P2PJoinRequest ops"));
        Assert.Equal("Publisher", Bob.Succeed("(Get-P2PGroup dev).Role.ToString()").Single().BaseObject);
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

    [Fact]
    public void Of_a_thousand_inputs_each_gives_a_result_or_one_error()
    {
        var made = Alice.Run("1..1000 | ForEach-Object { if ($_ % 10) { \"g$_\" } else { \"bad $_\" } } | New-P2PGroup -ErrorVariable failed");

        Assert.Equal(900, made.Count);
        Assert.Equal(100, Alice.Errors.Count);
        Assert.Equal(100, Alice.Succeed("$failed.Count").Single().BaseObject);
        Assert.Equal(
            [90, 10],
            Alice.Run("$found = 1..100 | ForEach-Object { if ($_ % 10) { \"g$_\" } else { \"bad $_\" } } | Get-P2PGroup -ErrorVariable failed -ErrorAction SilentlyContinue; $found.Count; $failed.Count")
                .Select(count => count.BaseObject));
    }

    [Fact]
    public void Null_and_empty_names_are_refused_one_by_one()
    {
        foreach (var command in new[] { "Get-P2PGroup", "New-P2PGroup", "Join-P2PGroup", "Exit-P2PGroup", "Remove-P2PGroup -Confirm:$false", "Get-P2PGroupMember", "Get-P2PJoinRequest" })
        {
            foreach (var bad in new[] { "$null", "''", "@()", "'x', $null", "'x', ''" })
            {
                Alice.Run($"{command.Replace(" ", $" ({bad}) ", StringComparison.Ordinal)}{(command.Contains(' ', StringComparison.Ordinal) ? "" : $" ({bad})")}");
                Assert.StartsWith("ParameterArgumentValidationError", Assert.Single(Alice.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
            }
        }

        var found = Alice.Run("'', 'dev', $null | Get-P2PGroup");
        Assert.Equal("dev", Assert.Single(found).Properties["Name"].Value);
        Assert.Equal(2, Alice.Errors.Count);
    }

    [Fact]
    public void A_group_that_is_named_twice_is_written_once()
    {
        Assert.Single(Alice.Succeed("Get-P2PGroup dev, DEV, d*"));
        Assert.Single(Alice.Succeed("'dev', 'dev' | Get-P2PGroup"));
    }

    [Fact]
    public void Objects_on_the_pipeline_give_the_name_of_their_group()
    {
        Alice.Succeed("$null = [pscustomobject]@{ Name = 'one' }, [pscustomobject]@{ Group = 'two' } | New-P2PGroup");
        Assert.Equal(["one", "two"], Alice.Succeed("(Get-P2PGroup one, two).Name").Select(name => name.BaseObject));

        var request = Bob.Succeed("Get-P2PGroup one | Join-P2PGroup").Single();
        Assert.Equal("one", Alice.Succeed("$request | Get-P2PGroup", ("request", request)).Single().Properties["Name"].Value);
        Assert.Equal("one", Alice.Succeed("$request | Get-P2PJoinRequest").Single().Properties["Group"].Value);
    }

    [Fact]
    public void Patterns_join_and_leave_what_they_match_and_can_be_joined_or_left()
    {
        Alice.Succeed("New-P2PGroup one, two, three");
        Bob.Succeed("New-P2PGroup mine");

        Assert.Equal(["three", "two"], Bob.Succeed("(Join-P2PGroup t*).Group").Select(name => name.BaseObject).Order());
        Alice.Succeed("Approve-P2PJoinRequest two *");
        Assert.Empty(Bob.Succeed("Join-P2PGroup x*; Exit-P2PGroup x*"));
        Assert.Equal(["None", "None", "None"], Bob.Succeed("(Exit-P2PGroup * -PassThru).Role | ForEach-Object ToString").Select(role => role.BaseObject));

        Assert.Equal(["mine"], Bob.Succeed("(Get-P2PGroup | Where-Object Role -ne None).Name").Select(name => name.BaseObject));
        Assert.Empty(Alice.Succeed("Get-P2PJoinRequest"));
        Assert.Equal("NotMember", Bob.Fail("Exit-P2PGroup two"));
    }

    [Fact]
    public void Requests_are_answered_by_name_by_pattern_and_from_the_pipeline()
    {
        using var carol = TestShell.Connected(Tracker, "carol");
        using var dave = TestShell.Connected(Tracker, "dave");
        Alice.Succeed("New-P2PGroup ops");
        foreach (var shell in new[] { Bob, carol, dave })
        {
            shell.Succeed("$null = Join-P2PGroup ops");
        }

        Assert.Equal("carol", Alice.Succeed("Get-P2PJoinRequest -UserName c*").Single().Properties["UserName"].Value);
        Assert.Equal("JoinRequestNotFound", Alice.Fail("Get-P2PJoinRequest ops erin"));
        Assert.Empty(Alice.Succeed("Approve-P2PJoinRequest ops x*; Deny-P2PJoinRequest ops x*"));
        var member = Alice.Run("'nobody', 'bob', 'bob' | Approve-P2PJoinRequest ops -PassThru");
        Assert.Equal("bob", Assert.Single(member).Properties["UserName"].Value);
        Assert.Equal(["nobody", "bob"], Alice.Errors.Select(error => error.TargetObject));
        Assert.Equal("carol", Alice.Succeed("Deny-P2PJoinRequest ops c* -PassThru").Single().Properties["UserName"].Value);
        Assert.Empty(Alice.Succeed("Get-P2PJoinRequest ops | Approve-P2PJoinRequest"));
        Assert.Equal(["alice", "bob", "dave"], Alice.Succeed("(Get-P2PGroupMember ops).UserName").Select(name => name.BaseObject));
    }

    [Fact]
    public void A_group_is_handed_over_to_a_member_only()
    {
        Assert.Empty(Alice.Succeed("Set-P2PGroupOwner dev alice -Confirm:$false"));
        Assert.Equal("MemberNotFound", Alice.Fail("Set-P2PGroupOwner dev carol -Confirm:$false"));
        Assert.Equal("NotOwner", Bob.Fail("Set-P2PGroupOwner dev bob -Confirm:$false"));

        var group = Alice.Succeed("Get-P2PGroup dev | Set-P2PGroupOwner -UserName bob -Confirm:$false -PassThru").Single();

        Assert.Equal(("bob", "Publisher"), (group.Properties["Owner"].Value, group.Properties["Role"].Value.ToString()));
        Alice.Succeed("Exit-P2PGroup dev");
        Bob.Succeed("Get-P2PGroupMember dev bob | Set-P2PGroupOwner -Confirm:$false");
    }

    [Fact]
    public void Groups_are_deleted_by_name_by_pattern_and_from_the_pipeline()
    {
        Alice.Succeed("New-P2PGroup one, two, three, four");
        Bob.Succeed("New-P2PGroup theirs");

        Assert.Empty(Alice.Succeed("Remove-P2PGroup t* -Confirm:$false; Remove-P2PGroup x* -Confirm:$false"));
        Assert.Equal("one", Alice.Succeed("Get-P2PGroup one | Remove-P2PGroup -Confirm:$false -PassThru").Single().Properties["Name"].Value);
        Assert.Equal("NotOwner", Alice.Fail("Remove-P2PGroup theirs -Confirm:$false"));
        Assert.Equal("GroupNotFound", Alice.Fail("Remove-P2PGroup four, four -Confirm:$false"));

        Assert.Equal(["dev", "theirs"], Alice.Succeed("(Get-P2PGroup).Name").Select(name => name.BaseObject));
    }
}
