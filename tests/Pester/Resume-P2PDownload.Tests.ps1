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

Describe 'Resume-P2PDownload' {
    It 'resumes downloads and the job that waits for them' {
        Get-P2PDownload | Suspend-P2PDownload
        (Get-P2PDownload slow.bin | Resume-P2PDownload -PassThru).State | Should -Be Running
        Set-P2PPeerServer -UploadLimit 0 -Session $alice
        ($job | Wait-Job -Timeout 60 | Receive-Job).Length | Should -Be 3MB
    }

    It 'starts a peer server if none runs' {
        Set-P2PPeerServer -UploadLimit 100KB -Session $alice
        $null = New-RandomFile 'long.bin' 2MB | Send-P2PFile -Group dev -Session $alice
        $job = Receive-P2PFile dev long.bin -Destination $Folder/got -AsJob
        Stop-P2PPeerServer
        Stop-Job $job
        Set-P2PPeerServer -UploadLimit 0 -Session $alice

        Get-P2PDownload long.bin | Resume-P2PDownload

        Wait-Until { (Get-P2PDownload long.bin).State -eq 'Complete' }
        (Get-FileHash $Folder/got/long.bin).Hash | Should -Be (Get-FileHash $Folder/long.bin).Hash
    }

    It 'names the remedy without a session' {
        $gone = Get-P2PSession | Where-Object UserName -eq bob
        $gone | Disconnect-P2PTracker
        $caught = { Resume-P2PDownload * -ErrorAction Stop } | Should -Throw -ErrorId 'NotLoggedIn,*' -PassThru
        $caught.ErrorDetails.RecommendedAction | Should -Match 'Connect-P2PTracker'
    }
}
