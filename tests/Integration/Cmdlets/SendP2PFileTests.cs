using System.Management.Automation;

namespace P2PShare.Integration.Cmdlets;

public sealed class SendP2PFileTests : CmdletTest
{
    [Fact]
    public void Of_a_thousand_files_each_is_shared_in_its_order_or_has_one_error()
    {
        var paths = Enumerable.Range(0, 1000)
            .Select(i => i % 100 == 7 ? Alice.Combine($"many/missing{i:000}") : Alice.MakeFile($"many/{i:000}.bin", 10 + i))
            .ToArray();

        var shared = Alice.Run("$paths | Send-P2PFile -Group dev -ErrorVariable failures -ErrorAction SilentlyContinue", ("paths", paths));

        Assert.Equal(
            paths.Where(File.Exists).Select(Path.GetFileName), shared.Select(file => (string)file.Properties["Name"].Value));
        Assert.Equal(10, Alice.Succeed("@($failures).Count").Single().BaseObject);
        Assert.Equal(
            paths.Where(path => !File.Exists(path)), Alice.Succeed("$failures.TargetObject").Select(target => (string)target.BaseObject));
        Assert.Equal(990, Bob.Succeed("@(Get-P2PFile dev).Count").Single().BaseObject);
    }

    [Fact]
    public void The_same_file_given_twice_is_shared_once()
    {
        var source = Alice.MakeFile("data.bin", 1000);

        Assert.Single(Alice.Succeed("$source, $source, $source | Send-P2PFile -Group dev", ("source", source)));
    }

    [Fact]
    public void Of_two_files_of_one_name_the_first_is_shared_and_with_Force_the_last()
    {
        Alice.MakeFile("a/x.bin", 3_000_000);
        Alice.MakeFile("b/x.bin", 20);
        Alice.Set("both", new[] { Alice.Combine("a/x.bin"), Alice.Combine("b/x.bin") });

        Assert.Equal(3_000_000L, Alice.Run("$both | Send-P2PFile -Group dev").Single().Properties["Size"].Value);
        Assert.Equal("FileNameTaken", Alice.ErrorId);
        Assert.Equal(Alice.Combine("b/x.bin"), Alice.Errors.Single().TargetObject);

        Alice.Succeed("$both | Send-P2PFile -Group dev -Force");
        Assert.Equal(20L, Bob.Succeed("(Get-P2PFile dev x.bin).Size").Single().BaseObject);
    }

    [Fact]
    public void Null_and_the_empty_string_are_errors_and_the_other_inputs_are_shared()
    {
        var shared = Alice.Run("$null, '', $source | Send-P2PFile -Group dev", ("source", Alice.MakeFile("data.bin", 1000)));

        Assert.Equal(2, Alice.Errors.Count);
        Assert.Equal("data.bin", shared.Single().Properties["Name"].Value);
        Assert.NotEqual("no error", Alice.Fail("Send-P2PFile -Path $null -Group dev"));
        Assert.NotEqual("no error", Alice.Fail("Send-P2PFile -Path $source -Group ''"));
    }

    [Fact]
    public void A_path_without_wildcards_has_to_exist_and_a_pattern_may_match_nothing()
    {
        Assert.Equal("PathNotFound", Alice.Fail("Send-P2PFile -Path $missing -Group dev", ("missing", Alice.Combine("missing"))));
        Assert.Equal("PathNotFound", Alice.Fail("Send-P2PFile -LiteralPath \"$missing*\" -Group dev"));
        Assert.Empty(Alice.Succeed("Send-P2PFile -Path \"$missing*\" -Group dev"));
        Assert.Empty(Alice.Succeed("Get-P2PPeerServer"));
    }

    [Fact]
    public void A_group_that_refuses_a_file_does_not_affect_the_others()
    {
        var shared = Alice.Run("Send-P2PFile $source -Group nogroup, dev", ("source", Alice.MakeFile("data.bin", 1000)));

        Assert.Equal("GroupNotFound", Alice.ErrorId);
        Assert.Equal("dev", shared.Single().Properties["Group"].Value);
    }

    [Fact]
    public void Hashing_shows_progress_unless_the_preference_is_not_to()
    {
        // As large as it has to be to take its time on this machine. Not of zeros, which are not hashed.
        var bytes = new byte[10_000_000];
        Array.Fill(bytes, (byte)1);
        var source = Alice.Combine("big.bin");
        for (var size = 50_000_000L; size < 10_000_000_000 && !Alice.Progress.Any(record => record.SecondsRemaining > 0); size *= 2)
        {
            using (var file = new FileStream(source, FileMode.Append))
            {
                while (file.Length < size)
                {
                    file.Write(bytes);
                }
            }

            Alice.Succeed("Send-P2PFile $source dev -Force", ("source", source));
        }

        var overall = Alice.Progress.Where(record => record.ParentActivityId == -1).ToList();
        var child = Alice.Progress.Where(record => record.ParentActivityId == overall[0].ActivityId).ToList();
        Assert.Contains(overall, record => record.StatusDescription.Contains("0 of 1 files", StringComparison.Ordinal) && record.PercentComplete > 0);
        Assert.Contains(child, record => record.Activity == "big.bin" && record.StatusDescription.Contains("iB/s", StringComparison.Ordinal) && record.SecondsRemaining >= 0);
        Assert.Equal(ProgressRecordType.Completed, overall[^1].RecordType);
        Assert.Equal(ProgressRecordType.Completed, child[^1].RecordType);

        Assert.True(Alice.Progress.Select(record => record.ActivityId).Distinct().Count() == 2);

        Alice.Succeed("$ProgressPreference = 'SilentlyContinue'; Test-P2PFile $source dev");
        Assert.Empty(Alice.Progress);
    }

    [Fact]
    public void A_share_is_stopped_without_starting_a_peer_server_and_not_offered_by_the_next_one()
    {
        Alice.Succeed("Send-P2PFile $source dev; Stop-P2PPeerServer", ("source", Alice.MakeFile("data.bin", 1000)));

        Alice.Succeed("Unpublish-P2PFile dev data.bin");

        Assert.Empty(Alice.Succeed("Get-P2PPeerServer; Get-P2PFile dev"));
        Assert.Equal(0, Alice.Succeed("$null = Start-P2PPeerServer; (Get-P2PPeerServer).SharedFiles").Single().BaseObject);
    }
}
