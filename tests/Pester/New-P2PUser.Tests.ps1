BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker
    $bob = Connect-NewUser $tracker bob
    $carol = Connect-NewUser $tracker carol
    $alice = Connect-NewUser $tracker alice
}

AfterAll {
    Stop-Everything
}

Describe 'New-P2PUser' {
    It 'makes an account at the tracker of the session' {
        $user = New-P2PUser -UserName dave -Password $Password
        $user | Should -BeOfType P2PShare.P2PUser
        $user.UserName, $user.Tracker | Should -Be dave, $tracker.Address
    }

    It 'makes none with -WhatIf' {
        New-P2PUser -UserName erin -Password $Password -WhatIf
        (New-P2PUser -UserName erin -Password $Password).UserName | Should -Be erin
    }

    It 'takes rows of a table and credentials from the pipeline; one that fails does not stop the others' {
        $made = "UserName`none`nbob`nbad name`ntwo" | ConvertFrom-Csv |
            New-P2PUser -Password $Password -ErrorAction SilentlyContinue -ErrorVariable failed
        $made.UserName | Should -Be one, two
        $failed.FullyQualifiedErrorId -replace ',.*' | Should -Be UserNameTaken, InvalidUserName
        ([pscredential]::new('three', $Password) | New-P2PUser).UserName | Should -Be three
    }

    It 'says which tracker it means where there is no session' {
        $module = (Get-Module P2PShare).Path -replace 'P2PShare\.Cmdlets\.dll$', 'P2PShare.psd1'
        $errorId = 1 | ForEach-Object -Parallel {
            Import-Module $using:module
            try { New-P2PUser -UserName x -Password $using:Password } catch { $_.FullyQualifiedErrorId }
        }
        $errorId | Should -BeLike 'NotLoggedIn,*'
    }
}
