BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $alice, $bob = Connect-AliceAndBob (Start-TestTracker)
    $null = 1..3 | ForEach-Object { New-RandomFile "many/part$_.bin" 20KB } | Send-P2PFile -Group dev, ops -Session $alice
}

AfterAll {
    Stop-Everything
}

Describe 'Unpublish-P2PFile' {
    It 'requires the sharer of the file' {
        { Unpublish-P2PFile ops part1.bin -ErrorAction Stop } | Should -Throw -ErrorId 'NotSharer,*'
        Unpublish-P2PFile ops part1.bin -Session $alice -WhatIf
        Get-P2PFile ops part1.bin | Should -HaveCount 1
        (Get-P2PFile ops -Session $alice | Where-Object Name -ne part3.bin | Unpublish-P2PFile -Session $alice -PassThru).Name | Should -Be part1.bin, part2.bin
        (Get-P2PFile ops).Name | Should -Be part3.bin
    }

    It 'starts no peer server' {
        Stop-P2PPeerServer -InputObject (Get-P2PPeerServer -Session $alice)
        Unpublish-P2PFile ops part3.bin -Session $alice
        Get-P2PFile ops | Should -BeNullOrEmpty
        Get-P2PPeerServer -Session $alice | Should -BeNullOrEmpty
    }

    It 'writes nothing for a pattern and an error for a name without a match' {
        Unpublish-P2PFile ops zzz* -Session $alice
        { Unpublish-P2PFile ops zzz -Session $alice -ErrorAction Stop } | Should -Throw -ErrorId 'FileNotFound,*'
    }
}
