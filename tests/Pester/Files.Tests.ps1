BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker
    $alice = Connect-NewUser $tracker alice
    $null = New-P2PGroup dev, ops
    $bob = Connect-NewUser $tracker bob
    $null = Join-P2PGroup dev, ops
    Get-P2PJoinRequest -Session $alice | Approve-P2PJoinRequest -Session $alice
}

AfterAll {
    Stop-Everything
}

Describe 'Send-P2PFile' {
    It 'shares what Get-ChildItem finds, with several groups' {
        1..3 | ForEach-Object { $null = New-RandomFile "many/part$_.bin" 20KB }

        $shared = Get-ChildItem (Join-Path $Folder many) -File | Send-P2PFile -Group dev, ops -Session $alice

        $shared | Should -HaveCount 6
        (Get-P2PFile ops).Name | Should -Be part1.bin, part2.bin, part3.bin
    }

    It 'keeps the names of a folder, and they are rebuilt on arrival' {
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

    It 'names what is wrong with a path' {
        { Send-P2PFile (Join-Path $Folder missing) dev -Session $alice -ErrorAction Stop } | Should -Throw -ErrorId 'PathNotFound,*'
        { Send-P2PFile $Folder dev -Session $alice -ErrorAction Stop } | Should -Throw -ErrorId 'PathIsFolder,*'
        { Send-P2PFile Env:/PATH dev -Session $alice -ErrorAction Stop } | Should -Throw -ErrorId 'PathUnreadable,*'
    }

    It 'cannot read a file without permission' -Skip:($IsWindows -or (id -u) -eq 0) {
        $file = New-RandomFile 'secret.bin' 1KB
        chmod 000 $file.FullName
        { Send-P2PFile $file dev -Session $alice -ErrorAction Stop } | Should -Throw -ErrorId 'PathUnreadable,*'
    }
}

Describe 'Get-P2PFile' {
    It 'takes groups from the pipeline' {
        (Get-P2PGroup ops | Get-P2PFile).Group | Select-Object -Unique | Should -Be ops
        ('ops' | Get-P2PFile -Name part1*).Name | Should -Be part1.bin
    }

    It 'finds nothing for a pattern and says so for a name' {
        Get-P2PFile dev zzz* | Should -BeNullOrEmpty
        { Get-P2PFile dev zzz -ErrorAction Stop } | Should -Throw -ErrorId 'FileNotFound,*'
    }

    It 'is cut short by Select-Object -First' {
        Get-P2PFile dev | Select-Object -First 1 | Should -HaveCount 1
    }

    It 'shows sizes for people and keeps numbers for scripts' {
        $file = Get-P2PFile dev site/img/logo.png
        $file.Size | Should -Be 70KB
        $file | Format-Table | Out-String | Should -Match ([regex]::Escape('{0:0.0} KiB' -f 70))
    }
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

    It 'keeps an existing file unless forced, and goes on with the others' {
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

    It 'ends the rest when a later cmdlet has had enough' {
        $first = Get-P2PFile ops | Receive-P2PFile -Destination (Join-Path $Folder first) -PassThru -ThrottleLimit 1 | Select-Object -First 1
        $first | Should -HaveCount 1
    }

    It 'runs as a job' {
        $job = Get-P2PFile ops | Receive-P2PFile -Destination (Join-Path $Folder job) -AsJob
        $files = $job | Wait-Job -Timeout 60 | Receive-Job
        $files.Name | Sort-Object | Should -Be part1.bin, part2.bin, part3.bin
        $job.State | Should -Be Completed
        Remove-Job $job
    }
}

Describe 'Unpublish-P2PFile' {
    It 'is for who shared the file' {
        { Unpublish-P2PFile ops part1.bin -ErrorAction Stop } | Should -Throw -ErrorId 'NotSharer,*'
        Unpublish-P2PFile ops part1.bin -Session $alice -WhatIf
        Get-P2PFile ops part1.bin | Should -HaveCount 1
        Get-P2PFile ops -Session $alice | Where-Object Name -ne part3.bin | Unpublish-P2PFile -Session $alice
        (Get-P2PFile ops).Name | Should -Be part3.bin
    }
}
