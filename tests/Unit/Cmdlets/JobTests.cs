using System.Net;
using System.Net.Sockets;

namespace P2PShare.Unit.Cmdlets;

public sealed class JobTests : CmdletTest
{
    [Fact]
    public void The_peer_server_is_a_job_whose_output_are_the_uploads()
    {
        var job = Alice.Succeed("$job = Start-P2PPeerServer -Name server; $job").Single();
        Assert.Equal("server", job.Properties["Name"].Value);
        Assert.Equal(job.BaseObject, Alice.Succeed("Get-Job server").Single().BaseObject);
        Assert.Equal("Running", Alice.Succeed("$job.State.ToString()").Single().BaseObject);
        Assert.Equal(false, Alice.Succeed("$job.HasMoreData").Single().BaseObject);

        Alice.Succeed("Send-P2PFile $source dev", ("source", Alice.MakeFile("data.bin", 300_000)));
        Bob.Succeed("Receive-P2PFile dev data.bin -Destination $to; Stop-P2PPeerServer", ("to", Bob.Folder));

        SpinWait.SpinUntil(() => (bool)Alice.Succeed("$job.HasMoreData").Single().BaseObject, TimeSpan.FromSeconds(20));
        var upload = Alice.Succeed("Receive-Job $job").Single();
        Assert.Equal("data.bin", upload.Properties["Name"].Value);
        Assert.Equal("bob", upload.Properties["UserName"].Value);
        Assert.Equal(300_000L, upload.Properties["Bytes"].Value);
        Assert.Equal(true, upload.Properties["Complete"].Value);
        Assert.Equal(false, Alice.Succeed("$job.HasMoreData").Single().BaseObject);
    }

    [Fact]
    public void Stop_Job_ends_listening_and_Remove_Job_forgets_it()
    {
        var port = (int)Alice.Succeed("$job = Start-P2PPeerServer; (Get-P2PPeerServer).Port").Single().BaseObject;
        Assert.True(Listens(port));

        Alice.Succeed("Stop-Job $job");

        Assert.False(Listens(port));
        Assert.Equal("Stopped", Alice.Succeed("$job.State.ToString()").Single().BaseObject);
        Assert.Empty(Alice.Succeed("Get-P2PPeerServer"));
        Assert.Empty(Alice.Succeed("Remove-Job $job; Get-Job"));
        Alice.Succeed("$null = Start-P2PPeerServer");
    }

    [Fact]
    public void A_second_peer_server_of_a_session_and_a_taken_port_are_refused()
    {
        var port = (int)Alice.Succeed("$null = Start-P2PPeerServer; (Get-P2PPeerServer).Port").Single().BaseObject;

        Assert.Equal("PeerServerRunning", Alice.Fail("Start-P2PPeerServer"));
        Assert.Equal("PortInUse", Bob.Fail("Start-P2PPeerServer $port", ("port", port)));
        Assert.Empty(Bob.Succeed("Get-Job; Get-P2PPeerServer"));
    }

    [Fact]
    public void Limits_of_a_peer_server_are_set_while_it_runs()
    {
        Assert.Equal("PeerServerNotRunning", Alice.Fail("Set-P2PPeerServer -UploadLimit 1MB"));
        Alice.Succeed("$null = Start-P2PPeerServer -WhatIf");
        Assert.Empty(Alice.Succeed("Get-P2PPeerServer"));
        Alice.Succeed("$null = Start-P2PPeerServer -UploadLimit 10MB");

        var server = Alice.Succeed("Get-P2PPeerServer | Set-P2PPeerServer -UploadLimit 0 -DownloadLimit 20MB -PassThru").Single();

        Assert.Null(server.Properties["UploadLimit"].Value);
        Assert.Equal(20L * 1024 * 1024, server.Properties["DownloadLimit"].Value);
        Alice.Succeed("Stop-P2PPeerServer -WhatIf");
        Assert.Single(Alice.Succeed("Get-P2PPeerServer"));
        Alice.Succeed("Get-P2PPeerServer | Stop-P2PPeerServer; Stop-P2PPeerServer");
        Assert.Empty(Alice.Succeed("Get-P2PPeerServer"));
    }

    [Fact]
    public void Closing_the_runspace_leaves_nothing_listening()
    {
        using var carol = TestShell.Connected(Tracker, "carol");
        var port = (int)carol.Succeed("$null = Start-P2PPeerServer; (Get-P2PPeerServer).Port").Single().BaseObject;

        carol.Runspace.Close();

        Assert.False(Listens(port));
    }

    [Fact]
    public void Removing_the_module_stops_what_it_started()
    {
        var port = (int)Alice.Succeed("$null = Start-P2PPeerServer; (Get-P2PPeerServer).Port").Single().BaseObject;

        Alice.Succeed("Remove-Module P2PShare");

        Assert.False(Listens(port));
    }

    [Fact]
    public async Task Removing_the_module_stops_downloads_that_run()
    {
        Alice.Succeed(
            "$null = Start-P2PPeerServer -UploadLimit 50KB; Send-P2PFile $source dev", ("source", Alice.MakeFile("data.bin", 2_000_000)));
        Bob.Succeed("$job = Receive-P2PFile dev data.bin -Destination $to -AsJob", ("to", Bob.Folder));
        var port = (int)Bob.Succeed("(Get-P2PPeerServer).Port").Single().BaseObject;
        await Eventually.HoldsAsync(() => File.Exists(Bob.Combine("data.bin.p2ppart")), "the download has begun");

        Bob.Succeed("Remove-Module P2PShare");

        Assert.Equal("Stopped", Bob.Succeed("$job.State.ToString()").Single().BaseObject);
        Assert.False(Listens(port));
        Assert.False(File.Exists(Bob.Combine("data.bin")));
        using var part = new FileStream(Bob.Combine("data.bin.p2ppart"), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
    }

    [Fact]
    public void A_receive_as_a_job_gives_the_files_and_the_errors()
    {
        Alice.MakeFile("a.bin", 100_000);
        Alice.MakeFile("b.bin", 200_000);
        Alice.Succeed("[IO.FileInfo]$a, [IO.FileInfo]$b | Send-P2PFile -Group dev", ("a", Alice.Combine("a.bin")), ("b", Alice.Combine("b.bin")));

        var files = Bob.Succeed("""
            $job = Get-P2PFile dev | Receive-P2PFile -Destination $to -AsJob
            $job | Wait-Job | Receive-Job
            """, ("to", Bob.Folder));

        Assert.Equal(["a.bin", "b.bin"], files.Select(file => ((FileInfo)file.BaseObject).Name).Order());
        Assert.Equal("Completed", Bob.Succeed("$job.State.ToString()").Single().BaseObject);

        Bob.Run("$again = Get-P2PFile dev | Receive-P2PFile -Destination $to -AsJob; $null = Wait-Job $again; Receive-Job $again");
        Assert.Equal(2, Bob.Errors.Count);
        Assert.All(Bob.Errors, error => Assert.StartsWith("DestinationExists", error.FullyQualifiedErrorId, StringComparison.Ordinal));
        Assert.Equal("Failed", Bob.Succeed("$again.State.ToString()").Single().BaseObject);
        Assert.NotEmpty((string)Bob.Succeed("$again.StatusMessage").Single().BaseObject);
    }

    [Fact]
    public async Task A_receive_as_a_job_is_stopped()
    {
        Alice.Succeed(
            "$null = Start-P2PPeerServer -UploadLimit 50KB; Send-P2PFile $source dev", ("source", Alice.MakeFile("data.bin", 2_000_000)));
        Bob.Succeed("$job = Receive-P2PFile dev data.bin -Destination $to -AsJob", ("to", Bob.Folder));
        await Eventually.HoldsAsync(() => File.Exists(Bob.Combine("data.bin.p2ppart")), "the download has begun");

        Bob.Succeed("Stop-Job $job");

        Assert.Equal("Stopped", Bob.Succeed("$job.State.ToString()").Single().BaseObject);
        Assert.Equal("Stopped", Bob.Succeed("(Get-P2PDownload).State.ToString()").Single().BaseObject);
        Assert.False(File.Exists(Bob.Combine("data.bin")));
    }

    [Fact]
    public async Task A_receive_whose_peer_server_is_stopped_fails_and_can_be_resumed()
    {
        Alice.Succeed(
            "$null = Start-P2PPeerServer -UploadLimit 50KB; Send-P2PFile $source dev", ("source", Alice.MakeFile("data.bin", 1_000_000)));
        Bob.Succeed("$job = Receive-P2PFile dev data.bin -Destination $to -AsJob", ("to", Bob.Folder));
        await Eventually.HoldsAsync(() => File.Exists(Bob.Combine("data.bin.p2ppart")), "the download has begun");

        Bob.Succeed("Stop-P2PPeerServer; $null = Wait-Job $job");
        Assert.Equal("PeerServerNotRunning", Bob.Fail("Receive-Job $job"));
        Alice.Succeed("Set-P2PPeerServer -UploadLimit 0");
        Bob.Succeed("Get-P2PDownload | Resume-P2PDownload");

        await Eventually.HoldsAsync(() => File.Exists(Bob.Combine("data.bin")), "the download has gone on to its end");
    }

    private static bool Listens(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
