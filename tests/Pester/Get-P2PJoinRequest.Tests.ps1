BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker
    $alice, $bob, $carol = Connect-AliceBobAndCarol $tracker
}

AfterAll {
    Stop-Everything
}

Describe 'Get-P2PJoinRequest' {
    BeforeAll {
        $null = New-P2PGroup dev, ops
        $null = New-P2PGroup theirs -Session $bob
        $null = Join-P2PGroup dev, ops -Session $bob
        $null = Join-P2PGroup dev, theirs -Session $carol
    }

    It 'lists the join requests of the caller''s groups' {
        (Get-P2PJoinRequest).ForEach('ToString') | Should -Be 'bob to dev', 'carol to dev', 'bob to ops'
    }

    It 'selects groups and users by name and wildcards, and from the pipeline' {
        (Get-P2PJoinRequest d* -UserName c*).UserName | Should -Be carol
        (Get-P2PJoinRequest -UserName bob).Group | Should -Be dev, ops
        (Get-P2PGroup ops | Get-P2PJoinRequest).UserName | Should -Be bob
        (Get-P2PJoinRequest ops, o*, ops).UserName | Should -Be bob
    }

    It 'writes nothing for a pattern and an error for a name without a match' {
        Get-P2PJoinRequest x* | Should -BeNullOrEmpty
        Get-P2PJoinRequest ops x* | Should -BeNullOrEmpty
        { Get-P2PJoinRequest nowhere -ErrorAction Stop } | Should -Throw -ErrorId 'GroupNotFound,*'
        { Get-P2PJoinRequest ops carol -ErrorAction Stop } | Should -Throw -ErrorId 'JoinRequestNotFound,*'
        { Get-P2PJoinRequest theirs -ErrorAction Stop } | Should -Throw -ErrorId 'NotOwner,*'
    }
}
