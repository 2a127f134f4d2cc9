namespace VkInfer.Tests.Hostile;

/// <summary>One change of a valid model, and what the error must say.</summary>
internal static class HostileCase
{
    public static TestCaseData Of(string name, Action<TinyLlama> change, params string[] said) =>
        new TestCaseData(change, said).SetName($"{{m}}({name})");

    public static TestCaseData Set(string key, object value, params string[] said) =>
        Of($"{key} = {Show(value)}", model => model.Metadata[key] = value, said);

    public static TestCaseData Remove(string key, params string[] said) => Of($"no {key}", model => model.Metadata.Remove(key), said);

    private static string Show(object value) => value is Array array
        ? $"{array.Length} of {array.GetType().GetElementType()!.Name}{(array.Length > 0 ? $" {array.GetValue(0)}" : "")}"
        : FormattableString.Invariant($"{value} {value.GetType().Name}");
}
