# Bob creates an account and asks to join Alice's group as soon as it exists.
$bob = [pscredential]::new('bob', (ConvertTo-SecureString ([Console]::In.ReadLine()) -AsPlainText))
$at = @{ Tracker = [Console]::In.ReadLine(); TrackerInfo = 'tracker_info.txt' }
New-P2PUser @at -Credential $bob
Connect-P2PTracker @at -Credential $bob
Start-P2PPeerServer
$deadline = [DateTime]::UtcNow.AddMinutes(1)
while (-not (Get-P2PGroup -Name demo*)) {
    if ([DateTime]::UtcNow -gt $deadline) { throw 'The group was not created within a minute.' }
    Start-Sleep -Milliseconds 200
}
Join-P2PGroup -Name demo
# He waits until he is approved and Alice's file is listed; a large file takes time to hash.
$deadline = [DateTime]::UtcNow.AddHours(1)
while (-not ($file = Get-P2PFile -Group demo -ErrorAction Ignore)) {
    if ([DateTime]::UtcNow -gt $deadline) { throw 'No file was shared within an hour.' }
    Start-Sleep -Milliseconds 200
}
$file
$clock = [Diagnostics.Stopwatch]::StartNew()
$file | Receive-P2PFile -Destination received
[IO.File]::WriteAllLines('result.txt', [string[]]($clock.Elapsed.TotalSeconds.ToString('R'), $file.PiecesRoot))
