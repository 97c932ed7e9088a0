BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $alice, $bob = Connect-AliceAndBob (Start-TestTracker)
    $null = Start-P2PPeerServer -Session $alice -UploadLimit 200KB
    $null = 1..3 | ForEach-Object { New-RandomFile "many/part$_.bin" 20KB } | Send-P2PFile -Group dev, ops -Session $alice
    $null = New-RandomFile 'slow.bin' 3MB | Send-P2PFile -Group dev -Session $alice
    $job = Receive-P2PFile dev slow.bin -Destination $Folder/got -AsJob
}

AfterAll {
    Stop-Everything
}

Describe 'Remove-P2PDownload' {
    It 'removes a finished download and keeps its file' {
        Receive-P2PFile ops part1.bin -Destination $Folder/got
        Get-P2PDownload part1.bin | Remove-P2PDownload -WhatIf
        Get-P2PDownload part1.bin | Should -HaveCount 1
        Get-P2PDownload part1.bin | Remove-P2PDownload
        Get-P2PDownload part1.bin* | Should -BeNullOrEmpty
        Join-Path $Folder got/part1.bin | Should -Exist
    }

    It 'refuses a part file that another process writes' {
        Wait-Until { (Get-P2PDownload slow.bin).BytesReceived }
        Stop-P2PPeerServer
        $part = Join-Path $Folder got/slow.bin.p2ppart
        $held = [System.IO.File]::Open($part, 'Open', 'ReadWrite', 'None')
        try {
            { Remove-P2PDownload slow.bin -ErrorAction Stop } | Should -Throw -ErrorId 'DestinationInUse,*'
            $part | Should -Exist
        }
        finally {
            $held.Dispose()
        }
    }

    It 'deletes the part file of an unfinished download without a peer server' {
        Remove-P2PDownload slow.bin
        Join-Path $Folder got/slow.bin.p2ppart | Should -Not -Exist
        Get-P2PDownload | Should -BeNullOrEmpty
        Get-P2PPeerServer | Should -BeNullOrEmpty
    }
}
