using System.Net;
using System.Net.Sockets;

namespace P2PShare.Integration.Cmdlets;

public sealed class JobTests : CmdletTest
{
    [Fact]
    public void The_peer_server_is_a_job_whose_output_is_the_uploads()
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
    public async Task A_session_that_the_tracker_dropped_is_not_connected_and_its_peer_server_ends_with_the_reason()
    {
        Alice.Succeed("$job = Start-P2PPeerServer");
        Assert.Equal(true, Alice.Succeed("(Get-P2PSession).Connected").Single().BaseObject);

        await Tracker.ExecuteAsync("DELETE FROM sessions WHERE user_id = (SELECT id FROM users WHERE name = 'alice')");

        Assert.Equal(false, Alice.Succeed("(Get-P2PSession).Connected").Single().BaseObject);
        Assert.Equal("NotLoggedIn", Alice.Fail("Get-P2PGroup"));
        Assert.Contains("has ended", Alice.Errors[0].ToString(), StringComparison.Ordinal);
        // The next announce is the one that learns of it.
        await Eventually.HoldsAsync(() => Alice.Succeed("$job.State.ToString()").Single().ToString() == "Failed", "the job ends");
        Assert.Contains("has ended", Alice.Succeed("$job.JobStateInfo.Reason.Message").Single().ToString()!, StringComparison.Ordinal);
        Alice.Succeed("Disconnect-P2PTracker");
    }

    [Fact]
    public void The_newest_records_of_a_job_that_nothing_receives_are_kept_and_the_dropped_ones_counted()
    {
        Alice.Succeed("""
            $job = Start-P2PPeerServer
            $base = $job.GetType().BaseType
            function Add ($Method, $Value) { $null = $base.GetMethod($Method, [System.Reflection.BindingFlags] 'NonPublic, Instance').Invoke($job, @($Value)) }
            1..1500 | ForEach-Object { Add AddOutput $_; Add AddWarning "warning $_" }
            $output = Receive-Job $job -WarningVariable warnings -WarningAction SilentlyContinue
            """);

        // The notice is not one of the thousand.
        Assert.Equal(1000, (int)Alice.Succeed("@($output).Count").Single().BaseObject);
        Assert.Equal(501, (int)Alice.Succeed("$output[0]").Single().BaseObject);
        Assert.Equal(1500, (int)Alice.Succeed("$output[-1]").Single().BaseObject);
        var warnings = Alice.Succeed("$warnings").Select(warning => warning.ToString()!).ToList();
        Assert.Equal(1001, warnings.Count);
        Assert.Matches("^Records of job 'P2PPeerServer' that were dropped because nothing received them: 100[0-2]\\.", warnings[0]);
        Assert.Equal(("warning 1500", 1), (warnings[^1], warnings.Count(warning => warning.Contains("dropped", StringComparison.Ordinal))));

        // Counted anew after they were received.
        Alice.Succeed("1..1001 | ForEach-Object { Add AddOutput $_ }; $null = Receive-Job $job -WarningVariable warnings -WarningAction SilentlyContinue");
        Assert.Contains("received them: 1.", Alice.Succeed("$warnings").Single().ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Remove_Module_waits_at_most_a_second_for_a_tracker_that_accepts_and_never_answers()
    {
        // A busy machine may be slow once, but not each time.
        var fastest = TimeSpan.MaxValue;
        for (var attempt = 0; attempt < 3 && fastest > TimeSpan.FromSeconds(1); attempt++)
        {
            TestShell carol;
            int port;
            await using (var gone = await TestTracker.StartAsync())
            {
                port = gone.Address.Port;
                carol = TestShell.Connected(gone, "carol");
                carol.Succeed("$job = Start-P2PPeerServer");
            }

            using var _ = carol;
            using var mute = new TcpListener(IPAddress.Loopback, port);
            mute.Start();
            var watch = System.Diagnostics.Stopwatch.StartNew();
            carol.Succeed("Remove-Module P2PShare");
            fastest = watch.Elapsed < fastest ? watch.Elapsed : fastest;
            Assert.Equal("Stopped", carol.Succeed("$job.State.ToString()").Single().BaseObject);
        }

        Assert.True(fastest <= TimeSpan.FromSeconds(1), $"It took {fastest}.");
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
    public async Task A_raised_limit_speeds_up_an_upload_that_runs()
    {
        const int Size = 8_000_000;
        Alice.Succeed("$null = Start-P2PPeerServer -UploadLimit 50KB; Send-P2PFile $source dev", ("source", Alice.MakeFile("data.bin", Size)));
        Bob.Succeed("$job = Receive-P2PFile dev data.bin -Destination $to -AsJob", ("to", Bob.Folder));
        await Eventually.HoldsAsync(() => Uploaded() > 0, "the upload runs");

        Alice.Succeed("Set-P2PPeerServer -UploadLimit 20MB");

        // At the limit before it would take more than two minutes.
        await Eventually.HoldsAsync(() => File.Exists(Bob.Combine("data.bin")), "the upload runs at the new limit");
        Assert.InRange(Uploaded(), Size, 2 * Size);
    }

    [Fact]
    public async Task A_lowered_limit_slows_down_an_upload_that_runs()
    {
        const int Limit = 400_000;
        Alice.Succeed("$null = Start-P2PPeerServer -UploadLimit 8MB; Send-P2PFile $source dev", ("source", Alice.MakeFile("data.bin", 100_000_000)));
        Bob.Succeed("$job = Receive-P2PFile dev data.bin -Destination $to -AsJob", ("to", Bob.Folder));
        await Eventually.HoldsAsync(() => Uploaded() > 0, "the upload runs");

        Alice.Succeed("Set-P2PPeerServer -UploadLimit $limit", ("limit", Limit));
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var before = Uploaded();
        // Before the change it took a fifth of a second.
        await Eventually.HoldsAsync(() => Uploaded() - before > 1_500_000, "the upload goes on");

        // What was let through before the change may still be on its way.
        Assert.True(Uploaded() - before < watch.Elapsed.TotalSeconds * Limit * 1.5 + 500_000, $"{Uploaded() - before} bytes in {watch.Elapsed}.");
    }

    [Fact]
    public async Task A_file_takes_no_more_than_its_own_limit()
    {
        const int Limit = 200_000;
        Alice.Succeed("Send-P2PFile $source dev", ("source", Alice.MakeFile("data.bin", 20_000_000)));
        var watch = System.Diagnostics.Stopwatch.StartNew();
        Bob.Succeed("$job = Receive-P2PFile dev data.bin -Destination $to -AsJob -DownloadLimit $limit", ("to", Bob.Folder), ("limit", Limit));

        await Eventually.HoldsAsync(() => Received() > Limit, "the download goes on");

        Assert.True(Received() < watch.Elapsed.TotalSeconds * Limit * 1.5 + 1_000_000, $"{Received()} bytes in {watch.Elapsed}.");

        long Received() => (long)Bob.Succeed("(Get-P2PDownload).BytesReceived").Single().BaseObject;
    }

    [Fact]
    public async Task Running_uploads_can_finish_when_the_job_is_stopped()
    {
        Alice.Succeed(
            "$server = Start-P2PPeerServer -UploadLimit 300KB -StopTimeoutSec 60; Send-P2PFile $source dev", ("source", Alice.MakeFile("data.bin", 700_000)));
        var port = (int)Alice.Succeed("(Get-P2PPeerServer).Port").Single().BaseObject;
        Bob.Succeed("$job = Receive-P2PFile dev data.bin -Destination $to -AsJob", ("to", Bob.Folder));
        await Eventually.HoldsAsync(() => Uploaded() > 0, "the upload runs");

        Alice.Succeed("Stop-Job $server");

        Assert.False(Listens(port));
        Assert.Equal("Stopped", Alice.Succeed("$server.State.ToString()").Single().BaseObject);
        Assert.Equal("Completed", Bob.Succeed("(Wait-Job $job).State.ToString()").Single().BaseObject);
        Assert.Equal(true, Alice.Succeed("(Receive-Job $server).Complete").Single().BaseObject);
    }

    [Fact]
    public async Task Running_uploads_end_when_the_stop_timeout_is_over()
    {
        Alice.Succeed("$null = Start-P2PPeerServer -UploadLimit 50KB; Set-P2PPeerServer -StopTimeoutSec 0; Send-P2PFile $source dev", ("source", Alice.MakeFile("data.bin", 20_000_000)));
        Bob.Succeed("$job = Receive-P2PFile dev data.bin -Destination $to -AsJob", ("to", Bob.Folder));
        await Eventually.HoldsAsync(() => Uploaded() > 0, "the upload runs");

        Alice.Succeed("Stop-P2PPeerServer");

        Assert.Empty(Alice.Succeed("Get-P2PPeerServer"));
        Assert.Equal("Running", Bob.Succeed("$job.State.ToString()").Single().BaseObject);
    }

    [Fact]
    public async Task A_peer_server_that_cannot_continue_to_listen_is_a_failed_job_with_the_reason()
    {
        var job = Alice.Succeed("$job = Start-P2PPeerServer; $job").Single().BaseObject;

        // As the system does it to a socket whose network is gone.
        var server = Value(job, "Server");
        ((Socket)Value(Value(server, "_listener"), "_socket")).Dispose();
        await Eventually.HoldsAsync(() => (string)Alice.Succeed("$job.State.ToString()").Single().BaseObject == "Failed", "the job has failed");

        Assert.Equal("PeerServerFailed", Alice.Succeed("$job.JobStateInfo.Reason.Code").Single().BaseObject);
        Assert.Equal(Alice.Succeed("$job.JobStateInfo.Reason.Message").Single(), Alice.Succeed("$job.StatusMessage").Single());
        Alice.Run("Receive-Job $job");
        Assert.Equal("PeerServerFailed", Assert.Single(Alice.Errors).Exception.GetType().GetProperty("Code")!.GetValue(Alice.Errors[0].Exception));
        Assert.Empty(Alice.Succeed("Get-P2PPeerServer"));

        static object Value(object owner, string name) =>
            owner.GetType().InvokeMember(
                name,
                System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic
                    | System.Reflection.BindingFlags.GetField | System.Reflection.BindingFlags.GetProperty,
                null, owner, null, System.Globalization.CultureInfo.InvariantCulture)!;
    }

    [Fact]
    public async Task The_progress_of_a_receive_as_a_job_shows_through_Receive_Job()
    {
        Alice.Succeed("$null = Start-P2PPeerServer -UploadLimit 200KB; Send-P2PFile $source dev", ("source", Alice.MakeFile("data.bin", 2_000_000)));
        Bob.Succeed("$job = Receive-P2PFile dev data.bin -Destination $to -AsJob", ("to", Bob.Folder));
        await Eventually.HoldsAsync(() => Bob.Succeed("$job.Progress | Where-Object PercentComplete -gt 20").Count > 0, "the job shows progress");

        Bob.Succeed("Receive-Job $job");

        Assert.Equal([20800, 20801], Bob.Progress.Select(record => record.ActivityId));
        Assert.Contains("0 of 1 files", Bob.Progress[0].StatusDescription, StringComparison.Ordinal);
        Bob.Succeed("Stop-Job $job");
        Bob.Succeed("$ProgressPreference = 'SilentlyContinue'; $hidden = Receive-P2PFile dev data.bin -Destination $to -AsJob");
        Alice.Succeed("Set-P2PPeerServer -UploadLimit 2MB");
        Bob.Succeed("$null = Wait-Job $hidden");
        Assert.Equal(0, Bob.Succeed("$hidden.Progress.Count").Single().BaseObject);
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
    public void A_receive_job_returns_the_files_and_the_errors()
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

    private long Uploaded() => (long)Alice.Succeed("(Get-P2PPeerServer).BytesUploaded").Single().BaseObject;

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
