using System.Reflection;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>Reads <see cref="TrackerOptions"/> from the command line, the environment and <c>appsettings.json</c>.</summary>
internal static class TrackerSettings
{
    private static readonly Dictionary<string, PropertyInfo> Known =
        typeof(TrackerOptions).GetProperties().ToDictionary(property => property.Name, StringComparer.OrdinalIgnoreCase);

    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidConfiguration"/>.</exception>
    public static IConfigurationRoot ReadConfiguration(string[] args)
    {
        try
        {
            return new ConfigurationBuilder()
                .AddJsonFile(Path.GetFullPath("appsettings.json"), optional: true, reloadOnChange: false)
                .AddEnvironmentVariables()
                .AddCommandLine(args)
                .Build();
        }
        catch (Exception e) when (e is FormatException or InvalidDataException)
        {
            throw new P2PShareException(ErrorCode.InvalidConfiguration, $"The configuration cannot be read: {e.Message} {e.GetBaseException().Message}", e);
        }
    }

    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidConfiguration"/>, naming the first setting that is wrong.</exception>
    public static TrackerOptions Read(IConfigurationRoot configuration)
    {
        var options = Read(configuration, out var problems);
        return problems is [var first, ..] ? throw new P2PShareException(ErrorCode.InvalidConfiguration, first) : options;
    }

    /// <summary>Reads what can be read, with a sentence for each setting that cannot.</summary>
    public static TrackerOptions Read(IConfigurationRoot configuration, out IReadOnlyList<string> problems)
    {
        var options = new TrackerOptions { ConnectionString = configuration.GetConnectionString("Tracker") };
        var found = new List<string>();
        foreach (var setting in configuration.GetSection(TrackerOptions.Section).GetChildren())
        {
            if (FindProblem(options, configuration, setting) is { } problem)
            {
                found.Add($"{TrackerOptions.Section}:{problem}");
            }
        }

        problems = found;
        return options;
    }

    private static string? FindProblem(TrackerOptions options, IConfigurationRoot configuration, IConfigurationSection setting)
    {
        if (!Known.TryGetValue(setting.Key, out var property))
        {
            return $"{PrintableCharacter.Clean(setting.Key)} is not a setting. The settings are {string.Join(", ", Known.Keys.Order(StringComparer.Ordinal))}.";
        }

        // Every user of the machine can read the arguments of every process.
        if (property.Name == nameof(TrackerOptions.CertificatePassword)
            && configuration.Providers.Any(provider => provider is Microsoft.Extensions.Configuration.CommandLine.CommandLineConfigurationProvider && provider.TryGet(setting.Path, out _)))
        {
            return $"{property.Name} is on the command line, which every user of this machine can read: give it in the environment ({TrackerOptions.Section}__{property.Name}), or a file with {TrackerOptions.Section}:{nameof(TrackerOptions.CertificatePasswordFile)}.";
        }

        var type = property.PropertyType;
        // By name alone: a number would be taken, too, whatever it means.
        if (type.IsEnum && !Enum.GetNames(type).Contains(setting.Value, StringComparer.OrdinalIgnoreCase))
        {
            return $"{property.Name} is '{PrintableCharacter.Clean(setting.Value ?? "")}': {string.Join(" or ", Enum.GetNames(type).Select(name => name.ToLowerInvariant()))} was expected.";
        }

        try
        {
            property.SetValue(options, setting.Get(type));
            return null;
        }
        catch (InvalidOperationException)
        {
            var expected = type == typeof(TimeSpan) ? "a time, written as [days.]hours:minutes:seconds,"
                : type == typeof(bool) ? "true or false"
                : "a whole number";
            return $"{property.Name} is '{PrintableCharacter.Clean(setting.Value ?? "")}': {expected} was expected.";
        }
    }
}
