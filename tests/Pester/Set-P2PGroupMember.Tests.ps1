BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker
    $alice, $bob, $carol = Connect-AliceBobAndCarol $tracker dev
}

AfterAll {
    Stop-Everything
}

Describe 'Set-P2PGroupMember' {
    BeforeEach {
        'bob', 'carol' | Set-P2PGroupMember dev -Role Publisher
    }

    It 'changes nothing with -WhatIf' {
        Set-P2PGroupMember dev * -Role Reader -WhatIf
        (Get-P2PGroupMember dev bob).Role | Should -Be Publisher
    }

    It 'gives a member another role, and writes nothing' {
        Set-P2PGroupMember dev bob -Role Manager | Should -BeNullOrEmpty
        (Get-P2PGroup dev -Session $bob).Role | Should -Be Manager
    }

    It 'lets a manager answer requests, and find them by wildcard' {
        Set-P2PGroupMember dev bob -Role Manager
        Remove-P2PGroupMember dev carol -Session $bob
        $null = Join-P2PGroup dev -Session $carol
        (Get-P2PJoinRequest -Session $bob).UserName | Should -Be carol
        (Get-P2PJoinRequest -Session $bob | Approve-P2PJoinRequest -Role Reader -PassThru -Session $bob).Role | Should -Be Reader
    }

    It 'takes the files of a new reader out of the group, and refuses to share more' {
        $null = Start-P2PPeerServer -Session $bob
        Set-Content "$TestDrive/file.txt" 'text'
        $null = Send-P2PFile "$TestDrive/file.txt" -Group dev -Session $bob
        (Get-P2PFile dev).Name | Should -Be file.txt
        (Set-P2PGroupMember dev bob -Role Reader -PassThru).Role | Should -Be Reader
        Get-P2PFile dev | Should -BeNullOrEmpty
        { Send-P2PFile "$TestDrive/file.txt" -Group dev -Session $bob -ErrorAction Stop } | Should -Throw -ErrorId 'RoleTooLow,*'
    }

    It 'selects by wildcard only members whose role the user may change' {
        Set-P2PGroupMember dev bob -Role Manager
        (Set-P2PGroupMember dev * -Role Reader -PassThru -Session $bob).UserName | Should -Be carol
        (Get-P2PGroupMember dev alice).Role | Should -Be Owner
    }

    It 'takes members from the pipeline and continues after a failure' {
        $set = 'nobody', 'bob', 'alice', 'carol' | Set-P2PGroupMember dev -Role Reader -PassThru -ErrorAction SilentlyContinue -ErrorVariable failed
        $set.UserName | Should -Be bob, carol
        $failed.TargetObject | Should -Be nobody, alice
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'MemberNotFound,*'
        $failed[1].FullyQualifiedErrorId | Should -BeLike 'RoleTooLow,*'
    }

    It 'requires the owner or a manager' {
        { Set-P2PGroupMember dev carol -Role Reader -Session $bob -ErrorAction Stop } | Should -Throw -ErrorId 'NotOwner,*'
    }
}
