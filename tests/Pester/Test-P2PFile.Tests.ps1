BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $alice, $bob = Connect-AliceAndBob (Start-TestTracker)
    $null = 1..3 | ForEach-Object { New-RandomFile "many/part$_.bin" 20KB } | Send-P2PFile -Group dev, ops -Session $alice
}

AfterAll {
    Stop-Everything
}

Describe 'Test-P2PFile' {
    BeforeAll {
        $local = Join-Path $Folder local
        $null = New-Item -ItemType Directory $local
        Copy-Item (Join-Path $Folder many/part1.bin) $local
        $null = New-RandomFile 'local/part2.bin' 20KB
    }

    It 'reports each file of a group as equal, different or missing in a folder' {
        $tests = Get-P2PFile dev | Test-P2PFile -Path $local
        $tests | Should -BeOfType P2PShare.P2PFileTest
        $tests.Name | Should -Be part1.bin, part2.bin, part3.bin
        $tests.Result | Should -Be Match, Different, Missing
        $tests[0].Path | Should -Be (Join-Path $local part1.bin)
        (Test-P2PFile $local dev).Result | Should -Be $tests.Result
    }

    It 'tests one file under its own name or another' {
        (Test-P2PFile (Join-Path $local part1.bin) dev).Result | Should -Be Match
        (Test-P2PFile (Join-Path $local part1.bin) dev -Name part2.bin).Result | Should -Be Different
        (Get-ChildItem $local | Test-P2PFile -Group dev).Result | Should -Be Match, Different
        (Test-P2PFile (Join-Path $local *.bin) dev).Result | Should -Be Match, Different
    }

    It 'writes only true or false with -Quiet' {
        Get-P2PFile dev | Test-P2PFile $local -Quiet | Should -Be $true, $false, $false
        Test-P2PFile (Join-Path $local nothing/part1.bin) dev -Quiet | Should -BeFalse
    }

    It 'reports a file that the group does not have' {
        { Test-P2PFile $local dev zzz -ErrorAction Stop } | Should -Throw -ErrorId 'FileNotFound,*'
        Test-P2PFile $local dev zzz* | Should -BeNullOrEmpty
        { Test-P2PFile Env:/PATH dev -ErrorAction Stop } | Should -Throw -ErrorId 'PathUnreadable,*'
    }

    It 'has a table' {
        Get-P2PFile dev part1.bin | Test-P2PFile $local | Out-String | Should -Match 'part1\.bin\s+20\.0 KiB Match'
    }
}
