using System.Reflection;

namespace VkInfer.Tests;

/// <summary>
/// The arrows of the house: Vulkan ← Kernels ← VkInfer → Formats, Tokenization, Grammar; Tokenization → Jinja; only Vulkan knows Silk.NET.
/// </summary>
public sealed class ArchitectureTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["VkInfer.Vulkan"] = [],
        ["VkInfer.Kernels"] = ["VkInfer.Vulkan"],
        ["VkInfer.Formats"] = [],
        ["VkInfer.Jinja"] = [],
        ["VkInfer.Tokenization"] = ["VkInfer.Jinja"],
        ["VkInfer.Grammar"] = [],
        ["VkInfer"] = ["VkInfer.Vulkan", "VkInfer.Kernels", "VkInfer.Formats", "VkInfer.Tokenization", "VkInfer.Grammar"],
    };

    [TestCaseSource(nameof(Names))]
    public void References_only_what_the_layout_allows(string name)
    {
        string[] own = [
            .. Assembly.Load(name).GetReferencedAssemblies().Select(a => a.Name!).Where(
                a => a.StartsWith("VkInfer", StringComparison.Ordinal))];
        Assert.That(own, Is.SubsetOf(Allowed[name]));
    }

    [TestCaseSource(nameof(Names))]
    public void Only_the_Vulkan_layer_references_Silk(string name)
    {
        bool silk = Assembly.Load(name).GetReferencedAssemblies().Any(a => a.Name!.StartsWith("Silk.NET", StringComparison.Ordinal));
        Assert.That(silk, Is.EqualTo(name == "VkInfer.Vulkan"));
    }

    [TestCaseSource(nameof(Names))]
    public void No_public_signature_shows_a_pointer_or_a_Silk_type(string name)
    {
        IEnumerable<string> leaks =
            from type in Assembly.Load(name).GetExportedTypes()
            from member in type.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
            from used in TypesOf(member)
            where used.IsPointer || used.IsFunctionPointer || (used.Namespace?.StartsWith("Silk.NET", StringComparison.Ordinal) ?? false)
            select $"{type.Name}.{member.Name}: {used}";
        Assert.That(leaks, Is.Empty);
    }

    private static string[] Names() => [.. Allowed.Keys];

    private static IEnumerable<Type> TypesOf(MemberInfo member) => member switch
    {
        MethodBase method => method.GetParameters().Select(p => p.ParameterType).Concat(method is MethodInfo info ? [info.ReturnType] : []),
        FieldInfo field => [field.FieldType],
        PropertyInfo property => [property.PropertyType],
        _ => [],
    };
}
