BeforeDiscovery {
    $noServer = -not (Get-Command sshd, /usr/sbin/sshd -CommandType Application -ErrorAction Ignore)
}

BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    . $PSScriptRoot/P2PShare.SshServer.ps1
    if ($SshProgram) {
        $port = Start-SshServer
        $sessions = New-SshSession $port 4
        $session = $sessions[0]
    }

    function New-Place ([string] $Name) { (New-Item -ItemType Directory (Join-Path $Folder "place-$Name")).FullName }

    # Each session in a folder of its own, as on machines of their own.
    function Set-Place ([string] $Name) {
        $number = 0
        foreach ($one in $sessions) {
            $number++
            Invoke-Command -Session $one { param($place) Set-Location $place } -ArgumentList (New-Place "$Name$number")
        }
    }

    $Assembly = (Get-Command Copy-P2PItem).ImplementingType.Assembly

    function Get-CopyType ([string] $Name) { $Assembly.GetType("P2PShare.Cmdlets.Copying.$Name", $true) }

    # A session whose engine is followed, or replaced, by a class of the test's: the machine of somebody who does not do what the sender says.
    function New-HostileSession ([string] $HandleBody) {
        $hostile = New-SshSession $port
        # The first copy loads the engine.
        $null = Copy-P2PItem (New-RandomFile "honest-$([guid]::NewGuid().ToString('n')).bin" 1KB).FullName -Destination (New-Place "honest-$([guid]::NewGuid().ToString('n'))") -ToSession $hostile
        $packages = (New-Item -ItemType Directory (Join-Path $Folder "package-$([guid]::NewGuid().ToString('n'))")).FullName
        $platform = "linux-$([System.Runtime.InteropServices.RuntimeInformation]::ProcessArchitecture)".ToLowerInvariant()
        $package = (Get-CopyType EnginePackage).GetMethod('Create').Invoke($null, @([string] (Split-Path $Assembly.Location), [string] $platform, [string] $packages))
        Invoke-Command -Session $hostile {
            param($key, $body)
            [AppDomain]::CurrentDomain.SetData('Honest', [AppDomain]::CurrentDomain.GetData($key))
            if (-not [AppDomain]::CurrentDomain.GetData('Honest')) { throw "There is no engine '$key'." }
            Invoke-Expression @"
class HostileAgent {
    [object] `$Inner
    HostileAgent([string] `$folder, [string] `$address) { `$this.Inner = [AppDomain]::CurrentDomain.GetData('Honest')::new(`$folder, `$address) }
    [object] Handle([object] `$message) { $body }
    [void] Dispose() { `$this.Inner.Dispose() }
}
[AppDomain]::CurrentDomain.SetData('$key', [HostileAgent])
"@
        } -ArgumentList "P2PShare.Copying.$($package.Hash)", $HandleBody
        $hostile
    }

    # Whether a part file of random bytes has as many as a piece has somewhere.
    function Test-HasPiece ([string] $Path) {
        $stream = [System.IO.File]::Open($Path, 'Open', 'Read', 'ReadWrite')
        try {
            $bytes = [byte[]]::new(65536)
            $full = 0
            while ($stream.Read($bytes, 0, $bytes.Length) -gt 0) {
                # Blocks of 16 KiB arrive whole.
                if (($bytes[100] -bor $bytes[101] -bor $bytes[102]) -ne 0 -and ++$full -ge 256) { return $true }
            }
            $false
        }
        finally { $stream.Dispose() }
    }

    function Get-Left { Get-ChildItem ([System.IO.Path]::GetTempPath()) -Filter 'p2pshare-copy-*' }
}

AfterAll {
    if ($SshProgram) {
        $sessions | Remove-PSSession
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

        $result = Copy-P2PItem $file.FullName -Destination $place -ToSession $session -PassThru

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
