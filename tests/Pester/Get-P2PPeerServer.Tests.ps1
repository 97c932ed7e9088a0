BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $alice, $bob = Connect-AliceAndBob (Start-TestTracker)
}

AfterAll {
    Stop-Everything
}

Describe 'Get-P2PPeerServer' {
    It 'writes nothing if none runs' {
        Get-P2PPeerServer | Should -BeNullOrEmpty
    }

    It 'writes the peer server of the session' {
        $job = Start-P2PPeerServer -Name server
        $server = Get-P2PPeerServer
        $server.Port | Should -BeGreaterThan 0
        $server.UserName, $server.State | Should -Be bob, Running
        $server.Job.Id | Should -Be $job.Id
        $server.UploadLimit | Should -BeNullOrEmpty
        $server.StopTimeout | Should -Be ([timespan]'0:00:05')
        Get-P2PPeerServer -Session $alice | Should -BeNullOrEmpty
    }

    It 'needs a session' {
        $alice, $bob | Disconnect-P2PTracker
        { Get-P2PPeerServer -ErrorAction Stop } | Should -Throw -ErrorId 'NotLoggedIn,*'
    }
}
