# Runs in a target's session: makes a private folder, gets the engine (of this process, of the installed module, kept from before, from the sender),
# checks its hash, loads it in a context of its own and hands it each message. Everything is removed at the end.
param([hashtable] $Offer)
begin {
    $ErrorActionPreference = 'Stop'
    Set-StrictMode -Off
    $ProgressPreference = 'SilentlyContinue'
    $folder = [IO.Directory]::CreateTempSubdirectory('p2pshare-copy-').FullName
    $lock = [IO.File]::Open("$folder/lock", 'OpenOrCreate', 'ReadWrite', 'None')
    $package = "$folder/engine.zip"
    $kept = [IO.Path]::Combine([Environment]::GetFolderPath('LocalApplicationData', 'DoNotVerify'), 'P2PShare', 'engines', "$($Offer.Hash).zip")
    $agent = $null

    # All are dialled at once, because an address where nobody answers costs seconds; the first in order that is the sender is taken.
    # The certificate is compared after the handshake and before anything is sent.
    function Connect-Sender([string[]] $Addresses) {
        $clock = [Diagnostics.Stopwatch]::StartNew()
        $tries = foreach ($one in $Addresses) {
            $client = [Net.Sockets.TcpClient]::new([Net.Sockets.AddressFamily]::InterNetwork)
            @{ Address = $one; Client = $client; Connecting = $client.ConnectAsync([Net.IPAddress]::Parse($one), $Offer.Port) }
        }
        $found = $null
        foreach ($try in $tries) {
            $client = $try.Client
            try {
                $left = 10000 - [int] $clock.ElapsedMilliseconds
                if (-not $found -and $left -gt 0 -and $try.Connecting.Wait([Math]::Max(0, $left - 7000))) {
                    $stream = [Net.Security.SslStream]::new($client.GetStream(), $false, { $true })
                    $client.ReceiveTimeout = $client.SendTimeout = $left
                    $stream.AuthenticateAsClient('p2pshare')
                    $key = ([Security.Cryptography.X509Certificates.X509Certificate2] $stream.RemoteCertificate).PublicKey.ExportSubjectPublicKeyInfo()
                    if ([Convert]::ToHexStringLower([Security.Cryptography.SHA256]::HashData($key)) -eq $Offer.Fingerprint) {
                        $client.ReceiveTimeout = $client.SendTimeout = 10000
                        $found = @{ Address = $try.Address; Stream = $stream }
                        continue
                    }
                }
            }
            catch { $null = $_ }
            $client.Dispose()
        }
        $found
    }

    # Leaves nothing, or something else than the package, if the sender has too many to serve or the line fails.
    function Get-Package([IO.Stream] $Stream) {
        try { Read-Package $Stream } catch { $null = $_ } finally { $Stream.Dispose() }
    }

    function Read-Package([IO.Stream] $Stream) {
        $request = [Text.Encoding]::ASCII.GetBytes("GET /packages/$($Offer.Hash) HTTP/1.1`r`nHost: p2pshare`r`nConnection: close`r`n`r`n")
        $Stream.Write($request, 0, $request.Length)
        $buffer = [IO.MemoryStream]::new()
        $part = [byte[]]::new(65536)
        # What a sender may send at most is what it said, and a head.
        while ($buffer.Length -le $Offer.Length + 8192 -and ($read = $Stream.Read($part, 0, $part.Length)) -gt 0) { $buffer.Write($part, 0, $read) }
        $all = $buffer.ToArray()
        $text = [Text.Encoding]::Latin1.GetString($all, 0, [Math]::Min($all.Length, 8192))
        $head = $text.IndexOf("`r`n`r`n", [StringComparison]::Ordinal)
        if ($head -ge 0 -and $text.StartsWith('HTTP/1.1 200 ', [StringComparison]::Ordinal) -and $all.Length -eq $head + 4 + $Offer.Length) {
            $file = [IO.File]::Create($package)
            $file.Write($all, $head + 4, $Offer.Length)
            $file.Dispose()
        }
    }

    function Test-Package([string] $Path) {
        [IO.File]::Exists($Path) -and [Convert]::ToHexStringLower([Security.Cryptography.SHA256]::HashData([IO.File]::ReadAllBytes($Path))) -eq $Offer.Hash
    }

    # Copied before it is checked: what was checked is what is used.
    function Copy-Kept {
        try {
            $file = [IO.FileInfo]::new($kept)
            if ($file.Exists -and $file.Length -eq $Offer.Length) {
                [IO.File]::Copy($kept, $package)
                return Test-Package $package
            }
        }
        catch { $null = $_ }
        $false
    }

    # Whole or not at all. A disk that is full is no reason not to copy.
    function Save-Package {
        $new = "$kept.$([guid]::NewGuid().ToString('n'))"
        try {
            $null = [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($kept))
            [IO.File]::Copy($package, $new)
            [IO.File]::Move($new, $kept, $true)
        }
        catch { Remove-Item -LiteralPath $new -Force -ErrorAction Ignore }
    }

    function Find-Installed {
        foreach ($module in Get-Module P2PShare -ListAvailable -ErrorAction Ignore) {
            $base = $module.ModuleBase
            $same = foreach ($name in $Offer.Files.Keys) { (Get-FileHash -LiteralPath "$base/$name" -Algorithm SHA256 -ErrorAction Ignore).Hash -eq $Offer.Files[$name] }
            if ($same -notcontains $false) { return $base }
        }
    }

    # A process has one copy of an engine, however often a session is used.
    function Get-Engine { [AppDomain]::CurrentDomain.GetData("P2PShare.Copying.$($Offer.Hash)") }

    function Import-Engine {
        $engine = "$folder/engine"
        if (-not [IO.Directory]::Exists($engine)) { [IO.Compression.ZipFile]::ExtractToDirectory($package, $engine) }
        $context = [Runtime.Loader.AssemblyLoadContext]::new('P2PShare copy')
        foreach ($file in [IO.Directory]::GetFiles($engine, '*.dll')) {
            # The native library is a .dll too on Windows.
            if ([IO.Path]::GetFileName($file) -ne 'e_sqlite3.dll') { $null = $context.LoadFromAssemblyPath($file) }
        }
        $cmdlets = $context.Assemblies.Where({ $_.GetName().Name -eq 'P2PShare.Cmdlets' })[0]
        $native = $cmdlets.GetType('P2PShare.Cmdlets.Copying.NativeEngine', $true)
        $native::Load($engine)
        [AppDomain]::CurrentDomain.SetData("P2PShare.Copying.$($Offer.Hash)", $cmdlets.GetType('P2PShare.Cmdlets.Copying.CopyAgent', $true))
    }

    function New-Agent {
        if (-not (Get-Engine)) {
            if ($Offer.Keep -and $source -in 'sender', 'session') { Save-Package }
            Import-Engine
        }
        (Get-Engine)::new($folder, "$($reached.Address)")
    }

    $destination = if ($Offer.Destination) { $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Offer.Destination) }
    [string[]] $paths = foreach ($path in $Offer.Paths) {
        if ($Offer.Literal) { $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($path) } else { (Resolve-Path -Path $path).ProviderPath }
    }
    [string[]] $seen = if ($env:SSH_CONNECTION) { $env:SSH_CONNECTION.Split(' ')[0] }
    # The sender's tracker listens on IPv4.
    $addresses = @($seen) + @($Offer.Addresses) -replace '^::ffff:' -match '^(\d+\.){3}\d+$' | Select-Object -Unique
    $reached = Connect-Sender $addresses
    $source = 'sender'
    if (Get-Engine) { $source = 'process' }
    elseif ($installed = Find-Installed) {
        $source = 'module'
        $null = [IO.Directory]::CreateDirectory("$folder/engine")
        [IO.File]::Copy("$installed/P2PShare.Cmdlets.dll", "$folder/engine/P2PShare.Cmdlets.dll")
        foreach ($file in @([IO.Directory]::GetFiles("$installed/engine", '*.dll')) + [IO.Directory]::GetFiles("$installed/tracker/runtimes/$($Offer.Platform)/native")) {
            [IO.File]::Copy($file, "$folder/engine/$([IO.Path]::GetFileName($file))")
        }
    }
    elseif (Copy-Kept) { $source = 'kept' }
    elseif ($reached) {
        Get-Package $reached.Stream
        if (-not (Test-Package $package)) {
            # Many ask at a time, and not all are served at once.
            [Threading.Thread]::Sleep([Random]::Shared.Next(500, 3000))
            $again = Connect-Sender $reached.Address
            if ($again) { Get-Package $again.Stream }
            if (-not (Test-Package $package)) { $source = 'session' }
        }
    }
    else { $source = 'session' }
    if ($reached) { $reached.Stream.Dispose() }
    $ready = @{ State = 'Ready'; Engine = $source; Address = "$($reached.Address)"; Destination = $destination; Paths = $paths }
    if ($source -eq 'session') { @{ State = 'NeedPackage' } }
    else {
        $agent = New-Agent
        $ready
    }
}
process {
    if ($_.Package) {
        [IO.File]::WriteAllBytes($package, $_.Package)
        if (-not (Test-Package $package)) { throw 'The engine that came through the session is damaged.' }
        $agent = New-Agent
        $ready
    }
    else { $agent.Handle($_) }
}
clean {
    if ($agent) { $agent.Dispose() }
    if ($lock) { $lock.Dispose() }
    if ($folder) { Remove-Item -LiteralPath $folder -Recurse -Force -ErrorAction Ignore }
}
