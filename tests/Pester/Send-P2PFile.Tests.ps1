BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $alice, $bob = Connect-AliceAndBob ($tracker = Start-TestTracker)
}

AfterAll {
    Stop-Everything
}

Describe 'Send-P2PFile' {
    It 'shares files from Get-ChildItem with several groups' {
        1..3 | ForEach-Object { $null = New-RandomFile "many/part$_.bin" 20KB }

        $shared = Get-ChildItem (Join-Path $Folder many) -File | Send-P2PFile -Group dev, ops -Session $alice

        $shared | Should -HaveCount 6
        (Get-P2PFile ops).Name | Should -Be part1.bin, part2.bin, part3.bin
    }

    It 'keeps the paths of a folder, and the receiver rebuilds them' {
        $null = New-RandomFile 'site/index.html' 2KB
        $null = New-RandomFile 'site/img/logo.png' 70KB
        Push-Location $Folder
        try { $null = Send-P2PFile ./site -Recurse -Group dev -Session $alice } finally { Pop-Location }

        $target = Join-Path $Folder rebuilt
        Get-P2PFile dev 'site/*' | Receive-P2PFile -Destination $target

        (Get-FileHash (Join-Path $target site/img/logo.png)).Hash | Should -Be (Get-FileHash (Join-Path $Folder site/img/logo.png)).Hash
        Join-Path $target site/index.html | Should -Exist
    }

    It 'reads -Path with wildcards and -LiteralPath without' {
        $odd = New-RandomFile 'odd[1].bin' 1KB
        Send-P2PFile -LiteralPath $odd.FullName -Group dev -Session $alice | ForEach-Object Name | Should -Be 'odd[1].bin'
        (Get-P2PFile dev 'odd[1].bin').Name | Should -Be 'odd[1].bin'
        { Send-P2PFile -Path (Join-Path $Folder 'nothing-*.bin') -Group dev -Session $alice -ErrorAction Stop } | Should -Not -Throw
    }

    It 'reports each invalid path' {
        { Send-P2PFile (Join-Path $Folder missing) dev -Session $alice -ErrorAction Stop } | Should -Throw -ErrorId 'PathNotFound,*'
        { Send-P2PFile $Folder dev -Session $alice -ErrorAction Stop } | Should -Throw -ErrorId 'PathIsFolder,*'
        { Send-P2PFile Env:/PATH dev -Session $alice -ErrorAction Stop } | Should -Throw -ErrorId 'PathUnreadable,*'
    }

    It 'cannot read a file without permission' -Skip:$IsWindows {
        $file = New-RandomFile 'secret.bin' 1KB
        chmod 000 $file.FullName
        # Root reads every file unless it drops that capability.
        $asUser = (id -u) -eq 0 ? @('setpriv', '--bounding-set=-dac_override,-dac_read_search', '--inh-caps=-dac_override,-dac_read_search') : @()

        Invoke-NewShell -Prefix $asUser {
            param ($module, $tracker, $fingerprint, $folder, $path)
            Import-Module $module
            $password = ConvertTo-SecureString 'correct horse battery' -AsPlainText
            $null = Connect-P2PTracker $tracker -UserName alice -Password $password -StatePath $folder/unprivileged -Fingerprint $fingerprint
            try { Send-P2PFile $path dev } catch { $_.FullyQualifiedErrorId }
        } $Manifest, $tracker.Address, $tracker.Fingerprint, $Folder, $file.FullName | Should -BeLike 'PathUnreadable,*'
    }

    It 'writes one error per failed file and shares the others' {
        $paths = 1..100 | ForEach-Object {
            if ($_ % 10) { (New-RandomFile "hundred/$_.bin" $_).FullName } else { Join-Path $Folder "hundred/missing$_" }
        }
        $shared = $paths | Send-P2PFile -Group ops -Session $alice -ErrorAction SilentlyContinue -ErrorVariable failures
        $shared.Name | Should -Be ($paths -notmatch 'missing' | Split-Path -Leaf) -Because 'the output keeps the input order'
        $failures | Should -HaveCount 10
        $failures.TargetObject | Should -Be ($paths -match 'missing')
    }

    It 'shares a file once if it is given twice' {
        $file = New-RandomFile 'twice.bin' 1KB
        $file, $file | Send-P2PFile -Group dev -Session $alice | Should -HaveCount 1
    }

    It 'makes a chunk map with -ChunkMap, which goes with the share' {
        $file = New-RandomFile 'mapped.bin' 300KB
        $shared = $file | Send-P2PFile -Group dev, ops -Session $alice -ChunkMap
        $map = Join-Path $Folder "alice/maps/$($shared[0].PiecesRoot).map"
        $map | Should -Exist
        # 18 bytes for each of about 20 chunks.
        (Get-Item $map).Length | Should -BeLessThan 1KB

        Unpublish-P2PFile dev mapped.bin -Session $alice
        $map | Should -Exist
        Unpublish-P2PFile ops mapped.bin -Session $alice
        $map | Should -Not -Exist
    }

    It 'makes none without -ChunkMap, nor of what is too small' {
        $plain = New-RandomFile 'plain.bin' 300KB | Send-P2PFile -Group dev -Session $alice -Force
        $small = New-RandomFile 'small.bin' 64KB | Send-P2PFile -Group dev -Session $alice -ChunkMap
        $plain, $small | ForEach-Object { Join-Path $Folder "alice/maps/$($_.PiecesRoot).map" | Should -Not -Exist }
    }

    It 'refuses $null and empty strings, and shares the other files' {
        $file = New-RandomFile 'beside.bin' 1KB
        $null, '', $file.FullName | Send-P2PFile -Group dev -Session $alice -ErrorAction SilentlyContinue -ErrorVariable failures |
            ForEach-Object Name | Should -Be beside.bin
        $failures | Should -HaveCount 2
    }
}
