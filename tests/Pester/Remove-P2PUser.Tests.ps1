BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker
    $alice, $bob, $carol = Connect-AliceBobAndCarol $tracker dev
}

AfterAll {
    Stop-Everything
}

Describe 'Remove-P2PUser' {
    It 'asks for confirmation' {
        (Get-Command Remove-P2PUser).ImplementingType.GetCustomAttributes([System.Management.Automation.CmdletAttribute], $true).ConfirmImpact | Should -Be High
        Remove-P2PUser -Session $bob -WhatIf
        (Get-P2PGroupMember dev bob).UserName | Should -Be bob
    }

    It 'refuses to delete a user who owns groups, and names the groups' {
        $caught = { Remove-P2PUser -Confirm:$false -ErrorAction Stop } | Should -Throw -ErrorId 'UserOwnsGroups,*' -PassThru
        [string] $caught | Should -BeLike "*'dev'*"
        (Get-P2PGroup dev).Role | Should -Be Owner
    }

    It 'deletes the user, with shares, session and peer server' {
        $null = Send-P2PFile (New-RandomFile file.bin 1000) dev -Session $bob
        $job = Get-Job | Where-Object PSJobTypeName -eq P2PPeerServer

        $user = Remove-P2PUser -Session $bob -Confirm:$false -PassThru

        $user.UserName | Should -Be bob
        $bob.Connected | Should -BeFalse
        $job.State | Should -Be Stopped
        Get-P2PSession | Should -Not -Contain $bob
        (Get-P2PGroupMember dev).UserName | Should -Be alice, carol
        Get-P2PFile dev | Should -BeNullOrEmpty
        { Connect-P2PTracker $tracker.Address -UserName bob -Password $Password -StatePath $Folder/bob -ErrorAction Stop } |
            Should -Throw -ErrorId 'WrongCredentials,*'
    }

    It 'frees the name' {
        (New-P2PUser -UserName bob -Password $Password).UserName | Should -Be bob
    }
}
