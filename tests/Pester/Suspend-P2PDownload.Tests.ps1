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

Describe 'Suspend-P2PDownload' {
    It 'suspends downloads from the pipeline' {
        Get-P2PDownload | Suspend-P2PDownload -WhatIf
        (Get-P2PDownload slow.bin).State | Should -Be Running
        (Get-P2PDownload | Suspend-P2PDownload -PassThru).State | Should -Be Suspended
        $job.State | Should -Be Running -Because 'it waits for the download to be resumed'
    }

    It 'does nothing to a suspended download' {
        Suspend-P2PDownload slow.bin
        (Get-P2PDownload slow.bin).State | Should -Be Suspended
    }

    It 'reports a name without a download' {
        { Suspend-P2PDownload zzz -ErrorAction Stop } | Should -Throw -ErrorId 'DownloadNotFound,*'
        Suspend-P2PDownload zzz*
    }
}
