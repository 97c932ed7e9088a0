# Alice makes an account and a group, and shares a file with the group.
$alice = Get-Credential alice
New-P2PUser -Tracker {tracker} -TrackerInfo {info} -Credential $alice
Connect-P2PTracker -Tracker {tracker} -TrackerInfo {info} -Credential $alice
New-P2PGroup -Name demo
Start-P2PPeerServer
Send-P2PFile -LiteralPath {file} -Group demo
# Wait until somebody asks to join, and let him in.
for ($n = 0; -not ($request = Get-P2PJoinRequest -Group demo); $n++) { if ($n -ge 300) { throw 'Nobody asked to join the group within a minute.' }; Start-Sleep -Milliseconds 200 }
$request
$request | Approve-P2PJoinRequest
# The file is served until this process ends, which it does when its input does.
$null = $Host.UI.ReadLine()
