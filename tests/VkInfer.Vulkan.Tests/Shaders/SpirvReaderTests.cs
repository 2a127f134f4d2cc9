namespace VkInfer.Vulkan.Tests;

public sealed class SpirvReaderTests
{
    [Test]
    public void The_probe_is_read_right()
    {
        ShaderReflection reflection = Probe.Shader.Reflection;
        Assert.Multiple(() =>
        {
            Assert.That(reflection.EntryPoint, Is.EqualTo("main"));
            Assert.That(reflection.Bindings, Is.EqualTo(new[] { BindingAccess.Read, BindingAccess.Write }));
            Assert.That(reflection.PushConstantSize, Is.EqualTo(8));
            Assert.That(reflection.PushConstantMembers.Select(member => (member.Offset, member.Size)),
                Is.EqualTo(new[] { (0, 4), (4, 4) }));
            Assert.That(reflection.SpecializationParameters.Select(parameter => parameter.Id), Is.EqualTo(new uint[] { 0 }));
            Assert.That(reflection.WorkgroupWith(SpecializationConstants.From((0, 96))), Is.EqualTo(new WorkgroupUsage(96, 1, 1, 0)));
        });
    }

    [Test]
    public void Any_damage_is_an_argument_exception_or_harmless()
    {
        byte[] original = Probe.Shader.SpirV.ToArray();
        var random = new Random(11);
        for (int i = 0; i < 3000; i++)
        {
            byte[] bytes = original.ToArray();
            for (int flips = random.Next(1, 4); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            if (random.Next(4) == 0)
            {
                bytes = bytes[..random.Next(bytes.Length)];
            }

            try
            {
                ShaderReflection reflection = new ShaderCode("damaged", bytes).Reflection;
                _ = reflection.WorkgroupWith(default);
            }
            catch (ArgumentException exception)
            {
                Assert.That(exception.Message, Does.Contain("damaged"));
            }
        }
    }
}
