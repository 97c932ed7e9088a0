using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Reflection;

namespace P2PShare.HelpWriter;

/// <summary>A parameter: the declaration and documentation comment of its property, which may be inherited.</summary>
internal sealed class Parameter
{
    private readonly ParameterAttribute[] _uses;

    public Parameter(PropertyInfo property, object instance, DocComments comments)
    {
        Property = property;
        _uses = [.. property.GetCustomAttributes<ParameterAttribute>()];
        Default = Show(property.GetValue(instance));
        var summary = DocComments.Paragraphs(comments.Of('P', property.DeclaringType!, property.Name)?.Element("summary"));
        Description = summary.Count == 0 ? [] : [.. summary, .. Bounds(), .. EnumValues(comments)];
    }

    public PropertyInfo Property { get; }

    public string Name => Property.Name;

    public IReadOnlyList<string> Description { get; }

    /// <summary>As text, such as <c>.</c> or <c>16</c>; <c>None</c> if it has no default.</summary>
    public string Default { get; }

    public IEnumerable<string> Sets => _uses.Select(use => use.ParameterSetName);

    public bool IsSwitch => Property.PropertyType == typeof(SwitchParameter);

    public bool IsList => Property.PropertyType.IsArray;

    public bool TakesWildcards => Property.IsDefined(typeof(SupportsWildcardsAttribute));

    public IReadOnlyList<string> Aliases => Property.GetCustomAttribute<AliasAttribute>()?.AliasNames.AsReadOnly() ?? [];

    public bool ByValue => _uses.Any(use => use.ValueFromPipeline);

    public bool ByPropertyName => _uses.Any(use => use.ValueFromPipelineByPropertyName);

    /// <summary>The type of one value, without nullability and without a list.</summary>
    public Type ElementType => IsList ? Property.PropertyType.GetElementType()! : Nullable.GetUnderlyingType(Property.PropertyType) ?? Property.PropertyType;

    public string TypeName => ElementType.Name + (IsList ? "[]" : "");

    /// <summary>Its use in a parameter set; null if the set does not have it.</summary>
    public ParameterAttribute? In(string set) =>
        Array.Find(_uses, use => use.ParameterSetName == set || use.ParameterSetName == ParameterAttribute.AllParameterSets);

    private IEnumerable<string> Bounds()
    {
        if (Property.GetCustomAttribute<ValidateRangeAttribute>() is { } range)
        {
            var open = Convert.ToInt64(range.MaxRange, CultureInfo.InvariantCulture) >= int.MaxValue;
            yield return open ? $"It is {range.MinRange} or more." : $"It is {range.MinRange} to {range.MaxRange}.";
        }

        if (Property.GetCustomAttribute<ValidateSetAttribute>() is { } set)
        {
            yield return $"It is one of {string.Join(", ", set.ValidValues)}.";
        }
    }

    private IEnumerable<string> EnumValues(DocComments comments) => !ElementType.IsEnum ? [] : Enum.GetNames(ElementType).Select(name =>
        string.Join(' ', DocComments.Paragraphs(comments.Of('F', ElementType, name)?.Element("summary"))) is { Length: > 0 } meaning
            ? $"- {name}: {meaning}"
            : $"- {name}");

    private static string Show(object? value) => value switch
    {
        null or "" or Array { Length: 0 } => "None",
        SwitchParameter => "False",
        string text => text,
        IEnumerable list => string.Join(", ", list.Cast<object>()),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
