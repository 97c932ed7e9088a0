using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace P2PShare.TrackerHost.Configuration;

/// <summary>The range of a setting, ends included: a whole number or a <see cref="TimeSpan"/>.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SettingRangeAttribute : RangeAttribute
{
    public SettingRangeAttribute(int minimum, int maximum)
        : base(minimum, maximum)
    {
    }

    /// <param name="minimum">As <see cref="TimeSpan"/> writes it.</param>
    /// <param name="maximum">As <see cref="TimeSpan"/> writes it.</param>
    public SettingRangeAttribute(string minimum, string maximum)
        : base(typeof(TimeSpan), minimum, maximum)
    {
        (ParseLimitsInInvariantCulture, ConvertValueInInvariantCulture) = (true, true);
    }

    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) => IsValid(value)
        ? ValidationResult.Success
        : new ValidationResult(string.Create(
            CultureInfo.InvariantCulture,
            $"{TrackerSettings.Section}:{validationContext.MemberName} is {value}: {Minimum} to {Maximum} was expected{(value is TimeSpan ? ", written as [days.]hours:minutes:seconds" : "")}."));
}
