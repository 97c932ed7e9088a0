BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $alice, $bob = Connect-AliceAndBob (Start-TestTracker)
    $null = Start-P2PPeerServer -Session $alice -UploadLimit 200KB
    $null = New-RandomFile 'slow.bin' 3MB | Send-P2PFile -Group dev -Session $alice
}

AfterAll {
    Stop-Everything
}

Describe 'Stop-P2PPeerServer' {
    It 'does nothing with -WhatIf' {
        Stop-P2PPeerServer -Session $alice -WhatIf
        (Get-P2PPeerServer -Session $alice).State | Should -Be Running
    }

    It 'stops listening, unregisters, and lets running uploads finish' {
        Set-P2PPeerServer -UploadLimit 2MB -StopTimeoutSec 60 -Session $alice
        $server = Get-P2PPeerServer -Session $alice
        $port = $server.Port
        $job = Receive-P2PFile dev slow.bin -Destination $Folder/got -AsJob
        Wait-Until { $server.BytesUploaded }

        ($server | Stop-P2PPeerServer -PassThru).State | Should -Be Stopped

        { [System.Net.Sockets.TcpClient]::new('127.0.0.1', $port) } | Should -Throw
        (Get-P2PFile dev slow.bin).Sources | Should -BeLessOrEqual 1 -Because 'at most Bob has it'
        ($job | Wait-Job -Timeout 60).State | Should -Be Completed
        $server.State | Should -Be Stopped
    }

    It 'does nothing if none runs' {
        Stop-P2PPeerServer -Session $alice
    }

    It 'suspends downloads' {
        $null = Start-P2PPeerServer -UploadLimit 50KB -Session $alice
        $null = New-RandomFile 'hold.bin' 3MB | Send-P2PFile -Group dev -Session $alice
        $job = Receive-P2PFile dev hold.bin -Destination $Folder/hold -AsJob
        (Get-P2PDownload hold.bin).State | Should -Be Running
        Stop-P2PPeerServer
        (Get-P2PDownload hold.bin).State | Should -Be Suspended
        ($job | Wait-Job -Timeout 60).State | Should -Be Failed
    }
}
