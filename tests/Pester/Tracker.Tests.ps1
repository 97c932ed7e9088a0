BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker
    $credential = [pscredential]::new('alice', $Password)
    $state = Join-Path $Folder alice
}

AfterAll {
    Stop-Everything
}

Describe 'Start-P2PTracker' {
    It 'returns the address, the fingerprint and a job' {
        $tracker.Address | Should -Match '^127\.0\.0\.1:\d+$'
        $tracker.Fingerprint | Should -MatchExactly '^[0-9a-f]{64}$'
        (Get-P2PTracker).ProcessId | Should -Be $tracker.ProcessId
        $job = Get-Job -Id $tracker.Job.Id
        $job.State | Should -Be Running
        $job.PSJobTypeName | Should -Be P2PTracker
    }

    It 'runs a line of a tracker file, and Stop-Job ends it' {
        $info = Join-Path $Folder tracker_info.txt
        "# both`n$($tracker.Address)`n127.0.0.1:$(Get-FreePort)" | Set-Content $info
        $second = Start-P2PTracker -TrackerInfo $info -TrackerNumber 2 -DataPath (Join-Path $Folder second)

        Stop-Job $second.Job

        $second.State | Should -Be Stopped
        Get-Process -Id $second.ProcessId -ErrorAction Ignore | Should -BeNullOrEmpty
    }

    It 'returns an address to connect to if it listens on all addresses' {
        $open = Start-P2PTracker -Port (Get-FreePort) -Address 0.0.0.0 -DataPath (Join-Path $Folder open)
        $open.Address | Should -Not -BeLike '0.0.0.0*'
        ($open | New-P2PUser -Credential $credential -StatePath (Join-Path $Folder open-state)).UserName | Should -Be alice
        $open | Stop-P2PTracker
    }

    It 'reports why it cannot start' {
        { Start-P2PTracker -Port ($tracker.Address -split ':')[1] -DataPath (Join-Path $Folder third) -ErrorAction Stop } |
            Should -Throw -ErrorId 'TrackerNotStarted,*'
    }
}

Describe 'New-P2PUser and Connect-P2PTracker' {
    It 'refuse a tracker with an untrusted certificate without a prompt' {
        # In another runspace: the one that started the tracker knows its fingerprint.
        $address = $tracker.Address
        $id = 1 | ForEach-Object -Parallel {
            Import-Module $using:Manifest
            try { Connect-P2PTracker $using:address -Credential $using:credential -StatePath $using:state -ErrorAction Stop }
            catch { $_.FullyQualifiedErrorId }
        }
        $id | Should -BeLike 'TrackerCertificateUntrusted,*'
    }

    It 'take the tracker from the pipeline and remember its fingerprint' {
        ($tracker | New-P2PUser -Credential $credential -StatePath $state).UserName | Should -Be alice
        $session = Connect-P2PTracker $tracker.Address -Credential $credential -StatePath $state
        $session.Tracker | Should -Be $tracker.Address
        [string] $session | Should -Be "alice@$($tracker.Address)"
    }

    It 'refuse a wrong password' {
        $wrong = [pscredential]::new('alice', (ConvertTo-SecureString 'something else' -AsPlainText))
        $caught = { Connect-P2PTracker $tracker.Address -Credential $wrong -StatePath $state -ErrorAction Stop } |
            Should -Throw -ErrorId 'WrongCredentials,*' -PassThru
        $caught.CategoryInfo.Category | Should -Be AuthenticationError
        $caught | Format-List * -Force | Out-String | Should -Not -Match 'something else'
    }

    It 'refuse a taken name, an unreachable tracker and an unresolvable one' {
        { New-P2PUser -Credential $credential -ErrorAction Stop } | Should -Throw -ErrorId 'UserNameTaken,*'
        { Connect-P2PTracker 127.0.0.1:1 -Credential $credential -StatePath $state } | Should -Throw -ErrorId 'TrackerUnreachable,*'
        { Connect-P2PTracker no-such-host.invalid -Credential $credential -StatePath $state } | Should -Throw -ErrorId 'TrackerHostUnknown,*'
    }

    It 'give each runspace its own default session' {
        $names = 'bob', 'carol' | ForEach-Object -Parallel {
            Import-Module $using:Manifest
            $arguments = @{
                Tracker = ($using:tracker).Address; Fingerprint = ($using:tracker).Fingerprint
                UserName = $_; Password = $using:Password; StatePath = Join-Path $using:Folder $_
            }
            $null = New-P2PUser @arguments
            $null = Connect-P2PTracker @arguments
            $null = New-P2PGroup "group-of-$_"
            (Get-P2PSession).UserName
        }
        $names | Sort-Object | Should -Be bob, carol
        (Get-P2PGroup group-of-bob).Owner | Should -Be bob
        (Get-P2PSession)[0].UserName | Should -Be alice
    }
}

Describe 'Disconnect-P2PTracker' {
    It 'ends the session' {
        $session = Connect-P2PTracker $tracker.Address -Credential $credential -StatePath $state
        Disconnect-P2PTracker -WhatIf
        $session.Connected | Should -BeTrue
        $session | Disconnect-P2PTracker
        $session.Connected | Should -BeFalse
        { Get-P2PGroup -Session $session -ErrorAction Stop } | Should -Throw -ErrorId 'NotLoggedIn,*'
    }
}
