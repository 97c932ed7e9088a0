BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $alice, $bob = Connect-AliceAndBob (Start-TestTracker)
    $null = Start-P2PPeerServer -Session $alice -UploadLimit 200KB
    $null = New-RandomFile 'slow.bin' 3MB | Send-P2PFile -Group dev -Session $alice
}

AfterAll {
    Stop-Everything
}

Describe 'Set-P2PPeerServer' {
    It 'changes the limits of a running peer server' {
        $server = Get-P2PPeerServer -Session $alice | Set-P2PPeerServer -UploadLimit 20MB -DownloadLimit 0 -StopTimeoutSec 1 -PassThru
        $server.UploadLimit, $server.DownloadLimit | Should -Be 20MB, $null
        $server.StopTimeout.TotalSeconds | Should -Be 1
    }

    It 'changes the limits of connections one by one' {
        $server = Get-P2PPeerServer -Session $alice | Set-P2PPeerServer -AddressConnectionLimit 500 -PassThru
        $server.AddressConnectionLimit, $server.AddressHandshakeLimit, $server.UserConnectionLimit | Should -Be 500, 8, 256
        $server = Get-P2PPeerServer -Session $alice | Set-P2PPeerServer -AddressHandshakeLimit 4 -UserConnectionLimit 9 -PassThru
        $server.AddressConnectionLimit, $server.AddressHandshakeLimit, $server.UserConnectionLimit | Should -Be 500, 4, 9
        { Set-P2PPeerServer -AddressConnectionLimit 0 -Session $alice } | Should -Throw
        { Set-P2PPeerServer -AddressHandshakeLimit 65 -Session $alice } | Should -Throw
    }

    It 'switches compression off and on' {
        (Set-P2PPeerServer -NoCompression -Session $alice -PassThru).Compression | Should -BeFalse
        (Set-P2PPeerServer -StopTimeoutSec 1 -Session $alice -PassThru).Compression | Should -BeFalse
        (Set-P2PPeerServer -NoCompression:$false -Session $alice -PassThru).Compression | Should -BeTrue
    }

    It 'speeds up a running upload' {
        Set-P2PPeerServer -UploadLimit 20KB -Session $alice
        $job = Receive-P2PFile dev slow.bin -Destination $Folder/got -AsJob
        Wait-Until { (Get-P2PPeerServer -Session $alice).BytesUploaded }
        Set-P2PPeerServer -UploadLimit 20MB -Session $alice
        # At the previous limit it would take two and a half minutes.
        ($job | Wait-Job -Timeout 60).State | Should -Be Completed
    }

    It 'does nothing with -WhatIf, and refuses a call without a change' {
        Set-P2PPeerServer -UploadLimit 1 -Session $alice -WhatIf
        (Get-P2PPeerServer -Session $alice).UploadLimit | Should -Be 20MB
        Stop-P2PPeerServer
        { Set-P2PPeerServer -UploadLimit 1MB -ErrorAction Stop } | Should -Throw -ErrorId 'PeerServerNotRunning,*'
        { Set-P2PPeerServer -UploadLimit -1 } | Should -Throw
    }
}
