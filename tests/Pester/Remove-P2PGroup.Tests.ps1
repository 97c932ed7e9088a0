BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker
    $alice, $bob, $carol = Connect-AliceBobAndCarol $tracker dev
}

AfterAll {
    Stop-Everything
}

Describe 'Remove-P2PGroup' {
    It 'asks for confirmation' {
        (Get-Command Remove-P2PGroup).ImplementingType.GetCustomAttributes([System.Management.Automation.CmdletAttribute], $true).ConfirmImpact | Should -Be High
        Remove-P2PGroup dev -WhatIf
        (Get-P2PGroup dev).MemberCount | Should -Be 3
    }

    It 'requires the owner' {
        { Remove-P2PGroup dev -Session $bob -Confirm:$false -ErrorAction Stop } | Should -Throw -ErrorId 'NotOwner,*'
    }

    It 'deletes a group with its members and files' {
        $null = Send-P2PFile (New-RandomFile file.bin 1000) dev
        Remove-P2PGroup dev -Confirm:$false | Should -BeNullOrEmpty
        { Get-P2PFile dev -Session $bob -ErrorAction Stop } | Should -Throw -ErrorId 'GroupNotFound,*'
        (New-P2PGroup dev -Session $bob).MemberCount | Should -Be 1
    }

    It 'deletes the caller''s groups that match a wildcard, and nothing without a match' {
        $null = New-P2PGroup test-1, test-2, keep
        $null = New-P2PGroup test-3 -Session $bob
        Remove-P2PGroup test-* -Confirm:$false
        Remove-P2PGroup x* -Confirm:$false
        (Get-P2PGroup test-*, keep).Name | Should -Be test-3, keep
    }

    It 'takes groups from the pipeline and continues after a failure' {
        $null = New-P2PGroup one, two
        $removed = 'one', 'nowhere', 'test-3', 'two' | Remove-P2PGroup -Confirm:$false -PassThru -ErrorAction SilentlyContinue -ErrorVariable failed
        $removed.Name | Should -Be one, two
        $failed.FullyQualifiedErrorId -replace ',.*' | Should -Be GroupNotFound, NotOwner
        Get-P2PGroup keep | Remove-P2PGroup -Confirm:$false
        Get-P2PGroup | Where-Object Role -eq Owner | Should -BeNullOrEmpty
    }
}
