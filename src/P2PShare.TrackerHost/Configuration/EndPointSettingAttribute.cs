using System.ComponentModel.DataAnnotations;
using System.Net;
using P2PShare.Protocol.Names;

namespace P2PShare.TrackerHost.Configuration;

/// <summary>A setting that is an IP address and a port, or empty.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class EndPointSettingAttribute : ValidationAttribute
{
    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext)
    {
        var text = (string?)value;
        // Without a port, IPEndPoint takes port 0: a free one, which an operator would have to look for.
        return string.IsNullOrEmpty(text) || (IPEndPoint.TryParse(text, out var endPoint) && text.EndsWith($":{endPoint.Port}", StringComparison.Ordinal))
            ? ValidationResult.Success
            : new ValidationResult(
                $"{TrackerSettings.Section}:{validationContext.MemberName} is '{PrintableCharacter.Clean(text)}': an IP address and a port were expected, such as 127.0.0.1:9464.");
    }
}
