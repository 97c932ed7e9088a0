BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker
    $alice, $bob, $carol = Connect-AliceBobAndCarol $tracker
}

AfterAll {
    Stop-Everything
}

Describe 'Join-P2PGroup' {
    BeforeAll { $null = New-P2PGroup dev, web-1, web-2 }

    It 'asks the owner, and a repeated request changes nothing' {
        $request = Join-P2PGroup dev -Session $bob
        $request | Should -BeOfType P2PShare.P2PJoinRequest
        (Join-P2PGroup dev -Session $bob).Requested | Should -Be $request.Requested
        (Get-P2PGroup dev -Session $bob).Role | Should -Be Requested
    }

    It 'sends no request with -WhatIf' {
        Join-P2PGroup dev -Session $carol -WhatIf
        (Get-P2PGroup dev -Session $carol).Role | Should -Be None
    }

    It 'takes groups from the pipeline, and by wildcards those the caller is not in' {
        (Join-P2PGroup web-* -Session $bob).Group | Should -Be web-1, web-2
        Join-P2PGroup web-* -Session $bob | Should -BeNullOrEmpty
        (Get-P2PGroup web-* | Join-P2PGroup -Session $carol).Group | Should -Be web-1, web-2
    }

    It 'reports a caller who is already a member, and a missing group' {
        $asked = 'nowhere', 'web-1', 'dev' | Join-P2PGroup -ErrorAction SilentlyContinue -ErrorVariable failed
        $asked | Should -BeNullOrEmpty
        $failed.FullyQualifiedErrorId -replace ',.*' | Should -Be GroupNotFound, AlreadyMember, AlreadyMember
    }
}
