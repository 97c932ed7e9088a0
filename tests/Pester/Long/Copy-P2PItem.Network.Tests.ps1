BeforeDiscovery {
    # A network of its own for the target, with a firewall in between.
    $noNetwork = -not (Get-Command sshd, /usr/sbin/sshd -CommandType Application -ErrorAction Ignore) -or
        -not (Get-Command nft, /usr/sbin/nft -CommandType Application -ErrorAction Ignore) -or (id -u) -ne 0 -or
        -not $(ip netns add p2pshare-probe 2>$null; $LASTEXITCODE -eq 0)
    if (-not $noNetwork) { ip netns delete p2pshare-probe }
}

BeforeAll {
    . $PSScriptRoot/../P2PShare.TestSetup.ps1
    . $PSScriptRoot/../P2PShare.SshServer.ps1
    $space = "p2pshare-$PID"
    $link = "p2p$($PID % 100000)"
    $net = "10.$(Get-Random -Minimum 100 -Maximum 250).$(Get-Random -Maximum 250)"

    function Invoke-There { ip netns exec $space @args }

    # What a firewall lets through: of connections that one side opens to the other, all or only those to the SSH server.
    function Set-Firewall ([switch] $RefuseFromSender) {
        $inwards = if ($RefuseFromSender) { "tcp dport != $port tcp flags & (syn | ack) == syn reject with tcp reset" }
        @"
flush ruleset
table inet wall {
    chain out { type filter hook output priority 0; ip daddr $net.1 tcp flags & (syn | ack) == syn reject with tcp reset; }
    chain in { type filter hook input priority 0; iifname "lo" accept; $inwards; }
}
"@ | Set-Content (Join-Path $Folder wall.nft)
        Invoke-There nft -f (Join-Path $Folder wall.nft)
    }
}

AfterAll {
    Stop-SshServer
    ip netns delete $space 2>$null
    Stop-Everything
}

Describe 'Copy-P2PItem between networks' -Skip:$noNetwork {
    BeforeAll {
        ip netns add $space
        ip link add "${link}a" type veth peer name "${link}b" netns $space
        ip address add "$net.1/24" dev "${link}a"
        ip link set "${link}a" up
        Invoke-There ip address add "$net.2/24" dev "${link}b"
        Invoke-There ip link set "${link}b" up
        Invoke-There ip link set lo up
        $port = Start-SshServer -Address "$net.2" -Prefix ip, netns, exec, $space
        $session = New-SshSession $port -Address "$net.2"
    }

    AfterAll {
        $session | Remove-PSSession
    }

    It 'dials a target that cannot dial the sender' {
        Set-Firewall
        $file = New-RandomFile 'reversed.bin' 20MB
        $place = (New-Item -ItemType Directory (Join-Path $Folder reversed)).FullName

        $result = Copy-P2PItem $file.FullName -Destination $place -ToSession $session -PassThru -WarningVariable warnings

        $result.State, $result.Error | Should -Be Completed, $null
        (Get-FileHash "$place/reversed.bin").Hash | Should -Be (Get-FileHash $file).Hash
        $warnings | Should -BeNullOrEmpty
    }

    It 'sends the bytes through the session with a warning where nothing else goes' {
        Set-Firewall -RefuseFromSender
        $file = New-RandomFile 'through.bin' 2MB
        $place = (New-Item -ItemType Directory (Join-Path $Folder through)).FullName

        $result = Copy-P2PItem $file.FullName -Destination $place -ToSession $session -PassThru -WarningVariable warnings -WarningAction SilentlyContinue

        $result.State, $result.Error | Should -Be Completed, $null
        (Get-FileHash "$place/through.bin").Hash | Should -Be (Get-FileHash $file).Hash
        "$warnings" | Should -BeLike '*through the session*'
    }
}
