# The package and the zip from 'dotnet pack', each used without the source tree.

BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $version = (Get-Module P2PShare).Version
    $packages = Join-Path $Folder packages
    # Not over the module that this process has loaded.
    $output = dotnet pack (Join-Path $PSScriptRoot '..' '..' src P2PShare.Cmdlets) -c Release -o $packages "-p:ModuleOutput=$Folder/built/" 2>&1
    if ($LASTEXITCODE) { throw "dotnet pack failed: $output" }
    $nupkg = Join-Path $packages "P2PShare.$version.nupkg"
    $zip = Join-Path $packages "P2PShare.$version.zip"

    function Get-ZipEntry ([string] $Path) {
        $archive = [System.IO.Compression.ZipFile]::OpenRead($Path)
        try { $archive.Entries.FullName } finally { $archive.Dispose() }
    }

    # A tracker, an account, a group and a file: the engine and the tracker each load SQLite.
    $journey = {
        param ($module, $folder, $port)
        $null = New-Item -ItemType Directory -Force $folder
        Import-Module $module
        $password = ConvertTo-SecureString 'correct horse battery' -AsPlainText
        $tracker = Start-P2PTracker -Port $port -DataPath (Join-Path $folder tracker)
        $null = $tracker | New-P2PUser -UserName alice -Password $password -StatePath (Join-Path $folder alice)
        $null = $tracker | Connect-P2PTracker -UserName alice -Password $password -StatePath (Join-Path $folder alice)
        $null = New-P2PGroup dev
        $null = New-Item (Join-Path $folder notes.txt) -Value 'a line of text' | Send-P2PFile -Group dev
        Get-P2PFile dev | ForEach-Object Name
        (Get-Module P2PShare).Version.ToString()
        Stop-P2PTracker
    }
}

AfterAll {
    Stop-Everything
}

Describe 'The manifest' {
    It 'is valid without a warning, also with the owner''s addresses filled in' {
        $manifest = Join-Path $Folder built P2PShare.psd1
        $lines = Get-Content $manifest
        $lines -match "^\s*# (LicenseUri|ProjectUri|ReleaseNotes)\s+= ''$" | Should -HaveCount 3
        $filled = Join-Path $Folder filled P2PShare.psd1
        $null = New-Item -ItemType Directory (Split-Path $filled)
        Copy-Item (Join-Path $Folder built *) (Split-Path $filled) -Exclude engine, tracker
        $lines -replace "# (\w+(Uri|Notes)\s+= )''", "`$1'https://p2pshare.example/page'" | Set-Content $filled

        foreach ($path in $manifest, $filled) {
            $module = Test-ModuleManifest $path -WarningVariable warnings -ErrorVariable errors
            $warnings + $errors | Should -BeNullOrEmpty
            $module.Version | Should -Be $version
            [string] $module.PowerShellVersion | Should -Be 7.6
            $module.CompatiblePSEditions | Should -Be Core
            $module.PrivateData.PSData.ContainsKey('Prerelease') | Should -BeFalse
        }
        $module.LicenseUri, $module.ProjectUri, $module.ReleaseNotes | Should -Be (@('https://p2pshare.example/page') * 3)
    }
}

Describe 'P2PShare.<version>.nupkg' {
    It 'has the metadata that the PowerShell Gallery needs' {
        $archive = [System.IO.Compression.ZipFile]::OpenRead($nupkg)
        try {
            $reader = [System.IO.StreamReader]::new($archive.GetEntry('P2PShare.nuspec').Open())
            $metadata = ([xml] $reader.ReadToEnd()).package.metadata
        } finally { $archive.Dispose() }

        $metadata.id | Should -Be P2PShare
        $metadata.version | Should -Be $version
        $manifest = Import-PowerShellDataFile (Join-Path $Folder built P2PShare.psd1)
        $metadata.description | Should -Be $manifest.Description
        $metadata.authors | Should -Be $manifest.Author
        $commands = $manifest.CmdletsToExport | ForEach-Object { "PSCmdlet_$_"; "PSCommand_$_" }
        -split $metadata.tags | Sort-Object |
            Should -Be ('PSModule', 'PSIncludes_Cmdlet' + $commands + $manifest.PrivateData.PSData.Tags | Sort-Object)
    }

    It 'has the module at its root, SQLite once for each supported platform, and no build leftovers' {
        $entries = Get-ZipEntry $nupkg
        $entries | Should -Contain P2PShare.psd1
        $entries -match 'e_sqlite3\.(dll|so|dylib|a)$' -notmatch 'provider\.e_sqlite3\.dll$' | Sort-Object | Should -Be @(
            'linux-arm64', 'linux-musl-arm64', 'linux-musl-x64', 'linux-x64' | ForEach-Object { "tracker/runtimes/$_/native/libe_sqlite3.so" }
            'osx-arm64', 'osx-x64' | ForEach-Object { "tracker/runtimes/$_/native/libe_sqlite3.dylib" }
            'win-arm64', 'win-x64' | ForEach-Object { "tracker/runtimes/$_/native/e_sqlite3.dll" })
        $entries | Where-Object { $_ -match '\.(pdb|a|exe|nupkg|cs|csproj)$|(^|/)(obj|bin)/|/P2PShare\.TrackerHost$' } | Should -BeNullOrEmpty
    }

    It 'is within its size limit, as are the built module and the zip, and dotnet pack prints the sizes' {
        # Debugging symbols are for developers, and not in the package. A third is SQLite for eight platforms; what is downloaded is half as large.
        (Get-ChildItem (Join-Path $Folder built) -File -Recurse -Exclude *.pdb | Measure-Object Length -Sum).Sum | Should -BeLessOrEqual 28e6
        foreach ($file in $nupkg, $zip) {
            $size = (Get-Item $file).Length
            $size | Should -BeLessThan 15e6
            "$output" | Should -BeLike ('*{0}: {1:0.0} MB*' -f $file, ($size / 1e6))
        }
    }

    It 'has every file of the built module, except those for developers' {
        $root = (Get-Item (Join-Path $Folder built)).FullName
        $built = Get-ChildItem $root -File -Recurse | ForEach-Object { $_.FullName.Substring($root.Length + 1).Replace('\', '/') } |
            Where-Object { $_ -notmatch '\.pdb$|^tracker/P2PShare\.TrackerHost(\.exe)?$' }
        $entries = Get-ZipEntry $nupkg | ForEach-Object { [uri]::UnescapeDataString($_) }
        $built | Where-Object { $_ -notin $entries } | Should -BeNullOrEmpty
        Get-ChildItem (Join-Path (Split-Path (Get-Module P2PShare).Path) en-US) -Name | ForEach-Object { $entries | Should -Contain "en-US/$_" }
    }

    It 'works after an installation from a folder of packages' {
        # The list of repositories belongs to the user: the test removes its entry.
        $repository = "P2PShareTest-$([guid]::NewGuid().ToString('n'))"
        Register-PSResourceRepository -Name $repository -Uri $packages -Trusted
        try {
            $null = New-Item -ItemType Directory (Join-Path $Folder saved)
            Save-PSResource -Name P2PShare -Repository $repository -Path (Join-Path $Folder saved)
        } finally { Unregister-PSResourceRepository -Name $repository }
        Invoke-NewShell $journey (Join-Path $Folder saved P2PShare $version P2PShare.psd1), (Join-Path $Folder 'from the gallery'), (Get-FreePort) |
            Should -Be notes.txt, "$version"
    }

    It 'imports by name from a folder of the module path with the layout of an installation' {
        $modules = Join-Path $Folder Modules
        [System.IO.Compression.ZipFile]::ExtractToDirectory($nupkg, (Join-Path $modules P2PShare $version))
        $lines = Invoke-NewShell ([scriptblock]::Create(@"
            `$env:PSModulePath = '$modules' + [System.IO.Path]::PathSeparator + `$env:PSModulePath
            & {$journey} @args
"@)) P2PShare, (Join-Path $Folder installed), (Get-FreePort)

        $lines | Should -Be notes.txt, "$version"
    }
}

Describe 'P2PShare.<version>.zip' {
    It 'has the same files in a folder of the module''s name' {
        $ofPackage = Get-ZipEntry $nupkg | Where-Object { $_ -notmatch '^(_rels/|package/|\[Content_Types\]|P2PShare\.nuspec)' }
        Get-ZipEntry $zip | Where-Object { $_ -notlike '*/' } | Sort-Object | Should -Be ($ofPackage | ForEach-Object { "P2PShare/$_" } | Sort-Object)
    }

    It 'works from the folder into which it is extracted' {
        $place = Join-Path $Folder 'a fresh folder'
        Expand-Archive $zip $place
        Test-ModuleManifest (Join-Path $place P2PShare P2PShare.psd1) | ForEach-Object Version | Should -Be $version

        Invoke-NewShell $journey (Join-Path $place P2PShare), (Join-Path $Folder extracted), (Get-FreePort) |
            Should -Be notes.txt, "$version"
    }
}
