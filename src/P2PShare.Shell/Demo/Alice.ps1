# Alice creates an account and a group, and starts her peer server.
$alice = [pscredential]::new('alice', (ConvertTo-SecureString ([Console]::In.ReadLine()) -AsPlainText))
$at = @{ Tracker = [Console]::In.ReadLine(); TrackerInfo = 'tracker_info.txt' }
New-P2PUser @at -Credential $alice
Connect-P2PTracker @at -Credential $alice
New-P2PGroup -Name demo
Start-P2PPeerServer
# She waits until Bob asks to join, and approves him.
$deadline = [DateTime]::UtcNow.AddMinutes(1)
while (-not ($request = Get-P2PJoinRequest -Group demo)) {
    if ([DateTime]::UtcNow -gt $deadline) { throw 'No user asked to join the group within a minute.' }
    Start-Sleep -Milliseconds 200
}
$request
$request | Approve-P2PJoinRequest
Send-P2PFile -LiteralPath {file} -Group demo
# The file is served until this shell ends.
$null = [Console]::In.ReadLine()
