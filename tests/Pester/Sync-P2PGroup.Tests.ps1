BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $alice, $bob = Connect-AliceAndBob (Start-TestTracker)
    $null = 'site/index.html', 'site/css/a b [1].css' | ForEach-Object { New-RandomFile $_ 20KB }
    Set-Content (Join-Path $Folder site/.hidden) hidden
    $shared = Send-P2PFile -Path (Join-Path $Folder site) -Recurse -Group dev -Session $alice
    $mirror = Join-Path $Folder mirror
}

AfterAll {
    Stop-Everything
}

Describe 'Group folders' {
    It 'keep their paths when shared, without hidden files' {
        $shared.Name | Should -Be 'site/css/a b [1].css', 'site/index.html'
    }

    It 'are rebuilt by the receiver' {
        $target = Join-Path $Folder rebuilt
        Get-P2PFile -Group dev -Name 'site/*' | Receive-P2PFile -Destination $target
        foreach ($name in $shared.Name) {
            (Get-FileHash -LiteralPath (Join-Path $target $name)).Hash | Should -Be (Get-FileHash -LiteralPath (Join-Path $Folder $name)).Hash
        }
    }
}

Describe 'Sync-P2PGroup' {
    It 'sets the time of modification of what it receives, unless -NoAttributes is given' {
        $written = (Get-Item -LiteralPath (Join-Path $Folder site/index.html)).LastWriteTimeUtc
        $null = Sync-P2PGroup dev (Join-Path $Folder dated) -Name site/index.html
        $null = Sync-P2PGroup dev (Join-Path $Folder undated) -Name site/index.html -NoAttributes
        (Get-Item (Join-Path $Folder dated/site/index.html)).LastWriteTimeUtc | Should -Be $written
        (Get-Item (Join-Path $Folder undated/site/index.html)).LastWriteTimeUtc | Should -BeGreaterThan $written
    }

    It 'lists its changes with -WhatIf and makes none' {
        Sync-P2PGroup dev $mirror -WhatIf | Should -BeNullOrEmpty
        Test-Path $mirror | Should -BeFalse
    }

    It 'receives missing files and writes each change' {
        $changes = Sync-P2PGroup dev $mirror
        $changes | Should -BeOfType P2PShare.P2PSyncChange
        $changes.Action | Should -Be Received, Received
        ($changes | Sort-Object Name).Name | Should -Be 'site/css/a b [1].css', 'site/index.html'
        Get-P2PFile dev | Test-P2PFile $mirror -Quiet | Should -Be $true, $true
    }

    It 'does nothing if the folder is equal' {
        Sync-P2PGroup dev $mirror -Delete | Should -BeNullOrEmpty
    }

    It 'replaces files with different bytes' {
        Set-Content (Join-Path $mirror site/index.html) changed
        (Sync-P2PGroup dev $mirror).Action | Should -Be Replaced
    }

    It 'replaces files in place with -InPlace' {
        $file = Join-Path $mirror site/index.html
        Set-Content $file changed
        $inode = (Get-Item $file).UnixStat.Inode
        (Sync-P2PGroup dev $mirror -InPlace).Action | Should -Be Replaced
        Get-P2PFile dev | Test-P2PFile $mirror -Quiet | Should -Be $true, $true
        # The same file, and not a new one of that name. Windows shows no inode.
        (Get-Item $file).UnixStat.Inode | Should -Be $inode
    }

    It 'refuses with -InPlace alone to change what has another name' {
        $file = Join-Path $mirror site/index.html
        Set-Content $file changed
        $null = New-Item -ItemType HardLink (Join-Path $Folder other.html) -Target $file
        Sync-P2PGroup dev $mirror -InPlace -ErrorAction SilentlyContinue -ErrorVariable failures | Should -BeNullOrEmpty
        $failures[0].FullyQualifiedErrorId | Should -BeLike 'DestinationInvalid,*'
        (Sync-P2PGroup dev $mirror).Action | Should -Be Replaced
        Get-Content (Join-Path $Folder other.html) | Should -Be changed
    }

    It 'deletes removed files with -Delete only' {
        $null = New-Item (Join-Path $mirror old) -ItemType Directory
        Set-Content (Join-Path $mirror old/extra.txt) extra
        Sync-P2PGroup dev $mirror | Should -BeNullOrEmpty
        $deleted = Sync-P2PGroup dev $mirror -Delete
        $deleted.Action, $deleted.Name | Should -Be Deleted, 'old/extra.txt'
        Test-Path (Join-Path $mirror old) | Should -BeFalse
    }

    It 'takes groups from the pipeline' {
        Get-P2PGroup dev | Sync-P2PGroup -Destination $mirror | Should -BeNullOrEmpty
    }

    It 'keeps the folder equal with -Watch' {
        $module = (Get-Module P2PShare).Path
        $job = Start-ThreadJob { Import-Module $using:module; Sync-P2PGroup dev $using:mirror -Watch -Delete -Session $using:bob }
        try {
            $null = New-RandomFile 'site/new.bin' 20KB | Send-P2PFile -Group dev -Name site/new.bin -Session $alice
            Wait-Until { Test-Path (Join-Path $mirror site/new.bin) }
            Unpublish-P2PFile dev site/new.bin -Session $alice -Confirm:$false
            Wait-Until { -not (Test-Path (Join-Path $mirror site/new.bin)) }
        } finally {
            Stop-Job $job
        }
        (Receive-Job $job).Action | Should -Be Received, Deleted
        Remove-Job $job
    }
}
