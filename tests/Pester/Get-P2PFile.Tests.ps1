BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $alice, $bob = Connect-AliceAndBob (Start-TestTracker)
    $null = 1..3 | ForEach-Object { New-RandomFile "many/part$_.bin" 20KB } | Send-P2PFile -Group dev, ops -Session $alice
    $null = New-RandomFile 'site/img/logo.png' 70KB | Send-P2PFile -Group dev -Name site/img/logo.png -Session $alice
}

AfterAll {
    Stop-Everything
}

Describe 'Get-P2PFile' {
    It 'takes groups from the pipeline' {
        (Get-P2PGroup ops | Get-P2PFile).Group | Select-Object -Unique | Should -Be ops
        ('ops' | Get-P2PFile -Name part1*).Name | Should -Be part1.bin
    }

    It 'writes nothing for a pattern and an error for a name without a match' {
        Get-P2PFile dev zzz* | Should -BeNullOrEmpty
        { Get-P2PFile dev zzz -ErrorAction Stop } | Should -Throw -ErrorId 'FileNotFound,*'
    }

    It 'stops at Select-Object -First' {
        Get-P2PFile dev | Select-Object -First 1 | Should -HaveCount 1
    }

    It 'finds names by their beginning in any letter case' {
        (Get-P2PFile dev PART*).Name | Should -Be part1.bin, part2.bin, part3.bin
        (Get-P2PFile dev Part[12].bin).Name | Should -Be part1.bin, part2.bin
        (Get-P2PFile dev SITE/IMG/LOGO.PNG).Name | Should -Be site/img/logo.png
        (Get-P2PFile dev *2.bin).Name | Should -Be part2.bin
    }

    It 'shows when the shared file was modified, and whether it can be executed' {
        $path = New-RandomFile 'tool' 100
        (Get-Item $path).LastWriteTimeUtc = [datetime]::new(2003, 4, 5, 6, 7, 8, [DateTimeKind]::Utc)
        if (-not $IsWindows) { chmod 755 $path }
        $null = Send-P2PFile $path -Group dev -Session $alice
        $file = Get-P2PFile dev tool
        $file.Modified.UtcDateTime | Should -Be ([datetime]::new(2003, 4, 5, 6, 7, 8, [DateTimeKind]::Utc))
        $file.Executable | Should -Be $(if ($IsWindows) { $null } else { $true })
        $file | Format-List | Out-String | Should -Match ('Executable\s*: {0}' -f $file.Executable)
    }

    It 'lists earlier versions with -Version, behind the current one' {
        foreach ($size in 100, 200, 300) { $null = New-RandomFile 'versions.bin' $size | Send-P2PFile -Group dev -Force -Session $alice }
        (Get-P2PFile dev versions.bin).Version | Should -Be 3
        $versions = Get-P2PFile dev versions.bin -Version
        $versions.Version | Should -Be 3, 2, 1
        $versions.Size | Should -Be 300, 200, 100
        $versions[0].KeptUntil | Should -BeNullOrEmpty
        $versions[1].KeptUntil | Should -BeGreaterThan ([datetimeoffset]::Now)
        $versions | Format-Table | Out-String | Should -Match ([regex]::Escape('versions.bin (version 2)'))
        (Get-P2PFile dev part1.bin -Version).Version | Should -Be 1
    }

    It 'skips a file that is withdrawn while -Version lists, and goes on' {
        foreach ($size in 100, 200) {
            1..3 | ForEach-Object { New-RandomFile "going$_.bin" $size } | Send-P2PFile -Group dev -Force -Session $alice | Out-Null
        }
        $versions = Get-P2PFile dev going* -Version -ErrorAction Stop | ForEach-Object {
            if ($_.Name -eq 'going1.bin' -and $_.Version -eq 2) { Unpublish-P2PFile dev going2.bin -Session $alice -Confirm:$false }
            $_
        }
        $versions.Name | Select-Object -Unique | Should -Be going1.bin, going3.bin
    }

    It 'formats sizes in the table and keeps numbers in the objects' {
        $file = Get-P2PFile dev site/img/logo.png
        $file.Size | Should -Be 70KB
        $file | Format-Table | Out-String | Should -Match ([regex]::Escape('{0:0.0} KiB' -f 70))
    }
}
