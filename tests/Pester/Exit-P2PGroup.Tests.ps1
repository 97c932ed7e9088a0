BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker
    $alice, $bob, $carol = Connect-AliceBobAndCarol $tracker dev
}

AfterAll {
    Stop-Everything
}

Describe 'Exit-P2PGroup' {
    It 'changes nothing with -WhatIf' {
        Exit-P2PGroup dev -Session $bob -WhatIf
        (Get-P2PGroup dev -Session $bob).Role | Should -Be Publisher
    }

    It 'leaves a group and writes it with -PassThru only' {
        Exit-P2PGroup dev -Session $bob | Should -BeNullOrEmpty
        $left = Get-P2PGroup dev | Leave-P2PGroup -Session $carol -PassThru
        $left.Role, $left.MemberCount | Should -Be None, 1
    }

    It 'stops offering there, without a warning' {
        $null = New-P2PGroup club
        $null = Join-P2PGroup club -Session $bob
        Approve-P2PJoinRequest club bob
        $file = New-RandomFile 'notes.txt' 1000
        $null = Send-P2PFile $file club -Session $bob
        $server = Get-P2PPeerServer -Session $bob
        $server.SharedFiles | Should -Be 1
        Exit-P2PGroup club -Session $bob
        $server.SharedFiles | Should -Be 0
        Get-P2PFile club | Should -BeNullOrEmpty
        @($server.Job.Warning) | Should -BeNullOrEmpty
        Remove-P2PGroup club -Confirm:$false
    }

    It 'withdraws a join request' {
        $null = Join-P2PGroup dev -Session $bob
        Exit-P2PGroup dev -Session $bob
        Get-P2PJoinRequest dev | Should -BeNullOrEmpty
    }

    It 'reports a caller who is not a member, and an owner who cannot leave' {
        { Exit-P2PGroup dev -Session $bob -ErrorAction Stop } | Should -Throw -ErrorId 'NotMember,*'
        { Exit-P2PGroup nowhere -ErrorAction Stop } | Should -Throw -ErrorId 'GroupNotFound,*'
        $caught = { Exit-P2PGroup dev -ErrorAction Stop } | Should -Throw -ErrorId 'OwnerCannotLeave,*' -PassThru
        $caught.ErrorDetails.RecommendedAction | Should -Match 'Set-P2PGroupOwner'
    }

    It 'leaves by wildcard the groups that the caller can leave' {
        $null = Join-P2PGroup dev -Session $bob
        Approve-P2PJoinRequest dev bob
        Exit-P2PGroup * -Session $bob
        Exit-P2PGroup *
        (Get-P2PGroupMember dev).UserName | Should -Be alice
    }
}
