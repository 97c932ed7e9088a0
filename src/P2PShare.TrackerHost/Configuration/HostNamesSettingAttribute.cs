using System.ComponentModel.DataAnnotations;
using P2PShare.Protocol.Names;

namespace P2PShare.TrackerHost.Configuration;

/// <summary>A setting that lists host names, separated by commas.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class HostNamesSettingAttribute : ValidationAttribute
{
    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
        ListSetting.Split((string?)value).FirstOrDefault(name => Uri.CheckHostName(name) == UriHostNameType.Unknown) is { } wrong
            ? new ValidationResult(
                $"{TrackerSettings.Section}:{validationContext.MemberName} has '{PrintableCharacter.Clean(wrong)}': host names without a port, separated by commas, were expected.")
            : ValidationResult.Success;
}
