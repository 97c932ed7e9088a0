BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $state = Join-Path $Folder 'fingerprints'
    $null = New-Item -ItemType Directory $state
    $file = Join-Path $state 'known_trackers.txt'
}

AfterAll {
    Stop-Everything
}

Describe 'Remove-P2PTrackerFingerprint' {
    BeforeEach {
        "tracker.example:8001 $('a' * 64)", "other.example:8001 $('b' * 64)" | Set-Content $file
    }

    It 'forgets one tracker and keeps the others' {
        Remove-P2PTrackerFingerprint TRACKER.example -StatePath $state -Confirm:$false | Should -BeNullOrEmpty
        Get-Content $file | Should -Be "other.example:8001 $('b' * 64)"
    }

    It 'forgets the trackers of the pipeline, writes them, and removes the file with the last' {
        'tracker.example', 'other.example:8001' | Remove-P2PTrackerFingerprint -StatePath $state -Confirm:$false -PassThru |
            Should -Be 'tracker.example:8001', 'other.example:8001'
        $file | Should -Not -Exist
    }

    It 'changes nothing with -WhatIf' {
        Remove-P2PTrackerFingerprint tracker.example -StatePath $state -WhatIf
        Get-Content $file | Should -HaveCount 2
    }

    It 'reports a tracker that is not remembered, and goes on to the next' {
        'none.example', 'other.example' | Remove-P2PTrackerFingerprint -StatePath $state -Confirm:$false -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed.FullyQualifiedErrorId | Should -BeLike 'TrackerFingerprintNotFound*'
        Get-Content $file | Should -BeLike 'tracker.example*'
    }

    It 'completes the remembered trackers' {
        $line = "Remove-P2PTrackerFingerprint -StatePath '$state' -Tracker t"
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be "'tracker.example:8001'"
    }
}
