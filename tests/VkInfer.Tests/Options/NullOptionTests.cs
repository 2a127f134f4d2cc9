using VkInfer.Jinja;

namespace VkInfer.Tests.Options;

/// <summary>Options that are null where a value is needed are named as arguments.</summary>
public sealed class NullOptionTests
{
    [Test]
    public void A_null_option_is_an_argument_exception_that_names_it()
    {
        var generation = new GenerationOptions();
        Assert.Multiple(() =>
        {
            Assert.That(() => (generation with { Sampling = null! }).Validate(), Names(nameof(GenerationOptions.Sampling)));
            Assert.That(() => (generation with { StopStrings = ["a", null!] }).Validate(), Throws.ArgumentException);
            Assert.That(() => (generation with { Overflow = (ContextOverflow)7 }).Validate(), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => Model.Load("no.gguf", new ModelOptions { Device = null! }), Names(nameof(ModelOptions.Device)));
            Assert.That(() => ModelInspection.Inspect("no.gguf", new ModelOptions { Device = null! }), Names(nameof(ModelOptions.Device)));
            Assert.That(() => JinjaTemplate.Parse("", new JinjaOptions { Limits = null! }), Names("options.Limits"));
            Assert.That(() => JinjaTemplate.Parse("", new JinjaOptions { Clock = null! }), Names("options.Clock"));
        });
    }

    private static NUnit.Framework.Constraints.EqualStringConstraint Names(string option) =>
        Throws.ArgumentNullException.With.Property(nameof(ArgumentException.ParamName)).EqualTo(option);
}
