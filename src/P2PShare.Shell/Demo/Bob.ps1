# Bob makes an account and asks to join the group, as soon as there is one.
$bob = Get-Credential bob
New-P2PUser -Tracker {tracker} -TrackerInfo {info} -Credential $bob
Connect-P2PTracker -Tracker {tracker} -TrackerInfo {info} -Credential $bob
for ($n = 0; -not (Get-P2PGroup -Name demo*); $n++) { if ($n -ge 300) { throw 'There was no group within a minute.' }; Start-Sleep -Milliseconds 200 }
Join-P2PGroup -Name demo
# Wait for the approval: members see the group's files.
for ($n = 0; -not ($file = Get-P2PFile -Group demo -ErrorAction Ignore); $n++) { if ($n -ge 300) { throw 'Nobody approved the request within a minute.' }; Start-Sleep -Milliseconds 200 }
$file
$clock = [Diagnostics.Stopwatch]::StartNew()
$file | Receive-P2PFile -Destination {destination}
[IO.File]::WriteAllLines({result}, [string[]]($clock.Elapsed.TotalSeconds.ToString('R'), $file.PiecesRoot))
