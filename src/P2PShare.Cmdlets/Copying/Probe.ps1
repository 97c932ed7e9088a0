# What a session is, in words that constrained language allows too.
$found = @{ Version = "$($PSVersionTable.PSVersion)"; Language = "$($ExecutionContext.SessionState.LanguageMode)"; System = ''; Processor = '' }
if ($found.Language -eq 'FullLanguage' -and $PSVersionTable.PSVersion.Major -ge 7) {
    $found.System = if ($IsWindows) { 'win' } elseif ($IsMacOS) { 'osx' } elseif ([Runtime.InteropServices.RuntimeInformation]::RuntimeIdentifier -match 'musl|alpine') { 'linux-musl' } else { 'linux' }
    $found.Processor = "$([Runtime.InteropServices.RuntimeInformation]::ProcessArchitecture)".ToLowerInvariant()
}
$found
