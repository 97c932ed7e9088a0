BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker
    $alice, $bob, $carol = Connect-AliceBobAndCarol $tracker dev
}

AfterAll {
    Stop-Everything
}

Describe 'Set-P2PGroupOwner' {
    It 'asks for confirmation' {
        (Get-Command Set-P2PGroupOwner).ImplementingType.GetCustomAttributes([System.Management.Automation.CmdletAttribute], $true).ConfirmImpact | Should -Be High
        Set-P2PGroupOwner dev bob -WhatIf
        (Get-P2PGroup dev).Owner | Should -Be alice
    }

    It 'hands over to a member only' {
        { Set-P2PGroupOwner dev nobody -Confirm:$false -ErrorAction Stop } | Should -Throw -ErrorId 'MemberNotFound,*'
        { Set-P2PGroupOwner nowhere bob -Confirm:$false -ErrorAction Stop } | Should -Throw -ErrorId 'GroupNotFound,*'
        { Set-P2PGroupOwner dev bob -Session $bob -Confirm:$false -ErrorAction Stop } | Should -Throw -ErrorId 'NotOwner,*'
    }

    It 'changes nothing if the caller is the new owner' {
        Set-P2PGroupOwner dev alice -Confirm:$false | Should -BeNullOrEmpty
        (Get-P2PGroup dev).Role | Should -Be Owner
    }

    It 'changes the owner, and the former one stays a member' {
        $group = Set-P2PGroupOwner -Group dev -UserName bob -Confirm:$false -PassThru
        $group | Should -BeOfType P2PShare.P2PGroup
        $group.Owner, $group.Role | Should -Be bob, Publisher
        (Get-P2PGroupMember dev alice).Role | Should -Be Publisher
    }

    It 'takes the group, or a member, from the pipeline' {
        Get-P2PGroup dev -Session $bob | Set-P2PGroupOwner -UserName carol -Session $bob -Confirm:$false
        Get-P2PGroupMember dev alice | Set-P2PGroupOwner -Session $carol -Confirm:$false
        (Get-P2PGroup dev).Owner | Should -Be alice
    }
}
