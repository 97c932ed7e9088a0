BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $alice, $bob = Connect-AliceAndBob (Start-TestTracker)
    $null = 1..3 | ForEach-Object { New-RandomFile "many/part$_.bin" 20KB } | Send-P2PFile -Group dev, ops -Session $alice
}

AfterAll {
    Stop-Everything
}

Describe 'Receive-P2PFile' {
    It 'writes nothing without -PassThru and files with it' {
        Get-P2PFile ops part1.bin | Receive-P2PFile -Destination (Join-Path $Folder r1) | Should -BeNullOrEmpty
        $file = Get-P2PFile ops part1.bin | Receive-P2PFile -Destination (Join-Path $Folder r2) -PassThru
        $file | Should -BeOfType System.IO.FileInfo
        $file.Length | Should -Be 20KB
    }

    It 'receives into the current folder' {
        Push-Location (New-Item -ItemType Directory (Join-Path $Folder here))
        try { Receive-P2PFile ops part2.bin } finally { Pop-Location }
        Join-Path $Folder here/part2.bin | Should -Exist
    }

    It 'does nothing with -WhatIf' {
        Get-P2PFile ops | Receive-P2PFile -Destination (Join-Path $Folder none) -WhatIf
        Join-Path $Folder none | Should -Not -Exist
    }

    It 'keeps an existing file without -Force, and continues with the others' {
        $target = Join-Path $Folder kept
        $null = New-RandomFile 'kept/part2.bin' 5
        Get-P2PFile ops | Receive-P2PFile -Destination $target -ErrorAction SilentlyContinue -ErrorVariable failures

        $failures | Should -HaveCount 1
        $failures[0].FullyQualifiedErrorId | Should -BeLike 'DestinationExists,*'
        $failures[0].TargetObject.Name | Should -Be part2.bin
        $failures[0].ErrorDetails.RecommendedAction | Should -Match '-Force'
        (Get-ChildItem $target).Name | Should -Be part1.bin, part2.bin, part3.bin
        (Get-Item (Join-Path $target part2.bin)).Length | Should -Be 5

        Receive-P2PFile ops part2.bin -Destination $target -Force
        (Get-Item (Join-Path $target part2.bin)).Length | Should -Be 20KB
    }

    It 'updates an existing file in place with -Force -InPlace, and not one that has another name' {
        $target = Join-Path $Folder inplace
        $path = New-RandomFile 'inplace/part3.bin' 30KB
        $link = New-Item -ItemType HardLink (Join-Path $Folder other.bin) -Target $path
        Receive-P2PFile ops part3.bin -Destination $target -InPlace -ErrorAction SilentlyContinue -ErrorVariable failures
        $failures[0].FullyQualifiedErrorId | Should -BeLike 'DestinationExists,*'
        Receive-P2PFile ops part3.bin -Destination $target -Force -InPlace -ErrorAction SilentlyContinue -ErrorVariable failures
        $failures[0].FullyQualifiedErrorId | Should -BeLike 'DestinationInvalid,*'
        (Get-Item $path).Length | Should -Be 30KB

        Remove-Item $link
        Receive-P2PFile ops part3.bin -Destination $target -Force -InPlace
        (Get-FileHash $path).Hash | Should -Be (Get-FileHash (Join-Path $Folder many/part3.bin)).Hash
        (Get-ChildItem $target).Name | Should -Be part3.bin
    }

    It 'sets the time of modification and the executable bit, and leaves both with -NoAttributes' {
        $path = New-RandomFile 'tool' 100
        (Get-Item $path).LastWriteTimeUtc = [datetime]::new(2003, 4, 5, 6, 7, 8, [DateTimeKind]::Utc)
        if (-not $IsWindows) { chmod 700 $path }
        $null = Send-P2PFile $path -Group dev -Session $alice

        $set = Receive-P2PFile dev tool -Destination (Join-Path $Folder set) -PassThru
        $left = Receive-P2PFile dev tool -Destination (Join-Path $Folder left) -PassThru -NoAttributes

        $set.LastWriteTimeUtc | Should -Be ([datetime]::new(2003, 4, 5, 6, 7, 8, [DateTimeKind]::Utc))
        $left.LastWriteTimeUtc.Year | Should -Be ([datetime]::UtcNow.Year)
        if (-not $IsWindows) {
            $set.UnixMode | Should -BeLike '-rwx*'
            $left.UnixMode | Should -BeLike '-rw-*'
        }
    }

    It 'receives an earlier version that a peer still has' {
        $path = New-RandomFile 'versions.bin' 100
        $first = Send-P2PFile $path -Group dev -Session $alice
        $null = Receive-P2PFile dev versions.bin -Destination (Join-Path $Folder v1)
        $old = (Get-FileHash $path).Hash
        $null = New-RandomFile 'versions.bin' 200 | Send-P2PFile -Group dev -Force -Session $alice

        $back = Receive-P2PFile dev versions.bin -Version 1 -Destination (Join-Path $Folder back) -PassThru
        (Get-FileHash $back.FullName).Hash | Should -Be $old
        $piped = Get-P2PFile dev versions.bin -Version | Where-Object Version -EQ 1 | Receive-P2PFile -Destination (Join-Path $Folder piped) -PassThru
        $piped.Length | Should -Be 100
        (Get-P2PFile dev versions.bin | Receive-P2PFile -Version 2 -Destination (Join-Path $Folder now) -PassThru).Length | Should -Be 200

        # An object of before the replacement is only a name.
        ($first | Receive-P2PFile -Version 2 -Destination (Join-Path $Folder later) -PassThru).Length | Should -Be 200
        ($first | Receive-P2PFile -Version 1 -Destination (Join-Path $Folder before) -PassThru).Length | Should -Be 100

        Receive-P2PFile dev versions.bin -Version 7 -Destination (Join-Path $Folder none) -ErrorAction SilentlyContinue -ErrorVariable failures
        $failures[0].FullyQualifiedErrorId | Should -BeLike 'FileNotFound,*'
        $failures[0].ToString() | Should -Match 'no version 7'
    }

    It 'receives one of several versions into one folder, and names the others as errors, also with -Force' {
        $target = Join-Path $Folder several
        $received = Get-P2PFile dev versions.bin -Version | Receive-P2PFile -Destination $target -Force -PassThru -ErrorAction SilentlyContinue -ErrorVariable failures

        $received | Should -HaveCount 1
        (Get-Item (Join-Path $target versions.bin)).Length | Should -Be 200
        $failures | Should -HaveCount 1
        $failures[0].FullyQualifiedErrorId | Should -BeLike 'DestinationInvalid,*'
        $failures[0].ToString() | Should -BeLike "'versions.bin' of group 'dev', version 1, is not received, because 'versions.bin' of group 'dev', version 2, is, *"
        $failures[0].TargetObject.Version | Should -Be 1

        # One content twice is no contradiction.
        $current = Get-P2PFile dev versions.bin
        $current, $current | Receive-P2PFile -Destination (Join-Path $Folder twice) -ErrorAction Stop
    }

    It 'stops when a later cmdlet stops the pipeline' {
        $first = Get-P2PFile ops | Receive-P2PFile -Destination (Join-Path $Folder first) -PassThru -ThrottleLimit 1 | Select-Object -First 1
        $first | Should -HaveCount 1
    }

    It 'runs as a job' {
        $job = Get-P2PFile ops | Receive-P2PFile -Destination (Join-Path $Folder job) -AsJob
        $files = $job | Wait-Job -Timeout 60 | Receive-Job
        $files.Name | Sort-Object | Should -Be part1.bin, part2.bin, part3.bin
        $job.State | Should -Be Completed
        $job.HasMoreData | Should -BeFalse
        Remove-Job $job
        Get-Job -Id $job.Id -ErrorAction Ignore | Should -BeNullOrEmpty
    }

    It 'is a failed job if a file fails, and Receive-Job has the error' {
        $job = Get-P2PFile ops | Receive-P2PFile -Destination (Join-Path $Folder job) -AsJob
        $job | Wait-Job -Timeout 60 | Receive-Job -ErrorAction SilentlyContinue -ErrorVariable failures
        $job.State | Should -Be Failed
        $failures | Should -HaveCount 3
        $failures[0].FullyQualifiedErrorId | Should -BeLike 'DestinationExists*'
        $job.StatusMessage | Should -Be '3 of 3 files could not be received; Receive-Job shows why.'
    }

    It 'takes -Destination literally' {
        Receive-P2PFile ops part1.bin -Destination (Join-Path $Folder 'a[1]')
        Test-Path -LiteralPath (Join-Path $Folder 'a[1]/part1.bin') | Should -BeTrue
    }

    It 'takes from -ReuseFrom what other files have, wherever they have it' {
        $new = New-RandomFile 'reuse/new.bin' 4MB
        $bytes = [System.IO.File]::ReadAllBytes($new)
        $null = New-Item -ItemType Directory (Join-Path $Folder 'older [1]/sub')
        [System.IO.File]::WriteAllBytes((Join-Path $Folder 'older [1]/sub/a.dat'), $bytes[700000..2999999])
        [System.IO.File]::WriteAllBytes((Join-Path $Folder 'b.dat'), $bytes[3000000..4194303])
        $null = $new | Send-P2PFile -Group dev -Session $alice -ChunkMap

        $before = (Get-P2PPeerServer -Session $alice).BytesUploaded
        $reuse = (Join-Path $Folder 'older [1]'), (Join-Path $Folder b.dat), (Join-Path $Folder gone.dat)
        Receive-P2PFile dev new.bin -Destination (Join-Path $Folder reused) -ReuseFrom $reuse -ErrorAction SilentlyContinue -ErrorVariable failures

        (Get-FileHash (Join-Path $Folder reused/new.bin)).Hash | Should -Be (Get-FileHash $new).Hash
        (Get-P2PPeerServer -Session $alice).BytesUploaded - $before | Should -BeLessThan 1MB
        $failures | Should -HaveCount 1
        $failures[0].FullyQualifiedErrorId | Should -BeLike 'PathNotFound,*'
        $failures[0].TargetObject | Should -Be $reuse[2]
    }

    It 'leaves out links and empty folders that -ReuseFrom names, and tells it once, when a file comes that can use them' {
        $new = New-RandomFile 'reuse/linked.bin' 2MB
        $null = $new | Send-P2PFile -Group dev -Session $alice -ChunkMap
        $null = New-RandomFile 'reuse/tiny.bin' 1KB | Send-P2PFile -Group dev -Session $alice
        $null = New-Item -ItemType SymbolicLink (Join-Path $Folder linked.bin) -Target $new
        $null = New-Item -ItemType SymbolicLink (Join-Path $Folder linked) -Target (Join-Path $Folder reuse)
        $null = New-Item -ItemType Directory (Join-Path $Folder empty)
        $reuse = 'linked.bin', 'linked', 'empty' | ForEach-Object { Join-Path $Folder $_ }

        Receive-P2PFile dev tiny.bin -Destination (Join-Path $Folder unlinked) -ReuseFrom $reuse -WarningVariable warnings
        $warnings | Should -BeNullOrEmpty

        $received = Receive-P2PFile dev linked.bin -Destination (Join-Path $Folder unlinked) -ReuseFrom $reuse -PassThru -WarningAction SilentlyContinue -WarningVariable warnings
        $received.BytesReused | Should -Be 0
        $warnings | Should -HaveCount 1
        "$warnings" | Should -BeLike "-ReuseFrom leaves out 3 paths. The first: '*linked.bin' is a link, *"

        Receive-P2PFile dev linked.bin -Destination (Join-Path $Folder unlinked2) -ReuseFrom $reuse[2] -WarningAction SilentlyContinue -WarningVariable warnings -ErrorAction Stop
        "$warnings" | Should -BeLike '*has no file to take bytes from*'
    }

    It 'finds bytes that moved in the file that -Force replaces' {
        $new = Join-Path $Folder reuse/new.bin
        $target = New-Item -ItemType Directory (Join-Path $Folder replaced)
        [System.IO.File]::WriteAllBytes((Join-Path $target new.bin), [System.IO.File]::ReadAllBytes($new)[1000..4194303])

        $before = (Get-P2PPeerServer -Session $alice).BytesUploaded
        Receive-P2PFile dev new.bin -Destination $target -Force

        (Get-FileHash (Join-Path $target new.bin)).Hash | Should -Be (Get-FileHash $new).Hash
        (Get-P2PPeerServer -Session $alice).BytesUploaded - $before | Should -BeLessThan 200KB
    }

    It 'keeps to -DownloadLimit, and stops with Stop-Job' {
        $null = New-RandomFile 'large.bin' 20MB | Send-P2PFile -Group dev -Session $alice
        $watch = [Diagnostics.Stopwatch]::StartNew()
        $job = Receive-P2PFile dev large.bin -Destination (Join-Path $Folder large) -DownloadLimit 200KB -AsJob
        Wait-Until { (Get-P2PDownload large.bin).BytesReceived -gt 200KB }
        (Get-P2PDownload large.bin).BytesReceived | Should -BeLessThan (300KB * $watch.Elapsed.TotalSeconds + 1MB)
        Stop-Job $job
        $job.State | Should -Be Stopped
        (Get-P2PDownload large.bin).State | Should -Be Stopped
        Join-Path $Folder large/large.bin | Should -Not -Exist
    }
}
