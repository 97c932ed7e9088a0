BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $alice, $bob = Connect-AliceAndBob (Start-TestTracker)
    $null = Start-P2PPeerServer -Session $alice -UploadLimit 200KB
    $null = New-RandomFile 'slow.bin' 3MB | Send-P2PFile -Group dev -Session $alice
    $job = Receive-P2PFile dev slow.bin -Destination $Folder/got -AsJob
}

AfterAll {
    Stop-Everything
}

Describe 'Stop-P2PDownload' {
    It 'stops downloads and keeps their part files' {
        Wait-Until { (Get-P2PDownload slow.bin).BytesReceived }
        (Get-P2PDownload | Stop-P2PDownload -PassThru).State | Should -Be Stopped
        Join-Path $Folder got/slow.bin.p2ppart | Should -Exist
        $job | Wait-Job -Timeout 30 | Receive-Job -ErrorAction SilentlyContinue -ErrorVariable failure
        $failure.FullyQualifiedErrorId | Should -BeLike 'DownloadStopped*'
    }

    It 'starts no peer server' {
        Stop-P2PPeerServer
        Stop-P2PDownload slow.bin
        Get-P2PPeerServer | Should -BeNullOrEmpty
    }

    It 'reports a name without a download' {
        { Stop-P2PDownload zzz -ErrorAction Stop } | Should -Throw -ErrorId 'DownloadNotFound,*'
    }
}
