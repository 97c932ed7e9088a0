BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $alice, $bob = Connect-AliceAndBob (Start-TestTracker)
    $image = New-RandomFile image.bin 1MB
    $null = $image | Send-P2PFile -Group dev -ChunkMap -Session $alice
    $null = New-RandomFile small.bin 20KB | Send-P2PFile -Group dev -Session $alice
}

AfterAll {
    Stop-Everything
}

Describe 'Compare-P2PFile' {
    BeforeAll {
        $local = Join-Path $Folder local
        $null = New-Item -ItemType Directory $local
        Copy-Item $image.FullName $local
        $bytes = [IO.File]::ReadAllBytes($image.FullName)
        $bytes[100000] = $bytes[100000] -bxor 1
        $changed = Join-Path $Folder changed.bin
        [IO.File]::WriteAllBytes($changed, $bytes)
        $shifted = Join-Path $Folder shifted.bin
        [IO.File]::WriteAllBytes($shifted, [byte[]](1, 2, 3) + [IO.File]::ReadAllBytes($image.FullName))
    }

    It 'finds an identical file without a source, and one that is missing' {
        $same, $missing = Get-P2PFile dev | Compare-P2PFile -Path $local -Session $bob
        $same | Should -BeOfType P2PShare.P2PFileComparison
        $same.Path | Should -Be (Join-Path $local image.bin)
        $same.Method | Should -Be None
        $same.BytesEqual | Should -Be 1MB
        $same.BytesReceived | Should -Be 0
        $missing.Name, $missing.Method, $missing.BytesToFetch | Should -Be small.bin, Whole, 20KB
        $same.Ranges | Should -BeNullOrEmpty
    }

    It 'counts what changed in place' {
        $one = Compare-P2PFile dev image.bin -Path $changed -Detailed -Session $bob
        $one.Group, $one.Name, $one.Path | Should -Be dev, image.bin, $changed
        $one.Method | Should -Be SameOffset
        $one.BytesToFetch | Should -Be 16KB
        $one.BytesEqual | Should -Be (1MB - 16KB)
        $one.Ranges.Kind | Should -Be Equal, ToFetch, Equal
        $one.Ranges[1].Offset, $one.Ranges[1].Length, $one.Ranges[1].SourcePath | Should -Be 98304, 16384, $null
        $one.RangesTruncated | Should -BeFalse
        [IO.File]::ReadAllBytes($changed)[100000] | Should -Be $bytes[100000]
        Get-P2PDownload -Session $bob | Should -BeNullOrEmpty
    }

    It 'finds bytes at other offsets, and in other files' {
        $moved = Compare-P2PFile dev image.bin -Path $shifted -Detailed -Session $bob
        $moved.Method | Should -Be Chunks
        $moved.BytesMoved | Should -BeGreaterThan 900KB
        $moved.BytesEqual + $moved.BytesMoved + $moved.BytesZero + $moved.BytesToFetch | Should -Be $moved.Size
        $moved.Ranges[-1].SourceOffset | Should -Be ($moved.Ranges[-1].Offset + 3)
        $elsewhere = Compare-P2PFile dev image.bin -Path (Join-Path $Folder nothing) -ReuseFrom $local -Session $bob
        $elsewhere.BytesMoved | Should -Be 1MB
    }

    It 'tells the sharer too' {
        $own = Compare-P2PFile dev image.bin -Path $changed -Session $alice
        $own.Method, $own.BytesMoved, $own.BytesToFetch | Should -Be Copy, 16KB, 0
    }

    It 'reports a file that the group does not have, and a folder in place of a file' {
        { Compare-P2PFile dev zzz -ErrorAction Stop -Session $bob } | Should -Throw -ErrorId 'FileNotFound,*'
        Compare-P2PFile dev zzz* -Session $bob | Should -BeNullOrEmpty
        $null = New-Item -ItemType Directory (Join-Path $Folder blocked/image.bin)
        { Compare-P2PFile dev image.bin -Path (Join-Path $Folder blocked) -ErrorAction Stop -Session $bob } | Should -Throw -ErrorId 'PathIsFolder,*'
        { Compare-P2PFile dev image.bin -Path Env:/PATH -ErrorAction Stop -Session $bob } | Should -Throw -ErrorId 'PathUnreadable,*'
    }

    It 'has a table and a list' {
        $one = Compare-P2PFile dev image.bin -Path $changed -Detailed -Session $bob
        $one | Out-String -Width 200 | Should -Match 'image\.bin\s+1\.0 MiB\s+\S+ KiB'
        $one | Format-List | Out-String | Should -Match 'BytesToFetch\s+: 16\.0 KiB \(16,384 bytes\)'
        $one.Ranges | Out-String | Should -Match '98,304\s+16,384 ToFetch'
    }
}
