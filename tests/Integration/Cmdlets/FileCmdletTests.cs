using System.Management.Automation;

namespace P2PShare.Integration.Cmdlets;

public sealed class FileCmdletTests : CmdletTest
{
    [Fact]
    public void Names_that_differ_only_in_case_are_two_files_and_marked()
    {
        foreach (var name in new[] { "Readme.md", "README.md", "other.md" })
        {
            Alice.Succeed("$null = Send-P2PFile $source dev -Name $name", ("source", Alice.MakeFile(name, 10)), ("name", name));
        }

        Assert.Equal(
            ["README.md True", "Readme.md True", "other.md False"],
            Alice.Succeed("Get-P2PFile dev | ForEach-Object { \"$($_.Name) $($_.CaseConflict)\" }").Select(text => text.ToString()!).Order(StringComparer.Ordinal));
        var table = Alice.Succeed("Get-P2PFile dev | Format-Table | Out-String -Width 120").Single().ToString()!;
        Assert.Contains("README.md (case)", table, StringComparison.Ordinal);
        Assert.DoesNotContain("other.md (case)", table, StringComparison.Ordinal);

        // A folder that distinguishes them gets both.
        Bob.Succeed("Get-P2PFile dev | Receive-P2PFile -Destination $to", ("to", Bob.Combine("to")));
        Assert.Equal(3, Directory.GetFiles(Bob.Combine("to")).Length);
    }

    [Fact]
    public void A_file_goes_from_one_person_to_another_through_a_group()
    {
        var source = Alice.MakeFile("data.bin", 3_000_000);
        var shared = Alice.Succeed("Send-P2PFile -Path $source -Group dev", ("source", source)).Single();
        Assert.Equal("data.bin", shared.Properties["Name"].Value);
        Assert.Equal(3_000_000L, shared.Properties["Size"].Value);
        Assert.Matches("^[0-9a-f]{64}$", (string)shared.Properties["PiecesRoot"].Value);

        Bob.Succeed("Get-P2PFile -Group dev | Receive-P2PFile -Destination $to", ("to", Bob.Combine("got")));

        Assert.Equal(File.ReadAllBytes(source), File.ReadAllBytes(Bob.Combine("got", "data.bin")));
        Assert.Equal("Complete", Bob.Succeed("(Get-P2PDownload data.bin).State.ToString()").Single().BaseObject);
    }

    [Fact]
    public void PassThru_writes_the_received_file_and_without_it_nothing_is_written()
    {
        Alice.Succeed("Send-P2PFile $source dev", ("source", Alice.MakeFile("data.bin", 100_000)));

        Assert.Empty(Bob.Succeed("Receive-P2PFile dev data.bin -Destination $to", ("to", Bob.Combine("one"))));
        var file = Assert.IsType<FileInfo>(Bob.Succeed("Receive-P2PFile dev data.bin -Destination $to -PassThru", ("to", Bob.Combine("two"))).Single().BaseObject);

        Assert.Equal(Bob.Combine("two", "data.bin"), file.FullName);
    }

    [Theory]
    [InlineData("data.bin", "")]
    [InlineData("part[1].bin", "")]
    [InlineData("data.bin", "$null = $ExecutionContext.SessionState.Path.SetLocation('Variable:')")]
    public void A_received_file_looks_as_Get_Item_shows_it(string name, string before)
    {
        Alice.Succeed("Send-P2PFile -LiteralPath $source -Group dev", ("source", Alice.MakeFile(name, 1000)));
        Bob.Succeed(before);

        var received = Bob.Succeed("Receive-P2PFile dev $name -Destination \"FileSystem::$to\" -PassThru", ("to", Bob.Folder), ("name", name)).Single();

        // What Get-Item does; the engine alone has no Get-Item. Where the bytes came from is added.
        var item = Bob.Succeed("$ExecutionContext.InvokeProvider.Item.Get(@(\"FileSystem::$to/$name\"), $true, $true)").Single();
        var (expected, actual) = (Members(item), Members(received));
        Assert.Contains("PSPath", expected);
        Assert.Equal(OperatingSystem.IsWindows(), !expected.Contains("UnixStat"));
        Assert.Equal([.. expected.Concat(["BytesFetched", "BytesReused", "BytesZero"]).Order()], actual);
        Assert.Equal(item.Properties["PSPath"].Value, received.Properties["PSPath"].Value);
        Assert.Equal(Bob.Combine(name), Assert.IsType<FileInfo>(received.BaseObject).FullName);

        static List<string> Members(PSObject value) => [.. value.Properties.Select(property => property.Name).Where(member => member != "PSDrive").Order()];
    }

    [Fact]
    public void A_folder_keeps_its_relative_names()
    {
        Alice.MakeFile(Path.Combine("site", "index.html"), 500);
        Alice.MakeFile(Path.Combine("site", "img", "logo.png"), 90_000);

        var shared = Alice.Succeed("Send-P2PFile $site -Recurse -Group dev", ("site", Alice.Combine("site")));
        Assert.Equal(["site/img/logo.png", "site/index.html"], shared.Select(file => (string)file.Properties["Name"].Value).Order());

        Bob.Succeed("Get-P2PFile dev 'site/*' | Receive-P2PFile -Destination $to", ("to", Bob.Folder));
        Assert.Equal(
            File.ReadAllBytes(Alice.Combine("site", "img", "logo.png")), File.ReadAllBytes(Bob.Combine("site", "img", "logo.png")));
    }

    [Fact]
    public void An_empty_file_is_received_without_any_peer()
    {
        Alice.Succeed("Send-P2PFile $source dev; Stop-P2PPeerServer", ("source", Alice.MakeFile("empty", 0)));
        Assert.Null(Bob.Succeed("Get-P2PFile dev").Single().Properties["PiecesRoot"].Value);

        Bob.Succeed("Get-P2PFile dev | Receive-P2PFile -Destination $to", ("to", Bob.Folder));

        Assert.Equal(0, new FileInfo(Bob.Combine("empty")).Length);
    }

    [Fact]
    public void Files_come_from_the_pipeline_under_their_names_into_several_groups()
    {
        Alice.Succeed("New-P2PGroup ops");
        Alice.MakeFile("a.txt", 10);
        Alice.MakeFile("b.txt", 20);

        Alice.Succeed("[IO.FileInfo]$a, [IO.FileInfo]$b | Send-P2PFile -Group dev, ops", ("a", Alice.Combine("a.txt")), ("b", Alice.Combine("b.txt")));

        Assert.Equal(["a.txt", "b.txt", "a.txt", "b.txt"], Alice.Succeed("(Get-P2PFile dev, ops).Name").Select(name => name.BaseObject));
        Assert.Equal(["b.txt"], Bob.Succeed("(Get-P2PGroup dev | Get-P2PFile -Name b*).Name").Select(name => name.BaseObject));
    }

    [Fact]
    public void A_file_can_be_shared_under_another_name()
    {
        Alice.Succeed("Send-P2PFile $source dev -Name 'release/1.0.bin'", ("source", Alice.MakeFile("x.bin", 10)));

        Assert.Equal("release/1.0.bin", Bob.Succeed("(Get-P2PFile dev).Name").Single().BaseObject);
        Assert.Equal("InvalidFileName", Alice.Fail("Send-P2PFile $source dev -Name '../x'"));
    }

    [Fact]
    public void A_file_that_cannot_be_shared_has_its_own_error_id_and_the_others_are_shared()
    {
        Alice.MakeFile("good.txt", 10);
        var shared = Alice.Run(
            "Send-P2PFile -LiteralPath $missing, $folder, $good -Group dev",
            ("missing", Alice.Combine("missing")), ("folder", Alice.Folder), ("good", Alice.Combine("good.txt")));

        Assert.Equal(["PathNotFound", "PathIsFolder"], Alice.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]));
        Assert.Equal("good.txt", shared.Single().Properties["Name"].Value);
        Assert.Equal("PathNotFound", Alice.Fail("Send-P2PFile $missing dev"));
        Assert.Equal("PathUnreadable", Alice.Fail("Send-P2PFile Env:PATH dev"));
        Assert.Equal("NotMember", Alice.Fail("$null = New-P2PUser -UserName eve -Password $password; $eve = Connect-P2PTracker $tracker -UserName eve -Password $password -Fingerprint $fingerprint -StatePath $missing; Send-P2PFile $good dev -Session $eve"));
        Assert.Equal("GroupNotFound", Alice.Fail("Send-P2PFile $good nogroup -Session $session"));
    }

    [Fact]
    public void A_taken_name_is_refused_until_its_owner_forces_it()
    {
        var source = Alice.MakeFile("data.bin", 1000);
        Alice.Succeed("Send-P2PFile $source dev", ("source", source));
        Assert.Equal("NotSharer", Bob.Fail("Send-P2PFile $source dev -Force", ("source", Bob.MakeFile("data.bin", 1000))));
        Alice.MakeFile("data.bin", 2000);
        Assert.Equal("FileNameTaken", Alice.Fail("Send-P2PFile $source dev"));

        Alice.Succeed("Send-P2PFile $source dev -Force");

        Assert.Equal(2000L, Bob.Succeed("(Get-P2PFile dev data.bin).Size").Single().BaseObject);
    }

    [Fact]
    public void A_name_that_is_not_shared_is_an_error_and_a_pattern_is_not()
    {
        Assert.Equal("FileNotFound", Bob.Fail("Get-P2PFile dev missing.bin"));
        Assert.Equal("FileNotFound", Bob.Fail("Receive-P2PFile dev missing.bin"));
        Assert.Empty(Bob.Succeed("Get-P2PFile dev *.bin; Receive-P2PFile dev *.bin"));
        Assert.Equal("GroupNotFound", Bob.Fail("Get-P2PFile nogroup"));
    }

    [Fact]
    public void An_existing_file_is_kept_unless_forced()
    {
        Alice.Succeed("Send-P2PFile $source dev", ("source", Alice.MakeFile("data.bin", 1000)));
        var mine = Bob.MakeFile("data.bin", 7);

        Assert.Equal("DestinationExists", Bob.Fail("Receive-P2PFile dev data.bin -Destination $to", ("to", Bob.Folder)));
        Assert.Equal(7, new FileInfo(mine).Length);

        Bob.Succeed("Receive-P2PFile dev data.bin -Destination $to -Force");
        Assert.Equal(1000, new FileInfo(mine).Length);
    }

    [Fact]
    public void A_destination_that_is_not_a_folder_is_refused()
    {
        Alice.Succeed("Send-P2PFile $source dev", ("source", Alice.MakeFile("data.bin", 1000)));

        Assert.Equal("DestinationInvalid", Bob.Fail("Receive-P2PFile dev data.bin -Destination $to", ("to", Bob.MakeFile("file", 1))));
        Assert.Equal("DestinationInvalid", Bob.Fail("Receive-P2PFile dev data.bin -Destination Env:/"));
        Assert.Equal("DestinationInvalid", Bob.Fail("Receive-P2PFile dev data.bin -Destination nodrive:/x"));
    }

    [Fact]
    public void A_destination_is_taken_as_it_is_written()
    {
        Alice.Succeed("Send-P2PFile $source dev", ("source", Alice.MakeFile("data.bin", 1000)));

        Bob.Succeed("Receive-P2PFile dev data.bin -Destination \"$to/a[1]*\"", ("to", Bob.Folder));

        Assert.True(File.Exists(Bob.Combine("a[1]*", "data.bin")));
    }

    [Fact]
    public void A_file_is_written_as_soon_as_it_is_complete()
    {
        Alice.Succeed(
            "$null = Start-P2PPeerServer -UploadLimit 300KB; [IO.FileInfo]$small, [IO.FileInfo]$big | Send-P2PFile -Group dev",
            ("small", Alice.MakeFile("z-small.bin", 1000)), ("big", Alice.MakeFile("a-big.bin", 1_500_000)));

        var others = Bob.Succeed("""
            Get-P2PFile dev | Receive-P2PFile -Destination $to -PassThru |
                ForEach-Object { "$($_.Name) $(Get-P2PDownload -State Running | ForEach-Object Name)" }
            """, ("to", Bob.Folder));

        Assert.Equal(["z-small.bin a-big.bin", "a-big.bin "], others.Select(line => line.BaseObject));
    }

    [Fact]
    public void Of_hundreds_of_files_each_is_received_or_has_one_error()
    {
        for (var i = 0; i < 300; i++)
        {
            Alice.MakeFile($"many/{i:000}.bin", 100 + i);
        }

        Alice.Succeed("$null = Send-P2PFile $many -Recurse -Group dev", ("many", Alice.Combine("many")));
        for (var i = 5; i < 300; i += 30)
        {
            Bob.MakeFile($"many/{i:000}.bin", 1);
        }

        var received = Bob.Run("""
            1..1000 | ForEach-Object { [pscustomobject]@{ Group = 'dev'; Name = 'many/{0:000}.bin' -f ($_ - 1) } } |
                Receive-P2PFile -Destination $to -PassThru -ErrorVariable failures -ErrorAction SilentlyContinue
            """, ("to", Bob.Folder));

        Assert.Equal(290, received.Count);
        var codes = Bob.Succeed("$failures | ForEach-Object { $_.Exception.Code }").CountBy(code => (string)code.BaseObject);
        Assert.Equal(["[DestinationExists, 10]", "[FileNotFound, 700]"], codes.Select(code => code.ToString()).Order());
    }

    [Fact]
    public void One_file_that_fails_does_not_stop_the_others()
    {
        for (var i = 0; i < 20; i++)
        {
            Alice.MakeFile($"many/{i:00}.bin", 1000 + i);
        }

        Alice.Succeed("Send-P2PFile $many -Recurse -Group dev", ("many", Alice.Combine("many")));
        Bob.MakeFile("many/07.bin", 1);

        var received = Bob.Run("Get-P2PFile dev | Receive-P2PFile -Destination $to -PassThru -ThrottleLimit 3", ("to", Bob.Folder));

        Assert.Equal(19, received.Count);
        Assert.Equal("DestinationExists", Assert.Single(Bob.Errors).FullyQualifiedErrorId.Split(',')[0]);
        Assert.Equal("dev: many/07.bin", Bob.Errors[0].TargetObject.ToString());
    }

    [Fact]
    public void An_object_with_a_group_and_a_name_is_enough_and_a_file_is_received_once()
    {
        Alice.Succeed("Send-P2PFile $source dev", ("source", Alice.MakeFile("data.bin", 1000)));

        var received = Bob.Succeed("""
            $one = [pscustomobject]@{ Group = 'dev'; Name = 'data.bin' }
            $one, $one, $one | Receive-P2PFile -Destination $to -PassThru
            """, ("to", Bob.Folder));

        Assert.Single(received);
    }

    [Fact]
    public void WhatIf_shares_receives_and_unpublishes_nothing()
    {
        var source = Alice.MakeFile("data.bin", 1000);
        Alice.Succeed("Send-P2PFile $source dev -WhatIf", ("source", source));
        Assert.Empty(Bob.Succeed("Get-P2PFile dev"));

        Alice.Succeed("Send-P2PFile $source dev; Unpublish-P2PFile dev data.bin -WhatIf");
        Bob.Succeed("Get-P2PFile dev | Receive-P2PFile -Destination $to -WhatIf", ("to", Bob.Combine("got")));

        Assert.Single(Bob.Succeed("Get-P2PFile dev"));
        Assert.False(Directory.Exists(Bob.Combine("got")));
    }

    [Fact]
    public void Many_names_are_withdrawn_each_by_itself_whatever_its_case()
    {
        // More than are looked up one by one, and one of them is the beginning of a name that stays.
        var folder = Directory.CreateDirectory(Alice.Combine("many")).FullName;
        foreach (var name in Enumerable.Range(0, 30).Select(i => $"f{i}.bin").Append("f1.bin.old"))
        {
            Alice.MakeFile(Path.Combine("many", name), 100);
        }

        Alice.Succeed("Send-P2PFile $folder dev -Recurse", ("folder", folder));

        Alice.Succeed("0..29 | ForEach-Object { [pscustomobject]@{ Group = 'dev'; Name = \"many/F$_.BIN\" } } | Unpublish-P2PFile");

        Assert.Equal("many/f1.bin.old", Assert.Single(Bob.Succeed("(Get-P2PFile dev).Name")).BaseObject);
    }

    [Fact]
    public void Only_the_user_who_shared_a_file_stops_its_share()
    {
        Alice.Succeed("Send-P2PFile $source dev", ("source", Alice.MakeFile("data.bin", 1000)));
        Assert.Equal("NotSharer", Bob.Fail("Unpublish-P2PFile dev data.bin"));
        Bob.Succeed("Unpublish-P2PFile dev *");

        Alice.Succeed("Get-P2PFile dev | Unpublish-P2PFile");

        Assert.Empty(Bob.Succeed("Get-P2PFile dev"));
        Assert.Equal("FileNotFound", Alice.Fail("Unpublish-P2PFile dev data.bin"));
        Assert.True(File.Exists(Alice.Combine("data.bin")));
    }

    [Fact]
    public void A_share_survives_the_shell_unless_the_file_changed()
    {
        Alice.MakeFile("same.bin", 1000);
        var changing = Alice.MakeFile("changing.bin", 1000);
        Alice.Succeed("[IO.FileInfo]$a, [IO.FileInfo]$b | Send-P2PFile -Group dev; Stop-P2PPeerServer", ("a", Alice.Combine("same.bin")), ("b", changing));
        File.AppendAllText(changing, "more");

        Alice.Succeed("$null = Start-P2PPeerServer");

        Assert.Contains("changing.bin", Assert.Single(Alice.Warnings).Message, StringComparison.Ordinal);
        Bob.Succeed("Receive-P2PFile dev same.bin -Destination $to", ("to", Bob.Folder));
        Assert.Equal(1L, Alice.Succeed("[long](Get-P2PPeerServer).SharedFiles").Single().BaseObject);
    }
}
