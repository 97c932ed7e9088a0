using System.ComponentModel.DataAnnotations;

namespace P2PShare.TrackerHost.Configuration;

/// <summary>A setting that is the path of a folder.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class FolderSettingAttribute : ValidationAttribute
{
    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) => string.IsNullOrWhiteSpace(value as string)
        ? new ValidationResult($"{TrackerSettings.Section}:{validationContext.MemberName} is empty: the path of a folder was expected.")
        : ValidationResult.Success;
}
