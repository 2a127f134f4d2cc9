using System.ComponentModel;
using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace VkInfer.Tests.House;

/// <summary>
/// The arrows of the house: Vulkan ← Kernels ← VkInfer → Formats, Tokenization, Grammar; Tokenization → Jinja; all know the base of their
/// exceptions, and only Vulkan knows Silk.NET.
/// </summary>
public sealed partial class ArchitectureTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["VkInfer.Errors"] = [],
        ["VkInfer.Vulkan"] = ["VkInfer.Errors"],
        ["VkInfer.Kernels"] = ["VkInfer.Errors", "VkInfer.Vulkan"],
        ["VkInfer.Formats"] = ["VkInfer.Errors"],
        ["VkInfer.Jinja"] = ["VkInfer.Errors"],
        ["VkInfer.Tokenization"] = ["VkInfer.Errors", "VkInfer.Jinja"],
        ["VkInfer.Grammar"] = ["VkInfer.Errors"],
        ["VkInfer"] =
            ["VkInfer.Errors", "VkInfer.Vulkan", "VkInfer.Kernels", "VkInfer.Formats", "VkInfer.Tokenization", "VkInfer.Grammar"],
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

    /// <summary>The files of a folder of the library, but for its room Cache, without comments.</summary>
    private static IEnumerable<string> Sources(string folder) =>
        from file in SourceTree.Read(".cs")
        where file.Path.StartsWith($"src/VkInfer/{folder}/", StringComparison.Ordinal)
        where !file.Path.Contains("/Cache/", StringComparison.Ordinal)
        select Comments().Replace(string.Join('\n', file.Lines), "");

    [GeneratedRegex(@"^\s*//.*$", RegexOptions.Multiline)]
    private static partial Regex Comments();

    [GeneratedRegex(@"^(?:\w+ )*(?:class|struct|interface|enum|record) (?!struct|class)(\w+)", RegexOptions.Multiline)]
    private static partial Regex Types();

    [TestCaseSource(nameof(Names))]
    public void Every_exception_has_the_one_base(string name)
    {
        IEnumerable<string> others =
            from type in Assembly.Load(name).GetExportedTypes()
            where type.IsAssignableTo(typeof(Exception)) && !type.IsAssignableTo(typeof(VkInferException))
            select type.Name;
        Assert.That(others, Is.Empty);
    }

    /// <summary>What programs see of the layers beneath is what the library's own surface is made of, and errors.</summary>
    [Test]
    public void Types_beneath_the_library_are_hidden_unless_its_surface_shows_them()
    {
        string surface = string.Join('\n', SourceTree.Read("PublicAPI.Unshipped.txt").SelectMany(file => file.Lines));
        Type[] types = [.. new[] { "VkInfer.Kernels", "VkInfer.Vulkan" }.SelectMany(name => Assembly.Load(name).GetExportedTypes())];
        bool IsNamed(Type type) => Regex.IsMatch(surface, $@"\b{type.FullName}\b");
        var shown = types.Where(type => type.IsAssignableTo(typeof(Exception)) || IsNamed(type)).ToHashSet();
        for (int before = 0; before < shown.Count;)
        {
            before = shown.Count;
            Type[] used = [.. shown.SelectMany(type => type.GetMembers()).SelectMany(TypesOf).SelectMany(PartsOf)];
            shown.UnionWith(used.Where(types.Contains));
        }

        IEnumerable<string?> visible =
            from type in types
            where type.GetCustomAttribute<EditorBrowsableAttribute>()?.State != EditorBrowsableState.Never
            where !type.IsNested && !shown.Contains(type)
            select type.FullName;
        Assert.That(visible, Is.Empty);
    }

    [Test]
    public void The_package_depends_on_what_its_layers_reference()
    {
        IEnumerable<string> referenced =
            from name in Names()
            from reference in Xml($"src/{name}/{name}.csproj").Descendants("PackageReference")
            select (string)reference.Attribute("Include")!;
        IEnumerable<string> packaged =
            from dependency in Xml("src/VkInfer/VkInfer.nuspec").Descendants()
            where dependency.Name.LocalName == "dependency"
            select (string)dependency.Attribute("id")!;

        // What Silk.NET names does not restore everywhere.
        Assert.That(packaged, Is.EquivalentTo(referenced.Distinct().Append("Microsoft.Extensions.DependencyModel")));
    }

    private static XDocument Xml(string path) => XDocument.Parse(string.Join('\n', SourceTree.Read(path).Single().Lines));

    private static string[] Names() => [.. Allowed.Keys];

    private static IEnumerable<Type> PartsOf(Type type) => type.HasElementType ? PartsOf(type.GetElementType()!)
        : type.GetGenericArguments().SelectMany(PartsOf).Append(type);

    private static IEnumerable<Type> TypesOf(MemberInfo member) => member switch
    {
        MethodBase method => method.GetParameters().Select(p => p.ParameterType).Concat(method is MethodInfo info ? [info.ReturnType] : []),
        FieldInfo field => [field.FieldType],
        PropertyInfo property => [property.PropertyType],
        _ => [],
    };
}
