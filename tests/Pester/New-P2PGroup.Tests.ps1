BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker
    $alice, $bob, $carol = Connect-AliceBobAndCarol $tracker
}

AfterAll {
    Stop-Everything
}

Describe 'New-P2PGroup' {
    It 'creates a group that the caller owns' {
        $group = New-P2PGroup dev
        $group | Should -BeOfType P2PShare.P2PGroup
        $group.Owner, $group.MemberCount, $group.Role | Should -Be alice, 1, Owner
    }

    It 'creates a listed group, and with -Unlisted one that is not' {
        (New-P2PGroup shown).Listed | Should -BeTrue
        $hidden = New-P2PGroup hidden -Unlisted
        $hidden.Listed | Should -BeFalse
        $hidden | Format-Table | Out-String | Should -Match 'Listed'
        Get-P2PGroup * -Session $bob | Select-Object -ExpandProperty Name | Should -Not -Contain hidden
    }

    It 'creates none with -WhatIf' {
        New-P2PGroup ops -WhatIf | Should -BeNullOrEmpty
        Get-P2PGroup o* | Should -BeNullOrEmpty
    }

    It 'takes names and table rows from the pipeline and continues after a failure' {
        $made = 'one', 'dev', 'bad name', 'two' | New-P2PGroup -ErrorAction SilentlyContinue -ErrorVariable failed
        $made.Name | Should -Be one, two
        $failed.FullyQualifiedErrorId -replace ',.*' | Should -Be GroupNameTaken, InvalidGroupName
        ("Name`nthree`nfour" | ConvertFrom-Csv | New-P2PGroup).Name | Should -Be three, four
    }
}
