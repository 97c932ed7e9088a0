// Makes the pictures of README.md from a real session in a real terminal: 'dotnet run docs/pictures/make.cs', after 'dotnet build'.
// Needs tmux and PowerShell (pwsh). What is seen is typed into pwsh and taken from the screen as it is, with its colours.
#:property PublishAot=false
#:property InvariantGlobalization=true

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;

const int Columns = 108;
var pictures = Path.GetDirectoryName(ThisFile())!;
var repository = Path.GetFullPath(Path.Combine(pictures, "..", ".."));
var folder = Directory.CreateTempSubdirectory("p2pshare-pictures-").FullName;
var socket = $"p2pshare-pictures-{Environment.ProcessId}";
try
{
    // A tracker, Alice with two files, and two more who have them already: Bob, at whom we look, receives from three.
    await File.WriteAllTextAsync(Path.Combine(folder, "stage.ps1"), $$"""
        $ProgressPreference = 'SilentlyContinue'
        Import-Module '{{repository}}/out/P2PShare'
        $tracker = Start-P2PTracker -Port {{FreePort()}} -DataPath tracker
        $password = ConvertTo-SecureString 'correct horse battery' -AsPlainText
        foreach ($user in 'alice', 'carol', 'dave', 'bob') {
            $null = New-P2PUser $tracker.Address -UserName $user -Password $password -Fingerprint $tracker.Fingerprint -StatePath $user
            if ($user -eq 'bob') { continue }
            Set-Variable $user (Connect-P2PTracker $tracker.Address -UserName $user -Password $password -StatePath $user)
            # Slow enough that one can look: loopback would be done before the first bar is drawn.
            $null = Start-P2PPeerServer -Session (Get-Variable $user -ValueOnly) -UploadLimit 8MB
        }
        $null = New-P2PGroup builds -Session $alice
        $null = New-P2PGroup datasets -Session $carol
        foreach ($size in @{ Name = 'windows-2026.vhdx'; Size = 180MB }, @{ Name = 'debian-14.qcow2'; Size = 110MB }, @{ Name = 'release-notes.md'; Size = 18KB }) {
            [IO.File]::WriteAllBytes((Join-Path $PWD $size.Name), [Security.Cryptography.RandomNumberGenerator]::GetBytes($size.Size))
            $null = Send-P2PFile $size.Name -Group builds -Session $alice
        }
        foreach ($session in $carol, $dave) {
            $null = Join-P2PGroup builds -Session $session
            Get-P2PJoinRequest builds -Session $alice | Approve-P2PJoinRequest -Session $alice
            $null = Send-P2PFile windows-2026.vhdx, debian-14.qcow2 -Group builds -Session $session
        }
        "$($tracker.Address) $($tracker.Fingerprint)" | Set-Content tracker_info.txt
        'ready' | Set-Content ready
        while (-not (Test-Path joined)) { Start-Sleep -Milliseconds 100 }
        Get-P2PJoinRequest builds -Session $alice | Approve-P2PJoinRequest -Session $alice
        'ready' | Set-Content approved
        Start-Sleep 600
        """);
    await File.WriteAllTextAsync(Path.Combine(folder, "bob.ps1"), $$"""
        $PSStyle.Progress.MaxWidth = {{Columns}}
        Import-Module '{{repository}}/out/P2PShare'
        $at = (Get-Content tracker_info.txt) -split ' '
        $password = ConvertTo-SecureString 'correct horse battery' -AsPlainText
        $null = Connect-P2PTracker $at[0] -UserName bob -Password $password -Fingerprint $at[1] -StatePath bob
        $null = Join-P2PGroup builds
        'asked' | Set-Content joined
        while (-not (Test-Path approved)) { Start-Sleep -Milliseconds 100 }
        Set-PSReadLineOption -HistorySaveStyle SaveNothing -PredictionSource None
        function prompt { 'PS> ' }
        Clear-Host
        """);

    Tmux("new-session", "-d", "-s", "stage", "-c", folder, "pwsh -NoProfile -File stage.ps1 > stage.log 2>&1");
    await UntilAsync("the stage is set", () => File.Exists(Path.Combine(folder, "ready")), () => File.ReadAllText(Path.Combine(folder, "stage.log")));
    Tmux("new-session", "-d", "-s", "bob", "-x", $"{Columns}", "-y", "34", "-c", folder, "pwsh -NoProfile -NoLogo -NoExit -File bob.ps1");
    await UntilAsync("Bob's prompt", () => Screen().Trim() == "PS>", () => Screen());

    Type("Get-P2PFile builds");
    await UntilAsync("the files", () => Screen().TrimEnd().EndsWith("PS>", StringComparison.Ordinal) && Screen().Contains("vhdx"), () => Screen());
    Type("Get-P2PFile builds -Name *.vhdx, *.qcow2 | Receive-P2PFile -Destination ./images");
    await UntilAsync("bars at half", () => Screen().Contains("3 sources") && Percent(Screen()) is >= 40 and < 100, () => Screen());
    Write("download.svg", Screen(coloured: true));
    await UntilAsync("the download's end", () => Screen().TrimEnd().EndsWith("PS>", StringComparison.Ordinal), () => Screen());

    Tmux("send-keys", "-t", "bob", "C-l");
    await UntilAsync("an empty screen", () => Screen().Trim() == "PS>", () => Screen());
    foreach (var line in (string[])["Get-P2PGroup", "Get-P2PFile builds", "Get-P2PDownload", "Get-P2PPeerServer"])
    {
        var prompts = Prompts();
        Type(line);
        await UntilAsync($"{line}'s table", () => Prompts() > prompts, () => Screen());
    }

    Write("tables.svg", Screen(coloured: true));
    return 0;
}
catch (TimeoutException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
finally
{
    Tmux("kill-server");
    await Task.Delay(TimeSpan.FromSeconds(2));
    Directory.Delete(folder, recursive: true);
}

void Type(string line)
{
    Tmux("send-keys", "-t", "bob", "-l", line);
    Tmux("send-keys", "-t", "bob", "Enter");
}

string Screen(bool coloured = false) => coloured ? Tmux("capture-pane", "-p", "-e", "-t", "bob") : Tmux("capture-pane", "-p", "-t", "bob");

int Prompts() => Screen().Split('\n').Count(line => line.StartsWith("PS>", StringComparison.Ordinal));

void Write(string name, string screen)
{
    File.WriteAllText(Path.Combine(pictures, name), Svg.Render(screen, Columns));
    Console.WriteLine($"docs/pictures/{name}");
}

string Tmux(params string[] arguments)
{
    var start = new ProcessStartInfo("tmux") { RedirectStandardOutput = true, RedirectStandardError = true };
    foreach (var argument in (string[])["-L", socket, "-f", "/dev/null", .. arguments])
    {
        start.ArgumentList.Add(argument);
    }

    start.Environment["TERM"] = "xterm-256color";
    start.Environment.Remove("NO_COLOR");
    using var process = Process.Start(start)!;
    var output = process.StandardOutput.ReadToEnd();
    process.WaitForExit();
    return output;
}

// Of the bar over all files, the first on the screen.
static double Percent(string screen) => System.Text.RegularExpressions.Regex.Match(screen, @"([\d.]+) of ([\d.]+) MiB") is { Success: true } match
    ? 100 * double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) / double.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture)
    : 0;

static async Task UntilAsync(string what, Func<bool> condition, Func<string> explanation)
{
    var deadline = Stopwatch.StartNew();
    while (!condition())
    {
        if (deadline.Elapsed > TimeSpan.FromMinutes(1))
        {
            throw new TimeoutException($"Waited in vain for {what}:\n{explanation()}");
        }

        await Task.Delay(100);
    }
}

static int FreePort()
{
    using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
    listener.Start();
    return ((IPEndPoint)listener.LocalEndpoint).Port;
}

static string ThisFile([CallerFilePath] string path = "") => path;

/// <summary>A terminal's screen as text in an SVG: letters that can be read, marked and scaled, on light and on dark pages.</summary>
internal static class Svg
{
    private const double CellWidth = 8.4;
    private const int LineHeight = 18;
    private const int Border = 14;

    // The colours of a dark terminal, normal and bright; the picture brings its own background.
    private static readonly string[] Palette =
    [
        "#484f58", "#ff7b72", "#3fb950", "#d29922", "#58a6ff", "#bc8cff", "#39c5cf", "#b1bac4",
        "#8b949e", "#ffa198", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#ffffff",
    ];

    /// <param name="screen">Lines with the escape sequences for colours (SGR).</param>
    public static string Render(string screen, int columns)
    {
        var lines = screen.TrimEnd().Split('\n');
        var width = (int)(columns * CellWidth) + (2 * Border);
        var height = (lines.Length * LineHeight) + (2 * Border);
        var svg = new StringBuilder();
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">""");
        svg.AppendLine("""<style>text { font: 14px ui-monospace, "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre; fill: #e6edf3 }</style>""");
        svg.AppendLine("""<rect width="100%" height="100%" rx="8" fill="#0d1117" stroke="#30363d"/>""");
        var style = new Style();
        for (var row = 0; row < lines.Length; row++)
        {
            var column = 0;
            foreach (var (text, look) in Runs(lines[row], style))
            {
                Draw(svg, text, look, Border + (column * CellWidth), Border + (row * LineHeight));
                column += new StringInfo(text).LengthInTextElements;
            }
        }

        return svg.AppendLine("</svg>").ToString();
    }

    private static void Draw(StringBuilder svg, string text, Style look, double x, int y)
    {
        var length = new StringInfo(text).LengthInTextElements * CellWidth;
        var (ink, paper) = look.Reverse ? (look.Paper ?? "#0d1117", look.Ink ?? "#e6edf3") : (look.Ink, look.Paper);
        if (paper is not null)
        {
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<rect x="{x:0.#}" y="{y}" width="{length:0.#}" height="{LineHeight}" fill="{paper}"/>""");
        }

        if (text.Trim().Length > 0)
        {
            var fill = ink is null ? "" : $" style=\"fill:{ink}\"";
            var weight = look.Bold ? " font-weight=\"bold\"" : "";
            // Each run at its place and length: another font does not move the columns.
            svg.AppendLine(CultureInfo.InvariantCulture,
                $"""<text x="{x:0.#}" y="{y + 13}" textLength="{length:0.#}" xml:space="preserve"{fill}{weight}>{WebUtility.HtmlEncode(text)}</text>""");
        }
    }

    private static IEnumerable<(string Text, Style Look)> Runs(string line, Style style)
    {
        foreach (var (part, index) in line.Split("\e[").Select((part, index) => (part, index)))
        {
            var text = part;
            if (index > 0)
            {
                var end = part.IndexOf('m', StringComparison.Ordinal);
                style.Apply(part[..end]);
                text = part[(end + 1)..];
            }

            if (text.Length > 0)
            {
                yield return (text, style.Copy());
            }
        }
    }

    private sealed class Style
    {
        public string? Ink { get; private set; }

        public string? Paper { get; private set; }

        public bool Bold { get; private set; }

        public bool Reverse { get; private set; }

        public Style Copy() => (Style)MemberwiseClone();

        public void Apply(string codes)
        {
            var numbers = codes.Split(';').Select(code => code.Length == 0 ? 0 : int.Parse(code, CultureInfo.InvariantCulture)).ToArray();
            for (var at = 0; at < numbers.Length; at++)
            {
                switch (numbers[at])
                {
                    case 0:
                        (Ink, Paper, Bold, Reverse) = (null, null, false, false);
                        break;
                    case 1:
                        Bold = true;
                        break;
                    case 22:
                        Bold = false;
                        break;
                    case 7:
                        Reverse = true;
                        break;
                    case 27:
                        Reverse = false;
                        break;
                    case >= 30 and <= 37:
                        Ink = Palette[numbers[at] - 30];
                        break;
                    case >= 90 and <= 97:
                        Ink = Palette[numbers[at] - 82];
                        break;
                    case >= 40 and <= 47:
                        Paper = Palette[numbers[at] - 40];
                        break;
                    case >= 100 and <= 107:
                        Paper = Palette[numbers[at] - 92];
                        break;
                    case 39:
                        Ink = null;
                        break;
                    case 49:
                        Paper = null;
                        break;
                    case 38 or 48:
                        var ink = numbers[at] == 38;
                        var colour = numbers[at + 1] == 2
                            ? $"#{numbers[at + 2]:x2}{numbers[at + 3]:x2}{numbers[at + 4]:x2}"
                            : Indexed(numbers[at + 2]);
                        at += numbers[at + 1] == 2 ? 4 : 2;
                        (Ink, Paper) = ink ? (colour, Paper) : (Ink, colour);
                        break;
                }
            }
        }

        private static string Indexed(int number)
        {
            static int Level(int step) => step == 0 ? 0 : 55 + (40 * step);
            return number switch
            {
                < 16 => Palette[number],
                < 232 => $"#{Level((number - 16) / 36):x2}{Level((number - 16) / 6 % 6):x2}{Level((number - 16) % 6):x2}",
                _ => $"#{8 + ((number - 232) * 10):x2}{8 + ((number - 232) * 10):x2}{8 + ((number - 232) * 10):x2}",
            };
        }
    }
}
