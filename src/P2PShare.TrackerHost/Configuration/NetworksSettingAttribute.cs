using System.ComponentModel.DataAnnotations;
using System.Net;
using P2PShare.Protocol.Names;

namespace P2PShare.TrackerHost.Configuration;

/// <summary>A setting that lists IP addresses and networks (CIDR), separated by commas.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class NetworksSettingAttribute : ValidationAttribute
{
    /// <returns>Null for text that is neither an address nor a network.</returns>
    public static IPNetwork? Parse(string text) =>
        IPNetwork.TryParse(text, out var network) ? network
        : IPAddress.TryParse(text, out var address) && text.AsSpan().IndexOfAny('.', ':') >= 0 ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
        : null;

    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
        ListSetting.Split((string?)value).FirstOrDefault(text => Parse(text) is null) is { } wrong
            ? new ValidationResult(
                $"{TrackerSettings.Section}:{validationContext.MemberName} has '{PrintableCharacter.Clean(wrong)}': IP addresses and networks, such as 192.0.2.7 or 10.1.0.0/16, separated by commas, were expected.")
            : ValidationResult.Success;
}
