BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker
    $alice, $bob, $carol = Connect-AliceBobAndCarol $tracker dev
}

AfterAll {
    Stop-Everything
}

Describe 'Get-P2PGroupMember' {
    It 'lists the members of a group with role and join time' {
        $members = Get-P2PGroupMember dev
        $members.UserName | Should -Be alice, bob, carol
        $members.Role | Should -Be Owner, Publisher, Publisher
        $members[1].Joined | Should -BeGreaterThan ([datetimeoffset]::Now.AddMinutes(-5))
        $members[0] | Should -BeOfType P2PShare.P2PGroupMember
    }

    It 'selects groups and members by wildcards, by default in all groups of the caller' {
        $null = New-P2PGroup ops
        (Get-P2PGroupMember -UserName [ab]*).ForEach('ToString') | Should -Be 'alice in dev', 'bob in dev', 'alice in ops'
        (Get-P2PGroupMember o*).Group | Should -Be ops
    }

    It 'writes nothing for a pattern and an error for a name without a match' {
        Get-P2PGroupMember x* | Should -BeNullOrEmpty
        Get-P2PGroupMember dev x* | Should -BeNullOrEmpty
        { Get-P2PGroupMember nowhere -ErrorAction Stop } | Should -Throw -ErrorId 'GroupNotFound,*'
        { Get-P2PGroupMember dev nobody -ErrorAction Stop } | Should -Throw -ErrorId 'MemberNotFound,*'
    }

    It 'takes groups from the pipeline' {
        (Get-P2PGroup dev | Get-P2PGroupMember).Count | Should -Be 3
        ('dev', 'dev' | Get-P2PGroupMember -UserName bob).Group | Should -Be dev
    }

    It 'requires membership' {
        { Get-P2PGroupMember ops -Session $bob -ErrorAction Stop } | Should -Throw -ErrorId 'NotMember,*'
    }

    It 'has a table and a list' {
        Get-P2PGroupMember dev | Out-String | Should -Match '(?m)^Group +UserName +Role +Joined'
        Get-P2PGroupMember dev bob | Format-List | Out-String | Should -Match 'Role +: Publisher'
    }
}
