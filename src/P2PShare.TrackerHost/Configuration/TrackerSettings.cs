using System.Reflection;
using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Options;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;

namespace P2PShare.TrackerHost.Configuration;

/// <summary>
/// The section <c>Tracker</c> of the configuration, from the command line, the environment and <c>appsettings.json</c>. Each
/// feature has an options class of its own; all of them are bound to this one section, and a key that belongs to none is refused.
/// </summary>
internal static class TrackerSettings
{
    public const string Section = "Tracker";

    private static readonly Type[] OptionTypes =
    [
        typeof(StorageOptions), typeof(AccountOptions), typeof(UserSessionOptions), typeof(GroupOptions), typeof(SharingOptions), typeof(PeerOptions), typeof(EventOptions),
        typeof(TicketOptions), typeof(RateLimitOptions), typeof(ConnectionOptions), typeof(CertificateOptions), typeof(ObservabilityOptions), typeof(LifetimeOptions),
        typeof(PackageOptions),
    ];

    private static readonly Dictionary<string, PropertyInfo> Known = OptionTypes
        .SelectMany(type => type.GetProperties())
        .Where(property => property.CanWrite)
        .ToDictionary(property => property.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>The names of all settings.</summary>
    public static IEnumerable<string> Names => Known.Keys.Order(StringComparer.Ordinal);

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

    /// <summary>Registers the options of all features, bound to the configuration and validated at the start; each by itself too, for constructors.</summary>
    public static void AddTrackerOptions(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<StorageOptions>().Configure(options => options.ConnectionString = configuration.GetConnectionString("Tracker"));
        services.AddSettings<AccountOptions>();
        services.AddSettings<UserSessionOptions>();
        services.AddSettings<GroupOptions>();
        services.AddSettings<SharingOptions>();
        services.AddSettings<PeerOptions>();
        services.AddSettings<EventOptions>();
        services.AddSettings<TicketOptions>();
        services.AddSettings<RateLimitOptions>();
        services.AddSettings<ConnectionOptions>();
        services.AddSettings<CertificateOptions>();
        services.AddSettings<ObservabilityOptions>();
        services.AddSettings<LifetimeOptions>();
        services.AddSettings<PackageOptions>();
    }

    /// <summary>The options of the configuration, checked.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidConfiguration"/>, naming the first setting that is wrong.</exception>
    public static ServiceProvider Check(IConfiguration configuration)
    {
        var options = Bind(configuration, out var problems);
        if (problems is [var first, ..])
        {
            options.Dispose();
            throw new P2PShareException(ErrorCode.InvalidConfiguration, first);
        }

        return options;
    }

    /// <summary>The options as far as they can be read; an unreadable setting keeps its default.</summary>
    /// <param name="problems">A sentence for each setting that is unknown, unreadable or out of its range.</param>
    public static ServiceProvider Bind(IConfiguration configuration, out IReadOnlyList<string> problems)
    {
        var found = FrameworkSettings.FindProblems(configuration).ToList();
        var readable = new Dictionary<string, string?> { ["ConnectionStrings:Tracker"] = configuration.GetConnectionString("Tracker") };
        foreach (var setting in configuration.GetSection(Section).GetChildren())
        {
            if (FindProblem(configuration, setting) is { } problem)
            {
                found.Add($"{Section}:{problem}");
            }
            else
            {
                readable.Add(setting.Path, setting.Value);
            }
        }

        var rest = new ConfigurationBuilder().AddInMemoryCollection(readable).Build();
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(rest);
        services.AddTrackerOptions(rest);
        var options = services.BuildServiceProvider();
        foreach (var type in OptionTypes)
        {
            try
            {
                options.GetRequiredService(type);
            }
            catch (OptionsValidationException e)
            {
                found.AddRange(e.Failures);
            }
        }

        problems = found;
        return options;
    }

    private static OptionsBuilder<TOptions> AddSettings<TOptions>(this IServiceCollection services)
        where TOptions : class
    {
        services.AddSingleton<IValidateOptions<TOptions>, AnnotationValidator<TOptions>>();
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<TOptions>>().Value);
        return services.AddOptions<TOptions>().BindConfiguration(Section).ValidateOnStart();
    }

    private static string? FindProblem(IConfiguration configuration, IConfigurationSection setting)
    {
        if (!Known.TryGetValue(setting.Key, out var property))
        {
            return $"{PrintableCharacter.Clean(setting.Key)} is not a setting. The settings are {string.Join(", ", Names)}.";
        }

        // Every user of the machine can read the arguments of every process.
        if (property.Name == nameof(CertificateOptions.CertificatePassword)
            && configuration is IConfigurationRoot root
            && root.Providers.Any(provider => provider is CommandLineConfigurationProvider && provider.TryGet(setting.Path, out _)))
        {
            return $"{property.Name} is on the command line, which every user of this machine can read: give it in the environment ({Section}__{property.Name}), or a file with {Section}:{nameof(CertificateOptions.CertificatePasswordFile)}.";
        }

        if (setting.GetChildren().Any())
        {
            return $"{property.Name} has settings below it: one value was expected.";
        }

        var type = property.PropertyType;
        // By name alone: the binder takes a number too, whatever it means.
        if (type.IsEnum && !Enum.GetNames(type).Contains(setting.Value, StringComparer.OrdinalIgnoreCase))
        {
            return $"{property.Name} is '{PrintableCharacter.Clean(setting.Value ?? "")}': {string.Join(" or ", Enum.GetNames(type).Select(name => name.ToLowerInvariant()))} was expected.";
        }

        try
        {
            setting.Get(type);
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
