BeforeDiscovery {
    $noServer = -not (Get-Command sshd, /usr/sbin/sshd -CommandType Application -ErrorAction Ignore)
}

BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    . $PSScriptRoot/P2PShare.SshServer.ps1
    if ($SshProgram) {
        $port = Start-SshServer
        $session = New-SshSession $port
    }

    function New-Place ([string] $Name) { (New-Item -ItemType Directory (Join-Path $Folder "place-$Name")).FullName }

    function Get-Left { Get-ChildItem ([System.IO.Path]::GetTempPath()) -Filter 'p2pshare-copy-*' }
}

AfterAll {
    if ($SshProgram) {
        $session | Remove-PSSession
        Stop-SshServer
    }

    Stop-Everything
}

Describe 'Copy-P2PItem' -Skip:$noServer {
    It 'copies a file to a session that has nothing installed, and leaves nothing there' {
        Invoke-Command -Session $session { Get-Module P2PShare -ListAvailable } | Should -BeNullOrEmpty
        $file = New-RandomFile 'one.bin' 3MB
        $place = New-Place one
        $before = @(Get-Left | ForEach-Object FullName)

        $all = Copy-P2PItem $file.FullName -Destination $place -ToSession $session -PassThru -Verbose 4>&1
        $told, $result = $all.Where({ $_ -is [System.Management.Automation.VerboseRecord] }, 'Split')

        "$told" | Should -BeLike '*This machine sent 3.0 MiB of pieces, 1.00 times the files, for 1 target.*'
        $result.State, $result.Verified, $result.Bytes, $result.BytesFromPeers, $result.Error | Should -Be 'Completed', $true, 3MB, 0, $null
        (Get-FileHash "$place/one.bin").Hash | Should -Be (Get-FileHash $file).Hash
        # What killed copies of before have left may be gone too.
        Get-Left | ForEach-Object FullName | Where-Object { $_ -notin $before } | Should -BeNullOrEmpty
        Get-Job | Should -BeNullOrEmpty
        Invoke-Command -Session $session { 1 } | Should -Be 1
    }

    It 'refuses a session in constrained language with a sentence' {
        $restricted = New-SshSession $port
        try {
            Invoke-Command -Session $restricted { $ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage' }
            $file = New-RandomFile 'restricted.bin' 1KB

            { Copy-P2PItem $file.FullName -Destination /tmp -ToSession $restricted -ErrorAction Stop } | Should -Throw '*ConstrainedLanguage*full language*' -ErrorId 'CopyFailed,*'
        }
        finally { Remove-PSSession $restricted }
    }

    It 'only says what it would do with -WhatIf' {
        $file = New-RandomFile 'whatif.bin' 1KB
        $place = New-Place whatif

        Copy-P2PItem $file.FullName -Destination $place -ToSession $session -WhatIf

        Get-ChildItem $place | Should -BeNullOrEmpty
    }
}
