# The original client's commands, on the module's cmdlets. $Tracker is a TrackerChoice or null; $Commands are the OriginalCommands;
# $Typed is true at an interactive prompt, where downloads run in the background as the original's did.
param($Tracker, $Commands, $Typed)

$ErrorActionPreference = 'Stop'

function Get-TrackerArgument {
    if (-not $Tracker) { throw 'No tracker was named: start this program as p2pshare <host:port> <tracker_info.txt>.' }
    @{ Tracker = $Tracker.Address; TrackerInfo = $Tracker.InfoFile }
}

function Get-TypedCredential($UserName, $Password) {
    if ($Password -isnot [securestring]) {
        $text = "$Password"
        $Password = [securestring]::new()
        foreach ($character in $text.ToCharArray()) { $Password.AppendChar($character) }
        $Password.MakeReadOnly()
    }

    [pscredential]::new($UserName, $Password)
}

# One line per object as it comes, or the sentence if there are no objects: empty output would look like a failure.
function Get-Answer([scriptblock] $Line, $None) {
    begin { $isEmpty = $true }
    process {
        $isEmpty = $false
        $_ | ForEach-Object $Line
    }
    end { if ($isEmpty) { $None } }
}

$downloads = [Collections.Generic.List[object]]::new()

# Reports the result of each background download.
function Show-FinishedDownload {
    foreach ($download in $downloads.ToArray()) {
        if ($download.Job.State -in 'NotStarted', 'Running') { continue }
        $null = $downloads.Remove($download)
        $null = Receive-Job $download.Job -ErrorAction SilentlyContinue -ErrorVariable faults
        Remove-Job $download.Job -Force
        if ($faults) { $Host.UI.WriteErrorLine("Error: $($download.Text): $($faults[0])") }
        elseif ($download.Job.State -eq 'Completed') { "Download complete: $($download.Text)" }
        else { "Download stopped: $($download.Text)" }
    }
}

$actions = @{
    create_user = {
        param($user, $password)
        $at = Get-TrackerArgument
        $credential = Get-TypedCredential $user $password
        try { $null = New-P2PUser @at -Credential $credential } catch {
            # The original had no invitations: an interactive user is asked for one if the tracker needs it.
            if (-not $Typed -or $_.FullyQualifiedErrorId -notlike 'InvalidInvitation*') { throw }
            $invitation = Read-Host 'Invitation' -AsSecureString
            $null = New-P2PUser @at -Credential $credential -Invitation $invitation
        }

        'User created successfully'
    }
    login = {
        param($user, $password)
        $at = Get-TrackerArgument
        $null = Connect-P2PTracker @at -Credential (Get-TypedCredential $user $password)
        $null = Start-P2PPeerServer
        'Login successful'
    }
    logout = {
        $null = Disconnect-P2PTracker
        'Logged out successfully'
    }
    create_group = {
        param($group)
        $null = New-P2PGroup -Name $group
        'Group created successfully'
    }
    join_group = {
        param($group)
        $null = Join-P2PGroup -Name $group
        'Join request sent'
    }
    leave_group = {
        param($group)
        $null = Exit-P2PGroup -Name $group -Confirm:$false
        'Left group successfully'
    }
    list_requests = {
        param($group)
        Get-P2PJoinRequest -Group $group | Get-Answer { $_.UserName } "No pending requests for $group"
    }
    accept_request = {
        param($group, $user)
        $null = Approve-P2PJoinRequest -Group $group -UserName $user
        'User accepted to group'
    }
    list_groups = {
        Get-P2PGroup | Get-Answer { '{0} (owner: {1})' -f $_.Name, $_.Owner } 'No groups yet'
    }
    list_files = {
        param($group)
        Get-P2PFile -Group $group | Get-Answer { '{0} ({1} bytes, owner: {2})' -f $_.Name, $_.Size, $_.Owner } "No files in $group"
    }
    upload_file = {
        param($path, $group)
        $null = Send-P2PFile -LiteralPath $path -Group $group
        'File uploaded successfully'
    }
    download_file = {
        param($group, $name, $destination)
        # The original accepted the path of the new file as well as of its folder.
        if ([IO.Path]::GetFileName($destination) -eq $name -and -not [IO.Directory]::Exists($destination)) {
            $destination = [IO.Path]::GetDirectoryName($destination)
            if (-not $destination) { $destination = '.' }
        }

        $text = "[$group] $name"
        if (-not $Typed) {
            Receive-P2PFile -Group $group -Name $name -Destination $destination
            return "Download complete: $text"
        }

        $download = @{ Text = $text; Job = Receive-P2PFile -Group $group -Name $name -Destination $destination -AsJob }
        $downloads.Add($download)
        # A download that ends or fails within a second is reported before the next prompt.
        if (-not (Wait-Job $download.Job -Timeout 1)) { "Download started: $text. show_downloads shows its progress." }
    }
    show_downloads = {
        Get-P2PDownload | Get-Answer {
            if ($_.State -eq 'Complete') { return '[C] [{0}] {1}' -f $_.Group, $_.Name }
            $more = switch ($_.State) {
                'Running' {
                    [P2PShare.ByteText]::Speed($_.BytesPerSecond)
                    if ($null -ne $_.TimeLeft) { '{0:d\.hh\:mm\:ss} left' -f $_.TimeLeft -replace '^0\.' }
                }
                'Failed' { "failed: $($_.Error)" }
                default { 'on hold: repeat download_file to resume it' }
            }
            '[D] [{0}] {1} {2}' -f $_.Group, $_.Name, (@("$($_.PercentComplete)%") + $more -ne '' -join ', ')
        } 'No downloads yet'
    }
    stop_share = {
        param($group, $name)
        $null = Unpublish-P2PFile -Group $group -Name $name -Confirm:$false
        'File sharing stopped'
    }
}

function Invoke-OriginalCommand($Name, $Words) {
    $command = $Commands | Where-Object Name -EQ $Name
    $expected = @($command.Words)
    if ($Words.Count -ne $expected.Count) {
        $example = if ($command.Example) { ", for example: $($command.ExampleLine)" }
        if ($Words.Count -lt $expected.Count) { throw "$Name needs <$($expected[$Words.Count])>: $($command.Usage)$example" }
        throw "$Name has more words than it takes: $($command.Usage)$example. Put quotation marks around a word with spaces."
    }

    try { & $actions[$Name] @Words } catch {
        # A cmdlet's advice is for any prompt; this one has shorter commands.
        if ($_.FullyQualifiedErrorId -like 'NotLoggedIn*') { throw 'You are not logged in. Use login <user_id> <password> first.' }
        if ($_.FullyQualifiedErrorId -like 'TrackerCertificateUntrusted*') { throw "$_ Or write it after the tracker's address in $($Tracker.InfoFile)." }
        throw
    }
}

foreach ($name in $actions.Keys) {
    # Each command is a statement that fails as a cmdlet does: a script continues with the next line.
    $ExecutionContext.InvokeProvider.Item.Set("function:$name", {
            [CmdletBinding()] param([Parameter(ValueFromRemainingArguments)] [object[]] $Words = @())
            try { Invoke-OriginalCommand $MyInvocation.MyCommand.Name $Words } catch { $PSCmdlet.ThrowTerminatingError($_) }
        })
}

function help {
    if ($command = $Commands | Where-Object Name -EQ "$args") {
        "  $($command.Usage)"
        "  $($command.Summary)"
        if ($command.Example) { "  Example: $($command.ExampleLine)" }
        if ($command.Cmdlet) { "  In PowerShell: $($command.Cmdlet)" }
        return
    }

    if ($args) { return Get-Help @args }
    $width = 0
    foreach ($command in $Commands) { $width = [Math]::Max($width, $command.Usage.Length) }
    foreach ($command in $Commands) { '  {0}  {1}' -f $command.Usage.PadRight($width), $command.Summary }
    ''
    'Everything else is PowerShell: Get-Command -Module P2PShare lists the cmdlets, help <cmdlet> explains one.'
    if ($Typed) { 'Tab completes, the up and down arrows recall earlier lines, Ctrl+D exits.' }
}

Export-ModuleMember -Function (@($actions.Keys) + 'help', 'Show-FinishedDownload')
