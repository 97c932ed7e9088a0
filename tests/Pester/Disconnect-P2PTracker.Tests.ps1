BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker
    $alice, $bob, $carol = Connect-AliceBobAndCarol $tracker
}

AfterAll {
    Stop-Everything
}

Describe 'Disconnect-P2PTracker' {
    It 'changes nothing with -WhatIf' {
        Disconnect-P2PTracker -WhatIf
        $alice.Connected | Should -BeTrue
    }

    It 'ends sessions from the pipeline, and writes them with -PassThru only' {
        $bob | Disconnect-P2PTracker | Should -BeNullOrEmpty
        ($bob, $carol | Disconnect-P2PTracker -PassThru).Connected | Should -Be $false, $false
        (Get-P2PSession).UserName | Should -Be alice
    }

    It 'makes later commands fail with a clear error' {
        $caught = { Get-P2PGroup -Session $bob -ErrorAction Stop } | Should -Throw -ErrorId 'NotLoggedIn,*' -PassThru
        $caught.ErrorDetails.RecommendedAction | Should -Match 'Connect-P2PTracker'
    }

    It 'stops the peer server of the session, then ends the default session' {
        $job = Start-P2PPeerServer
        Disconnect-P2PTracker
        $job.State | Should -Be Stopped
        { Get-P2PGroup -ErrorAction Stop } | Should -Throw -ErrorId 'NotLoggedIn,*'
        { Disconnect-P2PTracker -ErrorAction Stop } | Should -Throw -ErrorId 'NotLoggedIn,*'
    }
}
