using System.Reflection;
using System.Text.RegularExpressions;

namespace VkInfer.Tests;

/// <summary>
/// The arrows of the house: Vulkan ← Kernels ← VkInfer → Formats, Tokenization, Grammar; Tokenization → Jinja; only Vulkan knows Silk.NET.
/// </summary>
public sealed partial class ArchitectureTests
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

    /// <summary>Sessions → Engine → Transformer. Where keys and values lie (Engine/Cache) is known to all of them.</summary>
    [TestCase("Engine", "Sessions")]
    [TestCase("Transformer", "Sessions")]
    [TestCase("Sampling", "Sessions")]
    [TestCase("Transformer", "Engine")]
    [TestCase("Sampling", "Engine")]
    public void A_folder_of_the_library_knows_nothing_of_those_above_it(string lower, string upper)
    {
        // Types of Sessions are in the library's own namespace, those of the other folders in namespaces of theirs.
        string[] types = [.. Sources(upper).SelectMany(source => Types().Matches(source)).Select(type => type.Groups[1].Value)];
        Assert.That(types, Has.Length.GreaterThan(5));
        var above = new Regex(upper == "Sessions" ? $@"\b({string.Join('|', types)})\b" : $@"\b{upper}\.(?!Cache\b)\w+");
        IEnumerable<string> named = Sources(lower).SelectMany(source => above.Matches(source)).Select(match => match.Value).Distinct();
        Assert.That(named, Is.Empty);
    }

    /// <summary>The files of a folder of the library, without comments.</summary>
    private static IEnumerable<string> Sources(string folder)
    {
        string? root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root!, "VkInfer.sln")))
        {
            root = Path.GetDirectoryName(root);
        }

        string path = Path.Combine(root!, "src", "VkInfer", folder);
        return Directory.EnumerateFiles(path, "*.cs", SearchOption.AllDirectories)
            .Where(file => Path.GetRelativePath(path, file).Split(Path.DirectorySeparatorChar)[0] != "Cache")
            .Select(file => Comments().Replace(File.ReadAllText(file), ""));
    }

    [GeneratedRegex(@"^\s*//.*$", RegexOptions.Multiline)]
    private static partial Regex Comments();

    [GeneratedRegex(@"^(?:\w+ )*(?:class|struct|interface|enum|record) (?!struct|class)(\w+)", RegexOptions.Multiline)]
    private static partial Regex Types();

    private static string[] Names() => [.. Allowed.Keys];

    private static IEnumerable<Type> TypesOf(MemberInfo member) => member switch
    {
        MethodBase method => method.GetParameters().Select(p => p.ParameterType).Concat(method is MethodInfo info ? [info.ReturnType] : []),
        FieldInfo field => [field.FieldType],
        PropertyInfo property => [property.PropertyType],
        _ => [],
    };
}
