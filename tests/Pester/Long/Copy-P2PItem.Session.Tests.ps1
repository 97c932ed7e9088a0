# What the two sides of a copy take from each other: the sender from sessions that may be anybody's, a session from what was there before.

BeforeDiscovery {
    $noServer = -not (Get-Command sshd, /usr/sbin/sshd -CommandType Application -ErrorAction Ignore)
}

BeforeAll {
    . $PSScriptRoot/../P2PShare.TestSetup.ps1
    . $PSScriptRoot/../P2PShare.SshServer.ps1
    if ($SshProgram) { $port = Start-SshServer }
    $assembly = (Get-Command Copy-P2PItem).ImplementingType.Assembly
    $none = [System.Threading.CancellationToken]::None

    function Get-CopyType ([string] $Name) { $assembly.GetType("P2PShare.Cmdlets.$Name", $true) }

    # No shell can reach these parts alone.
    function Invoke-Part ([string] $Type, [string] $Method, [object[]] $ArgumentList) {
        $found = (Get-CopyType $Type).GetMethod($Method, [System.Reflection.BindingFlags] 'Public, NonPublic, Static')
        try { $found.Invoke($null, @($ArgumentList | ForEach-Object { if ($null -ne $_) { $_.PSObject.BaseObject } else { $null } })) }
        catch { throw $_.Exception.GetBaseException() }
    }

    function Get-Part ($Of, [string] $Field) {
        $Of.GetType().GetField($Field, [System.Reflection.BindingFlags] 'NonPublic, Instance').GetValue($Of)
    }

    function Wait-Result ($Task) {
        # Its own error is below that of the call.
        try { $Task.GetAwaiter().GetResult() } catch { throw $_.Exception.InnerException }
    }
}

AfterAll {
    Stop-SshServer
    Stop-Everything
}

Describe 'What a target of Copy-P2PItem says' {
    It 'is bounded, and made safe for a terminal' {
        $status = Invoke-Part Copying.CopyStatus FromMessage @{ State = "Copying$([char] 27)[2J"; Bytes = -5; BytesTotal = 'many'; BytesFetched = 7; Error = 'x' * 100KB }

        $status.State | Should -Not -Match ([char] 27)
        $status.Bytes, $status.BytesTotal, $status.BytesFetched, $status.Error.Length | Should -Be 0, 0, 7, 4096
        Invoke-Part Copying.CopyStatus FromMessage 'Serving' | Should -BeNullOrEmpty
        Invoke-Part Copying.CopyStatus FromMessage @{ State = 5 } | Should -BeNullOrEmpty
    }

    It 'decides whether its session can be used' {
        $answer = @{ Version = '7.6.0-preview.2'; Language = 'FullLanguage'; System = 'linux-musl'; Processor = 'arm64' }
        (Invoke-Part Copying.SessionProbe Read $answer).Platform | Should -Be linux-musl-arm64

        { Invoke-Part Copying.SessionProbe Read ($answer + @{} | ForEach-Object { $_.Version = '7.5.4'; $_ }) } | Should -Throw '*7.5.4*7.6*'
        { Invoke-Part Copying.SessionProbe Read @{ Version = '7.6.0'; Language = 'NoLanguage' } } | Should -Throw '*NoLanguage*'
        { Invoke-Part Copying.SessionProbe Read @{ Version = '7.6.0'; Language = 'FullLanguage'; System = '../..'; Processor = 'x64' } } | Should -Throw '*../..*'
        { Invoke-Part Copying.SessionProbe Read @{} } | Should -Throw '*full language*'
    }
}

Describe 'A tunnel through a session' {
    BeforeAll {
        function New-Tunnel {
            $ways = [System.Collections.Generic.Dictionary[string, ipendpoint]]::new()
            $ways['Peer'] = $listener.LocalEndpoint
            (Get-CopyType Copying.SessionTunnel).GetConstructors()[0].Invoke(@(, $ways))
        }
    }

    BeforeEach {
        $listener = [System.Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 0)
        $listener.Start()
        $tunnel = New-Tunnel
    }

    AfterEach {
        $tunnel.Dispose()
        $listener.Stop()
    }

    It 'opens only the ways that it was given' {
        $tunnel.Put(@(@{ Id = 1; Open = 'Elsewhere' }))
        $tunnel.IsUsed | Should -BeFalse
        $tunnel.Put(@(@{ Id = 1; Open = 'Peer' }))
        $tunnel.IsUsed | Should -BeTrue
    }

    It 'ends a connection that sends a longer part than it may' {
        $tunnel.Put(@(@{ Id = 1; Open = 'Peer' }))
        $client = $listener.AcceptTcpClient()

        $tunnel.Put(@(@{ Id = 1; Bytes = [byte[]]::new(64KB) }, @{ Id = 1; Bytes = [byte[]]::new(64KB + 1) }, @{ Id = 1; Bytes = [byte[]]::new(1) }))

        $received = [System.IO.MemoryStream]::new()
        $client.GetStream().CopyTo($received)
        $received.Length | Should -Be 64KB
        Wait-Until { $tunnel.Take().End }
        $client.Dispose()
    }

    It 'holds 16 MiB for receivers that do not receive' {
        $part = [byte[]]::new(64KB)
        $clients = foreach ($id in 1, 2) {
            $tunnel.Put(@(@{ Id = $id; Open = 'Peer' }))
            $listener.AcceptTcpClient()
        }
        foreach ($number in 1..600) { $tunnel.Put(@(@{ Id = 1; Bytes = $part }, @{ Id = 2; Bytes = $part })) }

        $all = foreach ($client in $clients) {
            # Ends what was not ended before.
            $tunnel.Put(@(@{ Id = 1; End = $true }, @{ Id = 2; End = $true }))
            $received = [System.IO.MemoryStream]::new()
            $client.GetStream().CopyTo($received)
            $client.Dispose()
            $received.Length
        }

        # What the sockets hold comes on top.
        ($all | Measure-Object -Sum).Sum | Should -BeGreaterThan 15MB
        ($all | Measure-Object -Sum).Sum | Should -BeLessThan 50MB
    }
}

Describe 'What Copy-P2PItem leaves and offers' {
    It 'removes only old folders that belong to this user alone and that no process holds' {
        $parent = (New-Item -ItemType Directory (Join-Path $Folder leftovers)).FullName
        $names = 'old', 'young', 'held', 'open', 'foreign'
        $paths = $names | ForEach-Object { Join-Path $parent "p2pshare-copy-$_" }
        $paths | ForEach-Object {
            $null = [System.IO.Directory]::CreateDirectory($_, [System.IO.UnixFileMode] 'UserRead, UserWrite, UserExecute')
            Set-Content "$_/lock" ''
        }
        $target = (New-Item -ItemType Directory (Join-Path $Folder linked)).FullName
        $null = New-Item -ItemType SymbolicLink "$parent/p2pshare-copy-link" -Target $target
        chmod 0711 "$parent/p2pshare-copy-open"
        # Only root can make one, and only root could remove one.
        if ((id -u) -eq 0) { chown 12345 "$parent/p2pshare-copy-foreign" } else { chmod 0701 "$parent/p2pshare-copy-foreign" }
        $paths | Where-Object { $_ -notlike '*young' } | ForEach-Object { [System.IO.Directory]::SetLastWriteTimeUtc($_, [datetime]::UtcNow.AddHours(-1)) }
        $held = [System.IO.File]::Open("$parent/p2pshare-copy-held/lock", 'Open', 'ReadWrite', 'None')
        try { Invoke-Part Copying.CopyFolder RemoveStale $parent, ([System.DateTimeOffset]::UtcNow) }
        finally { $held.Dispose() }

        Get-ChildItem $parent -Name | Sort-Object | Should -Be ('foreign', 'held', 'link', 'open', 'young' | ForEach-Object { "p2pshare-copy-$_" })
        $target | Should -Exist
    }

    It 'offers at most eight addresses, of IPv4 only, this machine''s own last' {
        $own = [ipaddress[]] (@('2001:db8::1', 'fe80::1') + (1..20 | ForEach-Object { "10.0.0.$_" }))
        $found = (Get-CopyType Tracker.OwnAddress).GetMethod('Choose', [System.Reflection.BindingFlags] 'NonPublic, Static').Invoke($null, @(, $own))

        "$found" | Should -Be '10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7 127.0.0.1'
    }
}

Describe 'A session of Copy-P2PItem' -Skip:$noServer {
    BeforeAll {
        $module = Split-Path $assembly.Location
        $packages = (New-Item -ItemType Directory (Join-Path $Folder packages)).FullName
        $bootstrap = [System.IO.StreamReader]::new($assembly.GetManifestResourceStream('Bootstrap.ps1')).ReadToEnd()

        # A session as on a machine of its own, with folders of its own.
        function New-Machine ([string] $Place = (New-Item -ItemType Directory (Join-Path $Folder "machine-$([guid]::NewGuid().ToString('n'))")).FullName) {
            $session = New-SshSession $port
            Invoke-Command -Session $session {
                param($place)
                $env:TMPDIR = $place
                $env:XDG_DATA_HOME = "$place/data"
                Set-Location $place
            } -ArgumentList $Place
            $session | Add-Member Place $Place -PassThru
        }

        function Open-Pipe ($Session, [string] $Script, $Offer) {
            $constructor = (Get-CopyType Copying.SessionPipe).GetConstructors([System.Reflection.BindingFlags] 'NonPublic, Instance')[0]
            $constructor.Invoke(@($Session.PSObject.BaseObject, $Script, $Offer))
        }

        function Read-Pipe ($Pipe) { Wait-Result $Pipe.ReceiveAsync($none) }

        function Close-Pipe ($Pipe) {
            Wait-Result $Pipe.CompleteAsync([timespan]::FromSeconds(20))
            Wait-Result $Pipe.DisposeAsync().AsTask()
        }

        # What a sender offers that the target cannot reach.
        function New-Offer ($Session, [switch] $Keep) {
            $platform = (Wait-Result (Invoke-Part Copying.SessionProbe RunAsync $Session, $none)).Platform
            $package = Invoke-Part Copying.EnginePackage Create $module, $platform, $packages
            @{
                Platform = $platform; Hash = $package.Hash; Length = [int] $package.Length; Files = @{ 'P2PShare.Cmdlets.dll' = '0' }; Addresses = [string[]] @(); Port = 1
                Fingerprint = '00'; Destination = '.'; Paths = [string[]] @(); Literal = $false; Keep = [bool] $Keep
            }
        }

        function Send-Package ($Pipe, $Offer) { $Pipe.Send(@{ Package = [System.IO.File]::ReadAllBytes("$packages/$($Offer.Hash)") }) }
    }

    AfterEach {
        Get-PSSession | Remove-PSSession
    }

    It 'fills no memory of the sender''s with what it writes beside its answers' {
        $pipe = Open-Pipe (New-Machine) @'
begin {
    Write-Error ('first' + 'x' * 10000)
    foreach ($number in 1..20) {
        Write-Error $number
        Write-Warning $number
        Write-Verbose $number -Verbose
        Write-Debug $number -Debug
        Write-Information $number
        Write-Progress $number
    }
}
'@
        Wait-Result $pipe.CompleteAsync([timespan]::FromSeconds(20))

        $message = { Read-Pipe $pipe } | Should -Throw '*first*' -PassThru
        $message.Exception.Message.Length | Should -BeLessOrEqual 4096
        $streams = (Get-Part $pipe _shell).Streams
        $streams.Error.Count, $streams.Warning.Count, $streams.Verbose.Count, $streams.Debug.Count, $streams.Information.Count, $streams.Progress.Count | Should -Be 0, 0, 0, 0, 0, 0
        Close-Pipe $pipe
    }

    It 'is ended if it answers more often than it is asked' {
        $pipe = Open-Pipe (New-Machine) 'begin { 1..1000 }'
        Wait-Result $pipe.CompleteAsync([timespan]::FromSeconds(20))

        { foreach ($number in 1..10) { $null = Read-Pipe $pipe } } | Should -Throw '*more often than it is asked*'
        Close-Pipe $pipe
    }

    It 'can copy after a copy that ended before it began' {
        $session = New-Machine
        $offer = New-Offer $session
        $pipe = Open-Pipe $session $bootstrap $offer
        (Read-Pipe $pipe).State | Should -Be NeedPackage
        Send-Package $pipe $offer
        (Read-Pipe $pipe).State | Should -Be Ready
        Close-Pipe $pipe
        Get-ChildItem $session.Place -Filter 'p2pshare-copy-*' | Should -BeNullOrEmpty

        $file = New-RandomFile 'after.bin' 100KB
        $result = Copy-P2PItem $file.FullName -Destination . -ToSession $session -PassThru

        $result.State, $result.Error | Should -Be Completed, $null
        (Get-FileHash "$($session.Place)/after.bin").Hash | Should -Be (Get-FileHash $file).Hash
    }

    It 'gets the engine through the session if the sender''s address does not hand it out' {
        $tracker = Start-TestTracker
        $session = New-Machine
        $offer = New-Offer $session
        $offer.Addresses = [string[]] @('127.0.0.1')
        $offer.Port = [int] ($tracker.Address -split ':')[-1]
        $offer.Fingerprint = $tracker.Fingerprint

        $pipe = Open-Pipe $session $bootstrap $offer
        (Read-Pipe $pipe).State | Should -Be NeedPackage
        Send-Package $pipe $offer
        $ready = Read-Pipe $pipe

        $ready.Engine, $ready.Address | Should -Be session, 127.0.0.1
        Close-Pipe $pipe
    }

    It 'keeps the engine whole with -Keep, and does not use one that was changed' {
        $session = New-Machine
        $file = New-RandomFile 'kept.bin' 100KB
        Copy-P2PItem $file.FullName -Destination . -ToSession $session -Keep
        $offer = New-Offer $session
        $engines = "$($session.Place)/data/P2PShare/engines"
        Get-ChildItem $engines -Name | Should -Be "$($offer.Hash).zip"
        (Get-FileHash "$engines/$($offer.Hash).zip").Hash | Should -Be $offer.Hash

        $pipe = Open-Pipe (New-Machine $session.Place) $bootstrap $offer
        (Read-Pipe $pipe).Engine | Should -Be kept
        Close-Pipe $pipe

        $bytes = [System.IO.File]::ReadAllBytes("$engines/$($offer.Hash).zip")
        $bytes[100] = $bytes[100] -bxor 1
        [System.IO.File]::WriteAllBytes("$engines/$($offer.Hash).zip", $bytes)
        $pipe = Open-Pipe (New-Machine $session.Place) $bootstrap $offer
        (Read-Pipe $pipe).State | Should -Be NeedPackage
        Close-Pipe $pipe
    }

    It 'removes what a killed one has left on its machine' {
        $session = New-Machine
        $left = Join-Path $session.Place p2pshare-copy-killed
        $null = [System.IO.Directory]::CreateDirectory($left, [System.IO.UnixFileMode] 'UserRead, UserWrite, UserExecute')
        Set-Content "$left/lock" ''
        [System.IO.Directory]::SetLastWriteTimeUtc($left, [datetime]::UtcNow.AddHours(-1))

        $file = New-RandomFile 'again.bin' 100KB
        Copy-P2PItem $file.FullName -Destination . -ToSession $session

        Get-ChildItem $session.Place -Filter 'p2pshare-copy-*' | Should -BeNullOrEmpty
        Join-Path $session.Place again.bin | Should -Exist
    }
}
