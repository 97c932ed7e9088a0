namespace P2PShare.Integration.Cmdlets;

public sealed class GroupMemberCmdletTests : CmdletTest
{
    [Fact]
    public void Members_are_listed_with_role_and_time()
    {
        var members = Bob.Succeed("Get-P2PGroupMember dev");

        Assert.Equal(["alice", "bob"], members.Select(member => member.Properties["UserName"].Value));
        Assert.Equal(["Owner", "Publisher"], members.Select(member => member.Properties["Role"].Value.ToString()));
        Assert.All(members, member => Assert.Equal("dev", member.Properties["Group"].Value));
        Assert.All(members, member => Assert.InRange(
            (DateTimeOffset)member.Properties["Joined"].Value, DateTimeOffset.Now.AddMinutes(-2), DateTimeOffset.Now.AddMinutes(2)));
    }

    [Fact]
    public void Patterns_select_among_the_users_groups_and_their_members()
    {
        Alice.Succeed("New-P2PGroup ops, web");

        Assert.Equal(["bob in dev"], Alice.Succeed("Get-P2PGroupMember * b* | ForEach-Object ToString").Select(text => text.BaseObject));
        Assert.Equal(["dev", "ops", "web"], Alice.Succeed("(Get-P2PGroupMember -UserName alice).Group").Select(text => text.BaseObject));
        Assert.Equal(["dev"], Bob.Succeed("(Get-P2PGroupMember -UserName alice).Group").Select(text => text.BaseObject));
        Assert.Empty(Alice.Succeed("Get-P2PGroupMember x*; Get-P2PGroupMember dev x*"));
        Assert.Equal("GroupNotFound", Alice.Fail("Get-P2PGroupMember x"));
        Assert.Equal("MemberNotFound", Alice.Fail("Get-P2PGroupMember dev x"));
        Assert.Equal("MemberNotFound", Alice.Fail("Get-P2PGroupMember * x"));
        Assert.Equal("NotMember", Bob.Fail("Get-P2PGroupMember ops"));
    }

    [Fact]
    public void Groups_come_from_the_pipeline_by_value_and_as_objects_and_none_is_written_twice()
    {
        var script = "'dev', 'd*', 'DEV' | Get-P2PGroupMember; Get-P2PGroup dev | Get-P2PGroupMember -UserName bob";
        Assert.Equal(["alice", "bob", "bob"], Alice.Succeed(script).Select(member => member.Properties["UserName"].Value));
        Assert.Equal("dev", Alice.Succeed("Get-P2PGroupMember dev bob | Get-P2PGroup").Single().Properties["Name"].Value);
    }

    [Fact]
    public void The_owner_removes_members()
    {
        var removed = Alice.Succeed("Get-P2PGroupMember dev bob | Remove-P2PGroupMember -PassThru").Single();

        Assert.Equal("bob", removed.Properties["UserName"].Value);
        Assert.Equal(["alice"], Alice.Succeed("(Get-P2PGroupMember dev).UserName").Select(name => name.BaseObject));
        Assert.Equal("MemberNotFound", Alice.Fail("Remove-P2PGroupMember dev bob"));
        Assert.Equal("NotMember", Bob.Fail("Get-P2PFile dev"));
        Bob.Succeed("Join-P2PGroup dev");
    }

    [Fact]
    public void A_pattern_removes_all_members_except_the_owner_and_writes_nothing()
    {
        Assert.Empty(Alice.Succeed("Remove-P2PGroupMember dev *"));

        Assert.Equal(["alice"], Alice.Succeed("(Get-P2PGroupMember dev).UserName").Select(name => name.BaseObject));
        Assert.Empty(Alice.Succeed("Remove-P2PGroupMember dev x*"));
        Assert.Equal("OwnerCannotLeave", Alice.Fail("Remove-P2PGroupMember dev alice"));
    }

    [Fact]
    public void Others_cannot_remove_members_and_WhatIf_does_not()
    {
        Assert.Equal("NotOwner", Bob.Fail("Remove-P2PGroupMember dev alice"));
        Alice.Succeed("Remove-P2PGroupMember dev bob -WhatIf; Remove-P2PGroupMember dev * -WhatIf");

        Assert.Equal(2, Alice.Succeed("Get-P2PGroupMember dev").Count);
    }

    [Theory]
    [InlineData(".")]
    [InlineData("..")]
    public void A_name_of_dots_harms_nothing(string name)
    {
        Assert.Equal("MemberNotFound", Alice.Fail("Remove-P2PGroupMember dev $name", ("name", name)));
        Assert.Equal("JoinRequestNotFound", Alice.Fail("Deny-P2PJoinRequest dev $name", ("name", name)));
        Assert.Equal("GroupNotFound", Alice.Fail("Remove-P2PGroup $name -Confirm:$false", ("name", name)));
        Assert.Equal("GroupNotFound", Alice.Fail("Get-P2PGroup $name", ("name", name)));

        Assert.Equal(2, Alice.Succeed("Get-P2PGroupMember dev").Count);
    }
}
