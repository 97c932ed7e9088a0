# Modules share one process and, by default, one load context: P2PShare's assemblies must not conflict with other modules.

BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker

    # A typical other module: its packages beside it, in its own versions. Add-Type would choose the assembly's name.
    Add-Type 'public static class LoadsTheCompiler { }'
    $framework = (Get-ChildItem (Split-Path ([object].Assembly.Location)) -Filter System.*.dll).FullName + [psobject].Assembly.Location
    function New-Assembly ([string] $Name, [string] $Source, [string[]] $Reference) {
        $compilation = [Microsoft.CodeAnalysis.CSharp.CSharpCompilation]::Create(
            $Name,
            [Microsoft.CodeAnalysis.SyntaxTree[]] [Microsoft.CodeAnalysis.CSharp.CSharpSyntaxTree]::ParseText($Source),
            [Microsoft.CodeAnalysis.MetadataReference[]] @($Reference | ForEach-Object { [Microsoft.CodeAnalysis.MetadataReference]::CreateFromFile($_) }),
            [Microsoft.CodeAnalysis.CSharp.CSharpCompilationOptions]::new([Microsoft.CodeAnalysis.OutputKind]::DynamicallyLinkedLibrary))
        $path = Join-Path $other "$Name.dll"
        $stream = [System.IO.File]::Create($path)
        $result = $compilation.Emit($stream)
        $stream.Dispose()
        if (-not $result.Success) { throw "$($result.Diagnostics)" }
        $path
    }

    $other = Join-Path $Folder OtherSqlite
    $null = New-Item -ItemType Directory $other
    $packages = foreach ($name in 'Microsoft.Data.Sqlite', 'SQLitePCLRaw.core', 'Microsoft.IdentityModel.Tokens', 'Dapper') {
        New-Assembly $name -Reference $framework -Source @"
            [assembly: System.Reflection.AssemblyVersion("1.2.3.4")]
            namespace $name { public static class Other { public static string Version => typeof(Other).Assembly.GetName().Version.ToString(); } }
"@
    }
    $null = New-Assembly OtherSqlite -Reference ($packages + $framework) -Source '
        using System.Management.Automation;
        [Cmdlet("Get", "OtherSqlite")]
        public sealed class GetOtherSqlite : PSCmdlet
        {
            protected override void EndProcessing()
            {
                WriteObject(Microsoft.Data.Sqlite.Other.Version);
                WriteObject(SQLitePCLRaw.core.Other.Version);
                WriteObject(Microsoft.IdentityModel.Tokens.Other.Version);
                WriteObject(Dapper.Other.Version);
            }
        }
'
    $otherModule = Join-Path $other OtherSqlite.dll

    # Creates an account, connects and shares a file, so that every package of the engine is in use.
    $work = @'
        function Use-P2PShare ($address, $fingerprint, $folder, $name) {
            $password = ConvertTo-SecureString 'correct horse battery' -AsPlainText
            $arguments = @{ Tracker = $address; Fingerprint = $fingerprint; UserName = $name; Password = $password; StatePath = Join-Path $folder $name }
            $null = New-P2PUser @arguments
            $null = Connect-P2PTracker @arguments
            $null = New-P2PGroup "of-$name"
            $file = New-Item (Join-Path $folder "$name.txt") -Value 'a line of text'
            "shared: $(($file | Send-P2PFile -Group "of-$name").Name)"
        }
'@
    $shellArguments = @($manifest, $otherModule, $tracker.Address, $tracker.Fingerprint, $Folder)
}

AfterAll {
    Stop-Everything
}

Describe 'The load context of PowerShell' {
    It 'has no engine assembly after the import, because the engine is not loaded yet' {
        $loaded = Invoke-NewShell {
            param ($manifest)
            Import-Module $manifest
            [System.Runtime.Loader.AssemblyLoadContext]::All.Assemblies.Where({ -not $_.IsDynamic }).Location
        } $manifest | Where-Object { $_ -like "$(Split-Path $manifest)*" }

        $loaded | Should -Be (Join-Path (Split-Path $manifest) P2PShare.Cmdlets.dll)
    }

    It 'has no engine assembly after a file was shared' {
        $lines = Invoke-NewShell ([scriptblock]::Create(@"
            param (`$manifest, `$otherModule, `$address, `$fingerprint, `$folder)
            $work
            Import-Module `$manifest
            Use-P2PShare `$address `$fingerprint `$folder alone
            [System.Runtime.Loader.AssemblyLoadContext]::Default.Assemblies.Where({ -not `$_.IsDynamic }).Location
"@)) $shellArguments

        $lines | Should -Contain 'shared: alone.txt'
        $lines | Where-Object { $_ -like "$(Split-Path $manifest)*" } | Should -Be (Join-Path (Split-Path $manifest) P2PShare.Cmdlets.dll)
    }
}

Describe 'A module with other versions of the same packages' {
    It 'works beside P2PShare when it was imported <When>' -ForEach @(
        @{ When = 'before'; Name = 'before'; First = '$otherModule'; Second = '$manifest' }
        @{ When = 'after'; Name = 'after'; First = '$manifest'; Second = '$otherModule' }
    ) {
        $lines = Invoke-NewShell ([scriptblock]::Create(@"
            param (`$manifest, `$otherModule, `$address, `$fingerprint, `$folder)
            $work
            Import-Module $First
            if ('$First' -eq '`$otherModule') { Get-OtherSqlite } else { Use-P2PShare `$address `$fingerprint `$folder $Name }
            Import-Module $Second
            if ('$Second' -eq '`$otherModule') { Get-OtherSqlite } else { Use-P2PShare `$address `$fingerprint `$folder $Name }
"@)) $shellArguments

        ($lines | Where-Object { $_ -eq '1.2.3.4' }) | Should -HaveCount 4 -Because ($lines -join ' ')
        $lines | Should -Contain "shared: $Name.txt"
        $lines | Should -HaveCount 5
    }

    It 'can load SQLite into the default context while P2PShare uses its own' {
        $lines = Invoke-NewShell ([scriptblock]::Create(@"
            param (`$manifest, `$otherModule, `$address, `$fingerprint, `$folder)
            $work
            `$engine = Join-Path (Split-Path `$manifest) engine
            `$copy = (New-Item -ItemType Directory (Join-Path `$folder RealSqlite)).FullName
            Copy-Item (Join-Path `$engine Microsoft.Data.Sqlite.dll), (Join-Path `$engine 'SQLitePCLRaw.*.dll') `$copy
            # The module has the native libraries once, with the tracker.
            `$native = Get-ChildItem (Join-Path (Split-Path `$manifest) tracker runtimes ([System.Runtime.InteropServices.RuntimeInformation]::RuntimeIdentifier) native)
            `$native | Copy-Item -Destination `$copy
            Get-ChildItem `$copy -Filter *.dll | Where-Object Name -ne e_sqlite3.dll | ForEach-Object { Add-Type -LiteralPath `$_.FullName }
            Import-Module `$manifest
            Use-P2PShare `$address `$fingerprint `$folder real
            `$connection = [Microsoft.Data.Sqlite.SqliteConnection]::new('Data Source=:memory:')
            `$connection.Open()
            `$command = `$connection.CreateCommand()
            `$command.CommandText = 'SELECT 6 * 7'
            "answer: `$(`$command.ExecuteScalar())"
            "contexts: `$(@([System.Runtime.Loader.AssemblyLoadContext]::All.Assemblies | Where-Object { `$_.GetName().Name -eq 'Microsoft.Data.Sqlite' }).Count)"
"@)) $shellArguments

        $lines | Should -Be 'shared: real.txt', 'answer: 42', 'contexts: 2'
    }
}
