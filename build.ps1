#requires -Version 7.4

<#
.SYNOPSIS
    Builds, tests, packs or installs the P2PShare module. Each task is a few commands of 'dotnet'.
.DESCRIPTION
    'dotnet tool restore' installs a PowerShell to run it in: 'dotnet pwsh -File build.ps1 -Task Test'. Task Test includes the Pester suite.
.EXAMPLE
    ./build.ps1 -Task Test
.EXAMPLE
    ./build.ps1 -Task Install
.EXAMPLE
    pwsh -File build.ps1 -Task Build,Package
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [ArgumentCompletions('Build', 'Test', 'Pester', 'Package', 'Install')]
    [string[]] $Task = 'Build',

    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Release'
)

$ErrorActionPreference = 'Stop'
$module = Join-Path $PSScriptRoot out P2PShare

function Invoke-Dotnet {
    & dotnet @args
    if ($LASTEXITCODE -ne 0) { throw "dotnet $args failed with exit code $LASTEXITCODE." }
}

function Invoke-Build { Invoke-Dotnet build $PSScriptRoot -c $Configuration }

function Get-ModuleVersion { (Import-PowerShellDataFile (Join-Path $module P2PShare.psd1)).ModuleVersion }

# 'pwsh -File' passes a list as one string.
switch ($Task -split ',') {
    Build { Invoke-Build }
    Test {
        Invoke-Build
        Invoke-Dotnet test $PSScriptRoot -c $Configuration --no-build
    }
    Pester { Invoke-Dotnet test (Join-Path $PSScriptRoot tests Integration) -c $Configuration --filter 'DisplayName~Pester:' }
    Package {
        Invoke-Dotnet pack (Join-Path $PSScriptRoot src P2PShare.Cmdlets) -c $Configuration
    }
    Install {
        Invoke-Build
        # The first folder of the module path is the user's own.
        $target = Join-Path ($env:PSModulePath -split [IO.Path]::PathSeparator)[0] P2PShare (Get-ModuleVersion)
        if (Test-Path $target) { Remove-Item $target -Recurse }
        $null = New-Item $target -ItemType Directory
        Copy-Item (Join-Path $module '*') $target -Recurse
        $target
    }
    default { throw "'$_' is not a task: Build, Test, Pester, Package or Install was expected." }
}
