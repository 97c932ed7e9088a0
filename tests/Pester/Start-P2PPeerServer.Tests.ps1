BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $alice, $bob = Connect-AliceAndBob (Start-TestTracker)
}

AfterAll {
    Stop-Everything
}

Describe 'Start-P2PPeerServer' {
    It 'returns a job that the Job cmdlets know' {
        $job = Start-P2PPeerServer -Session $alice -UploadLimit 200KB -AddressConnectionLimit 50 -UserConnectionLimit 10 -NoCompression
        $job | Should -BeOfType System.Management.Automation.Job
        (Get-Job -Id $job.Id).State | Should -Be Running
        $job.Location | Should -Match ':\d+$'
        (Get-P2PPeerServer -Session $alice).Port | Should -Be ([int]($job.Location -split ':')[-1])
    }

    It 'has the limits that it was started with' {
        $server = Get-P2PPeerServer -Session $alice
        $server.UploadLimit, $server.AddressConnectionLimit, $server.AddressHandshakeLimit, $server.UserConnectionLimit | Should -Be 200KB, 50, 8, 10
        $server.Compression | Should -BeFalse
    }

    It 'is not started twice' {
        { Start-P2PPeerServer -Session $alice -ErrorAction Stop } | Should -Throw -ErrorId 'PeerServerRunning,*'
    }

    It 'returns the uploads through Receive-Job' {
        $null = New-RandomFile 'data.bin' 100KB | Send-P2PFile -Group dev -Session $alice
        Receive-P2PFile dev data.bin -Destination $Folder/got
        Stop-P2PPeerServer -InputObject (Get-P2PPeerServer)
        $job = (Get-P2PPeerServer -Session $alice).Job
        Wait-Until { $job.HasMoreData }
        $upload = Receive-Job $job
        $upload | Should -BeOfType P2PShare.P2PUpload
        $upload.Name, $upload.UserName, $upload.Bytes, $upload.Complete | Should -Be data.bin, bob, 100KB, $true
        $job.HasMoreData | Should -BeFalse
    }

    It 'reports a port that is in use' {
        { Start-P2PPeerServer (Get-P2PPeerServer -Session $alice).Port -ErrorAction Stop } | Should -Throw -ErrorId 'PortInUse,*'
        Get-P2PPeerServer | Should -BeNullOrEmpty
    }

    It 'does nothing with -WhatIf' {
        Start-P2PPeerServer -WhatIf
        Get-P2PPeerServer | Should -BeNullOrEmpty
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
        Invoke-NewShell $script $Manifest, (Join-Path $Folder child), (Get-FreePort), $info | Should -BeNullOrEmpty

        $child = Get-Content $info -Raw | ConvertFrom-Json
        Get-Process -Id $child.Tracker -ErrorAction Ignore | Should -BeNullOrEmpty
        { [System.Net.Sockets.TcpClient]::new('127.0.0.1', $child.Port) } | Should -Throw
    }
}
