BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker
    $alice, $bob, $carol = Connect-AliceBobAndCarol $tracker
}

AfterAll {
    Stop-Everything
}

Describe 'Add-P2PGroupMember' {
    BeforeEach {
        $name = "group-$([guid]::NewGuid().ToString('n'))"
        $null = New-P2PGroup $name
    }

    It 'changes nothing with -WhatIf' {
        Add-P2PGroupMember $name bob -WhatIf
        (Get-P2PGroup $name).MemberCount | Should -Be 1
    }

    It 'makes a user a member who did not ask, and writes nothing' {
        Add-P2PGroupMember $name bob | Should -BeNullOrEmpty
        (Get-P2PGroup $name -Session $bob).Role | Should -Be Publisher
    }

    It 'gives the role that is named, or the default of the group' {
        $name = "group-$([guid]::NewGuid().ToString('n'))"
        (New-P2PGroup $name -DefaultRole Reader).DefaultRole | Should -Be Reader
        $added = Add-P2PGroupMember $name bob -Role Manager -PassThru
        $added | Should -BeOfType P2PShare.P2PGroupMember
        $added.Role | Should -Be Manager
        (Add-P2PGroupMember $name carol -PassThru -Session $bob).Role | Should -Be Reader
    }

    It 'takes users from the pipeline and continues after a failure' {
        $added = 'nobody', 'bob', 'bob', 'carol' | Add-P2PGroupMember $name -Role Reader -PassThru -ErrorAction SilentlyContinue -ErrorVariable failed
        $added.UserName | Should -Be bob, carol
        $failed.TargetObject | Should -Be nobody, bob
        $failed.FullyQualifiedErrorId | Should -BeLike '*Add*P2PGroupMember'
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'UserNotFound,*'
        $failed[1].FullyQualifiedErrorId | Should -BeLike 'AlreadyMember,*'
    }

    It 'requires the owner or a manager, and only the owner makes managers' {
        { Add-P2PGroupMember $name carol -Session $bob -ErrorAction Stop } | Should -Throw -ErrorId 'NotOwner,*'
        Add-P2PGroupMember $name bob -Role Manager
        { Add-P2PGroupMember $name carol -Role Manager -Session $bob -ErrorAction Stop } | Should -Throw -ErrorId 'RoleTooLow,*'
    }

    It 'does not take a role that nobody can be given' {
        { Add-P2PGroupMember $name bob -Role Owner } | Should -Throw -ErrorId 'CannotConvertArgumentNoMessage,*'
    }
}
