BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker
    $alice, $bob, $carol = Connect-AliceBobAndCarol $tracker
}

AfterAll {
    Stop-Everything
}

Describe 'Approve-P2PJoinRequest' {
    BeforeEach {
        $name = "group-$([guid]::NewGuid().ToString('n'))"
        $null = New-P2PGroup $name
        $bob, $carol | ForEach-Object { $null = Join-P2PGroup $name -Session $_ }
    }

    It 'changes nothing with -WhatIf' {
        Get-P2PJoinRequest $name | Approve-P2PJoinRequest -WhatIf
        (Get-P2PJoinRequest $name).Count | Should -Be 2
    }

    It 'approves by name, and writes nothing' {
        Approve-P2PJoinRequest $name bob | Should -BeNullOrEmpty
        (Get-P2PGroup $name -Session $bob).Role | Should -Be Publisher
        (Get-P2PJoinRequest $name).UserName | Should -Be carol
    }

    It 'approves by wildcard, and does nothing without a match' {
        Approve-P2PJoinRequest $name x*
        $answered = Approve-P2PJoinRequest $name * -PassThru
        $answered | Should -BeOfType P2PShare.P2PGroupMember
        $answered.UserName | Should -Be bob, carol
        Get-P2PJoinRequest $name | Should -BeNullOrEmpty
    }

    It 'approves from the pipeline and continues after a failure' {
        $answered = 'nobody', 'bob', 'bob', 'carol' | Approve-P2PJoinRequest $name -PassThru -ErrorAction SilentlyContinue -ErrorVariable failed
        $answered.UserName | Should -Be bob, carol
        $failed.TargetObject | Should -Be nobody, bob
        $failed.FullyQualifiedErrorId | Should -BeLike 'JoinRequestNotFound,*'
    }

    It 'requires the owner' {
        { Approve-P2PJoinRequest $name carol -Session $bob -ErrorAction Stop } | Should -Throw -ErrorId 'NotOwner,*'
    }
}
