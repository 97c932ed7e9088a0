BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker
    $alice, $bob, $carol = Connect-AliceBobAndCarol $tracker dev
}

AfterAll {
    Stop-Everything
}

Describe 'Remove-P2PGroupMember' {
    It 'changes nothing with -WhatIf' {
        Remove-P2PGroupMember dev * -WhatIf
        (Get-P2PGroupMember dev).Count | Should -Be 3
    }

    It 'removes a member, who can ask again' {
        Remove-P2PGroupMember dev bob | Should -BeNullOrEmpty
        { Get-P2PFile dev -Session $bob -ErrorAction Stop } | Should -Throw -ErrorId 'NotMember,*'
        $null = Join-P2PGroup dev -Session $bob
        Approve-P2PJoinRequest dev bob
    }

    It 'takes members from the pipeline and continues after a failure' {
        $removed = 'nobody', 'bob', 'bob', 'carol' | Remove-P2PGroupMember dev -PassThru -ErrorAction SilentlyContinue -ErrorVariable failed
        $removed.UserName | Should -Be bob, carol
        $failed.TargetObject | Should -Be nobody, bob
        $failed.FullyQualifiedErrorId | Should -BeLike 'MemberNotFound,*'
    }

    It 'skips the owner by wildcard, and refuses the owner by name' {
        Get-P2PGroupMember dev | Where-Object Role -ne Owner | Should -BeNullOrEmpty
        Remove-P2PGroupMember dev *
        { Get-P2PGroupMember dev | Remove-P2PGroupMember -ErrorAction Stop } | Should -Throw -ErrorId 'OwnerCannotLeave,*'
        (Get-P2PGroup dev).MemberCount | Should -Be 1
    }

    It 'requires the owner' {
        { Remove-P2PGroupMember dev alice -Session $bob -ErrorAction Stop } | Should -Throw -ErrorId 'NotOwner,*'
    }

    It 'never treats a name as a path' {
        { Remove-P2PGroupMember dev .. -ErrorAction Stop } | Should -Throw -ErrorId 'MemberNotFound,*'
        (Get-P2PGroup dev).Name | Should -Be dev
    }
}
