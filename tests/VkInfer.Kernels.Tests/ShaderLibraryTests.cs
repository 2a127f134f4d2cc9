using System.Security.Cryptography;

namespace VkInfer.Kernels.Tests;

[Category("Host")]
public sealed class ShaderLibraryTests
{
    [Test]
    public void The_library_has_all_that_was_compiled_and_nothing_else() =>
        Assert.That(ShaderLibrary.Names, Is.EquivalentTo(ShaderSource.Variants().Select(variant => variant.Variant)));

    [Test]
    public void Every_shader_is_what_the_compiler_wrote()
    {
        IEnumerable<string> wrong =
            from name in ShaderLibrary.Names
            let compiled = File.ReadAllBytes(ShaderSource.Compiled(name))
            where !ShaderLibrary.Get(name).SpirV.Span.SequenceEqual(compiled)
                || !Convert.ToHexStringLower(SHA256.HashData(compiled)).StartsWith(ShaderLibrary.HashOf(name), StringComparison.Ordinal)
            select name;
        Assert.That(wrong, Is.Empty);
    }

    [Test]
    public void A_fingerprint_is_of_the_shaders_that_are_named()
    {
        string products = ShaderLibrary.Fingerprint("gemm_", "gemv_");
        Assert.That(products, Has.Length.EqualTo(32));
        Assert.That(ShaderLibrary.Fingerprint("gemm_", "gemv_"), Is.EqualTo(products));
        Assert.That(ShaderLibrary.Fingerprint("gemm_"), Is.Not.EqualTo(products));
    }

    [Test]
    public void A_shader_that_is_not_there_is_told_by_its_name() =>
        Assert.That(() => ShaderLibrary.Get("gemm_f17"), Throws.TypeOf<KeyNotFoundException>().With.Message.Contains("gemm_f17"));
}
