namespace P2PShare.Integration.Cmdlets;

public sealed class TestP2PFileTests : CmdletTest
{
    [Fact]
    public void Local_files_match_differ_or_are_missing()
    {
        Share("same.bin", "other.bin", "longer.bin", "gone.bin");
        File.Copy(Alice.Combine("same.bin"), Bob.Combine("same.bin"));
        Bob.MakeFile("other.bin", 100_000);
        Bob.MakeFile("longer.bin", 100_001);

        var tests = Bob.Succeed("Get-P2PFile dev | Test-P2PFile -Path $folder", ("folder", Bob.Folder));

        Assert.Equal(
            ["gone.bin Missing", "longer.bin Different", "other.bin Different", "same.bin Match"],
            tests.Select(test => $"{test.Properties["Name"].Value} {test.Properties["Result"].Value}"));
        Assert.Equal(Bob.Combine("same.bin"), tests[3].Properties["Path"].Value);
        Assert.Equal(tests[3].Properties["PiecesRoot"].Value, tests[3].Properties["ActualPiecesRoot"].Value);
        Assert.NotEqual(tests[2].Properties["PiecesRoot"].Value, tests[2].Properties["ActualPiecesRoot"].Value);
        Assert.Empty(Bob.Succeed("Get-P2PPeerServer"));
    }

    [Fact]
    public void A_file_is_tested_by_its_own_name_or_by_a_given_one()
    {
        Share("data.bin");
        var copy = Bob.Combine("copy.bin");
        File.Copy(Alice.Combine("data.bin"), copy);

        Assert.Equal("FileNotFound", Bob.Fail("Test-P2PFile $copy dev", ("copy", copy)));
        Assert.Equal([true], Bob.Succeed("Test-P2PFile -Path $copy -Group dev -Name data.bin -Quiet").Select(test => test.BaseObject));
        Assert.Equal([true], Bob.Succeed("Test-P2PFile -LiteralPath $copy -Group dev -Name data.bin -Quiet").Select(test => test.BaseObject));
        Assert.Equal([true], Bob.Succeed("Get-P2PFile dev | Test-P2PFile $copy -Quiet").Select(test => test.BaseObject));
        File.Move(copy, Bob.Combine("data.bin"));
        Assert.Equal("Match", Bob.Succeed("(Test-P2PFile $data dev).Result.ToString()", ("data", Bob.Combine("data.bin"))).Single().BaseObject);
        Assert.Equal([true], Bob.Succeed("[IO.FileInfo]$data | Test-P2PFile -Group dev -Quiet").Select(test => test.BaseObject));
        Assert.Equal([false], Bob.Succeed("Test-P2PFile /nowhere/data.bin dev -Quiet").Select(test => test.BaseObject));
    }

    [Fact]
    public void A_folder_is_tested_for_all_files_of_the_group()
    {
        Alice.MakeFile("site/index.html", 500);
        Alice.MakeFile("site/img/logo.png", 90_000);
        Alice.Succeed("Send-P2PFile $site -Recurse -Group dev", ("site", Alice.Combine("site")));

        Assert.Equal(["Match", "Match"], Alice.Succeed("(Test-P2PFile $root dev).Result.ForEach('ToString')", ("root", Alice.Folder)).Select(result => result.BaseObject));
        Assert.Equal(["Missing"], Bob.Succeed("(Test-P2PFile $root dev 'site/img/*').Result.ForEach('ToString')", ("root", Bob.Folder)).Select(result => result.BaseObject));
        Assert.Equal(["Missing", "Missing"], Bob.Succeed("(Get-P2PFile dev | Test-P2PFile -Path \"$root/none\").Result.ForEach('ToString')").Select(result => result.BaseObject));
    }

    [Fact]
    public void An_empty_file_matches_an_empty_one()
    {
        Alice.Succeed("Send-P2PFile $source dev", ("source", Alice.MakeFile("empty", 0)));
        Assert.Equal([false], Bob.Succeed("Get-P2PFile dev | Test-P2PFile $folder -Quiet", ("folder", Bob.Folder)).Select(test => test.BaseObject));

        Bob.MakeFile("empty", 0);

        Assert.Equal([true], Bob.Succeed("Get-P2PFile dev | Test-P2PFile $folder -Quiet").Select(test => test.BaseObject));
    }

    [Fact]
    public void Bad_input_is_an_error_and_the_rest_is_tested()
    {
        Share("data.bin");
        Alice.Succeed("Get-P2PFile nothing* | Test-P2PFile; Test-P2PFile $pattern dev; Test-P2PFile $folder dev nothing*", ("pattern", Alice.Combine("nothing*")), ("folder", Alice.Folder));
        Assert.Equal("FileNotFound", Alice.Fail("Test-P2PFile $folder dev missing.bin"));
        Assert.Equal("GroupNotFound", Alice.Fail("Test-P2PFile $folder nogroup"));
        Assert.Equal("PathUnreadable", Alice.Fail("Test-P2PFile Env:/PATH dev"));
        Assert.Single(Alice.Run("@($null) + @(Get-P2PFile dev) | Test-P2PFile $folder"));
        Assert.Single(Alice.Errors);
        using var nobody = new TestShell();
        Assert.Equal("NotLoggedIn", nobody.Fail("Test-P2PFile x dev"));
    }

    private void Share(params string[] names)
    {
        foreach (var name in names)
        {
            Alice.Succeed("Send-P2PFile $source dev", ("source", Alice.MakeFile(name, 100_000)));
        }
    }
}
