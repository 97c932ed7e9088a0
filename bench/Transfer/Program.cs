using P2PShare.Bench.Transfer;
return args is ["role", var t, var f, var u, var s] ? await PeerRole.RunAsync(t, f, u, s) : 1;
