# The original client's commands, on the module's cmdlets. $Tracker is a TrackerChoice or null; $Commands are the OriginalCommands.
param($Tracker, $Commands)

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

$actions = @{
    create_user = {
        param($user, $password)
        $at = Get-TrackerArgument
        $null = New-P2PUser @at -Credential (Get-TypedCredential $user $password)
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
        Get-P2PJoinRequest -Group $group | ForEach-Object { $_.UserName }
    }
    accept_request = {
        param($group, $user)
        $null = Approve-P2PJoinRequest -Group $group -UserName $user
        'User accepted to group'
    }
    list_groups = {
        Get-P2PGroup | ForEach-Object { '{0} (owner: {1})' -f $_.Name, $_.Owner }
    }
    list_files = {
        param($group)
        Get-P2PFile -Group $group | ForEach-Object { '{0} ({1} bytes, owner: {2})' -f $_.Name, $_.Size, $_.Owner }
    }
    upload_file = {
        param($path, $group)
        $null = Send-P2PFile -LiteralPath $path -Group $group
        'File uploaded successfully'
    }
    download_file = {
        param($group, $name, $destination)
        # The original took the new file's path as well as its folder's.
        if ([IO.Path]::GetFileName($destination) -eq $name -and -not [IO.Directory]::Exists($destination)) {
            $destination = [IO.Path]::GetDirectoryName($destination)
            if (-not $destination) { $destination = '.' }
        }

        Receive-P2PFile -Group $group -Name $name -Destination $destination
        'Download complete: [{0}] {1}' -f $group, $name
    }
    show_downloads = {
        Get-P2PDownload | ForEach-Object {
            if ($_.State -eq 'Complete') { '[C] [{0}] {1}' -f $_.Group, $_.Name }
            else { '[{3}] [{0}] {1} {2}%' -f $_.Group, $_.Name, $_.PercentComplete, $(if ($_.State -eq 'Running') { 'D' } else { $_.State }) }
        }
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
        $problem = if ($Words.Count -gt $expected.Count) { 'has more words than it takes' } else { "needs <$($expected[$Words.Count])>" }
        throw "$Name ${problem}: $($command.Usage). Put quotation marks around a word with spaces."
    }

    try { & $actions[$Name] @Words } catch {
        # What a cmdlet advises is right at any prompt; at this one there is a shorter way.
        if ($_.FullyQualifiedErrorId -like 'NotLoggedIn*') { throw 'You are not logged in. Use login <user_id> <password> first.' }
        if ($_.FullyQualifiedErrorId -like 'TrackerCertificateUntrusted*') { throw "$_ Or write it behind the tracker's address in $($Tracker.InfoFile)." }
        throw
    }
}

foreach ($name in $actions.Keys) {
    # Each command is one statement that fails as a cmdlet does: the next line of a script goes on.
    $ExecutionContext.InvokeProvider.Item.Set("function:$name", {
            [CmdletBinding()] param([Parameter(ValueFromRemainingArguments)] [object[]] $Words = @())
            try { Invoke-OriginalCommand $MyInvocation.MyCommand.Name $Words } catch { $PSCmdlet.ThrowTerminatingError($_) }
        })
}

function help {
    if ($args) { return Get-Help @args }
    $width = 0
    foreach ($command in $Commands) { $width = [Math]::Max($width, $command.Usage.Length) }
    foreach ($command in $Commands) { '  {0}  {1}' -f $command.Usage.PadRight($width), $command.Summary }
    ''
    'Everything else is PowerShell: Get-Command -Module P2PShare lists the cmdlets, help <cmdlet> explains one.'
}

Export-ModuleMember -Function (@($actions.Keys) + 'help')
