BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker
}

AfterAll {
    Stop-Everything
}

Describe 'Stop-P2PTracker' {
    It 'changes nothing with -WhatIf' {
        Stop-P2PTracker -WhatIf
        $tracker.State | Should -Be Running
    }

    It 'stops the tracker and writes it with -PassThru only' {
        $stopped = $tracker | Stop-P2PTracker -PassThru
        $stopped.Address, $stopped.State | Should -Be $tracker.Address, Stopped
        Get-P2PTracker | Should -BeNullOrEmpty
        Get-Process -Id $tracker.ProcessId -ErrorAction Ignore | Should -BeNullOrEmpty
    }

    It 'does nothing if none runs' {
        Stop-P2PTracker -PassThru | Should -BeNullOrEmpty
        $tracker, $tracker | Stop-P2PTracker
    }
}
