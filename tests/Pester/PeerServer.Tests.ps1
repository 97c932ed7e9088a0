BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker
    $alice = Connect-NewUser $tracker alice
    $null = New-P2PGroup dev
    $bob = Connect-NewUser $tracker bob
    $null = Join-P2PGroup dev
    Get-P2PJoinRequest -Session $alice | Approve-P2PJoinRequest -Session $alice
}

AfterAll {
    Stop-Everything
}

Describe 'Start-P2PPeerServer' {
    It 'returns a job that the Job cmdlets know' {
        $job = Start-P2PPeerServer -Session $alice -UploadLimit 200KB
        $job | Should -BeOfType System.Management.Automation.Job
        (Get-Job -Id $job.Id).State | Should -Be Running
        $job.Location | Should -Match ':\d+$'
        (Get-P2PPeerServer -Session $alice).Port | Should -Be ([int]($job.Location -split ':')[-1])
    }

    It 'is not started twice' {
        { Start-P2PPeerServer -Session $alice -ErrorAction Stop } | Should -Throw -ErrorId 'PeerServerRunning,*'
    }
}

Describe 'Downloads' {
    It 'are put on hold, resumed and removed from the pipeline' {
        $null = New-RandomFile 'slow.bin' 3MB | Send-P2PFile -Group dev -Session $alice
        $job = Receive-P2PFile dev slow.bin -Destination $Folder/slow -AsJob

        (Get-P2PDownload slow.bin).State | Should -Be Running
        Get-P2PDownload | Suspend-P2PDownload
        (Get-P2PDownload slow.bin).State | Should -Be Suspended
        (Get-P2PDownload slow.bin | Resume-P2PDownload -PassThru).State | Should -Be Running
        Get-P2PDownload | Format-Table | Out-String | Should -Match 'slow\.bin\s+dev|dev\s+slow\.bin'

        Set-P2PPeerServer -UploadLimit 0 -Session $alice
        ($job | Wait-Job -Timeout 60 | Receive-Job).Length | Should -Be 3MB
        (Get-P2PDownload slow.bin).PercentComplete | Should -Be 100
        Get-P2PDownload slow.bin | Remove-P2PDownload
        Get-P2PDownload | Should -BeNullOrEmpty
        Join-Path $Folder slow/slow.bin | Should -Exist
    }

    It 'go on after the peer server was stopped' {
        Set-P2PPeerServer -UploadLimit 100KB -Session $alice
        $null = New-RandomFile 'long.bin' 2MB | Send-P2PFile -Group dev -Session $alice
        $job = Receive-P2PFile dev long.bin -Destination $Folder/long -AsJob
        Stop-P2PPeerServer
        Stop-Job $job
        Set-P2PPeerServer -UploadLimit 0 -Session $alice

        $null = Get-P2PDownload long.bin | Resume-P2PDownload
        $deadline = (Get-Date).AddSeconds(30)
        while ((Get-P2PDownload long.bin).State -ne 'Complete' -and (Get-Date) -lt $deadline) { Start-Sleep -Milliseconds 100 }
        (Get-FileHash $Folder/long/long.bin).Hash | Should -Be (Get-FileHash $Folder/long.bin).Hash
    }
}

Describe 'A shell that ends' {
    It 'leaves nothing listening and no process' {
        $info = Join-Path $Folder child.json
        $script = {
            param ($module, $data, $port, $info)
            Import-Module $module
            $tracker = Start-P2PTracker -Port $port -DataPath $data/tracker
            $password = ConvertTo-SecureString 'correct horse battery' -AsPlainText
            $null = New-P2PUser $tracker.Address -UserName x -Password $password -TrustOnFirstUse -StatePath $data/x
            $null = Connect-P2PTracker $tracker.Address -UserName x -Password $password -StatePath $data/x
            $null = Start-P2PPeerServer
            @{ Tracker = $tracker.ProcessId; Port = (Get-P2PPeerServer).Port } | ConvertTo-Json | Set-Content $info
        }
        $module = (Get-Module P2PShare).Path -replace 'P2PShare\.Cmdlets\.dll$', 'P2PShare.psd1'
        $pwsh = (Get-Process -Id $PID).Path
        & $pwsh -NoProfile -NonInteractive -Command $script -args $module, (Join-Path $Folder child), (Get-FreePort), $info

        $child = Get-Content $info -Raw | ConvertFrom-Json
        Get-Process -Id $child.Tracker -ErrorAction Ignore | Should -BeNullOrEmpty
        { [System.Net.Sockets.TcpClient]::new('127.0.0.1', $child.Port) } | Should -Throw
    }
}
