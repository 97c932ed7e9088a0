#requires -Version 7.6

# Runs one file of this suite. The result is a JSON object: the number of passed tests, the failed ones with their messages, and the skipped ones.
param ([string] $PesterModule, [string] $Path, [string] $ResultPath)

$ErrorActionPreference = 'Stop'
Import-Module $PesterModule
$configuration = New-PesterConfiguration
$configuration.Run.Path = $Path
$configuration.Run.PassThru = $true
$configuration.Output.Verbosity = 'None'
$run = Invoke-Pester -Configuration $configuration

function Format-Failure ($Name, $Item) {
    $lines = foreach ($record in $Item.ErrorRecord) {
        "$record"
        $record.ScriptStackTrace -split '\r?\n' -notmatch '[\\/](Pester\.psm?1|Invoke-TestFile\.ps1): '
    }
    "${Name}: $($lines -join "`n")"
}

# A file that cannot be read and a BeforeAll or AfterAll that fails belong to no test.
$failures = @(
    $run.Failed | ForEach-Object { Format-Failure $_.ExpandedPath $_ }
    $run.FailedBlocks | ForEach-Object { Format-Failure $_.ExpandedPath $_ }
    $run.FailedContainers | ForEach-Object { Format-Failure (Split-Path $Path -Leaf) $_ }
)
$skipped = @($run.Tests | Where-Object Result -notin Passed, Failed | ForEach-Object ExpandedPath)
@{ passed = $run.PassedCount; failures = $failures; skipped = $skipped } | ConvertTo-Json | Set-Content -LiteralPath $ResultPath
exit [int] ($run.Result -ne 'Passed')
