BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $alice, $bob = Connect-AliceAndBob (Start-TestTracker)
    $null = Start-P2PPeerServer -Session $alice -UploadLimit 200KB
    $null = 1..3 | ForEach-Object { New-RandomFile "many/part$_.bin" 20KB } | Send-P2PFile -Group dev, ops -Session $alice
    $null = New-RandomFile 'slow.bin' 3MB | Send-P2PFile -Group dev -Session $alice
}

AfterAll {
    Stop-Everything
}

Describe 'Get-P2PDownload' {
    It 'shows running and complete downloads' {
        Receive-P2PFile ops part1.bin -Destination $Folder/got
        $job = Receive-P2PFile dev slow.bin -Destination $Folder/slow -AsJob
        (Get-P2PDownload).State | Should -Be Complete, Running
        (Get-P2PDownload slow.bin).Size | Should -Be 3MB
        (Get-P2PDownload part*).PercentComplete | Should -Be 100
        (Get-P2PDownload -State Running).Name | Should -Be slow.bin
        (Get-P2PDownload -Group o*).Name | Should -Be part1.bin
        Get-P2PDownload | Format-Table | Out-String | Should -Match 'slow\.bin\s+dev|dev\s+slow\.bin'
    }

    It 'shows downloads without a peer server, and starts none' {
        Wait-Until { (Get-P2PDownload slow.bin).BytesReceived }
        Stop-P2PPeerServer
        (Get-P2PDownload).State | Should -Be Complete, Suspended
        (Get-P2PDownload slow.bin).BytesReceived | Should -BeGreaterThan 0
        Get-P2PPeerServer | Should -BeNullOrEmpty
    }

    It 'shows the downloads of an ended shell as suspended' {
        $script = {
            param ($module, $tracker, $folder)
            Import-Module $module
            $password = ConvertTo-SecureString 'correct horse battery' -AsPlainText
            $null = Connect-P2PTracker $tracker -UserName bob -Password $password -StatePath $folder/bob
            $null = Receive-P2PFile dev slow.bin -Destination $folder/killed -AsJob
            while (-not (Get-P2PDownload slow.bin -State Running).BytesReceived) { Start-Sleep -Milliseconds 50 }
            # Kills the shell without a clean shutdown.
            [Diagnostics.Process]::GetCurrentProcess().Kill()
        }
        $null = Invoke-NewShell $script $Manifest, $bob.Tracker, $Folder

        $killed = Get-P2PDownload | Where-Object Destination -like '*killed*'
        $killed.State | Should -Be Suspended
        Set-P2PPeerServer -UploadLimit 0 -Session $alice
        $killed | Resume-P2PDownload
        Wait-Until { (Get-P2PDownload -Id $killed.Id).State -eq 'Complete' }
        (Get-FileHash $Folder/killed/slow.bin).Hash | Should -Be (Get-FileHash $Folder/slow.bin).Hash
    }

    It 'tells where the bytes of a file came from' {
        $path = New-RandomFile 'grown.bin' 300KB
        $null = $path | Send-P2PFile -Group ops -Session $alice
        $null = Receive-P2PFile ops grown.bin -Destination $Folder/grown
        $bytes = [System.IO.File]::ReadAllBytes($path)
        # The first block changes, and the last 128 KiB are zeros.
        $bytes[5] = $bytes[5] -bxor 1
        [System.IO.File]::WriteAllBytes($path, $bytes + [byte[]]::new(212KB))
        $null = $path | Send-P2PFile -Group ops -Force -Session $alice

        $file = Receive-P2PFile ops grown.bin -Destination $Folder/grown -Force -PassThru
        (Get-FileHash $file.FullName).Hash | Should -Be (Get-FileHash $path).Hash
        $download = Get-P2PDownload grown.bin | Sort-Object Created | Select-Object -Last 1
        $file.BytesFetched, $file.BytesReused, $file.BytesZero | Should -Be $download.BytesFetched, $download.BytesReused, $download.BytesZero
        $file.BytesReused | Should -BeGreaterOrEqual 128KB
        $file.BytesZero | Should -BeGreaterOrEqual 128KB
        $file.BytesFetched | Should -BeLessOrEqual 256KB
        $download | Format-List | Out-String | Should -Match 'BytesReused\s*:\s*[1-9]'
        $download | Remove-P2PDownload
        Get-P2PDownload grown.bin | Remove-P2PDownload
    }

    It 'reports a name without a download' {
        { Get-P2PDownload zzz -ErrorAction Stop } | Should -Throw -ErrorId 'DownloadNotFound,*'
        Get-P2PDownload zzz* | Should -BeNullOrEmpty
    }
}
