using VkInfer.Engine.Cache;

namespace VkInfer.Tests.Engine;

/// <summary>How layers share pages.</summary>
public sealed class KvGroupsTests
{
    [Test]
    public void Layers_that_see_the_same_are_one_group()
    {
        var groups = KvGroups.Of(Config(6));
        Assert.That(groups.Windows, Is.EqualTo(new CacheGroup[] { new(0) }));
        Assert.That(groups.LayersPerPage, Is.EqualTo(6));
        Assert.That(groups.Places.Select(place => place.Index), Is.EqualTo(Enumerable.Range(0, 6)));
    }

    [TestCase(12, 2)]
    [TestCase(26, 6)]
    [TestCase(32, 6)]
    public void Every_page_fits_every_group(int layers, int period)
    {
        ModelConfig config = Config(layers) with { Windows = ModelConfig.AlternatingWindows(layers, 512, period) };
        var groups = KvGroups.Of(config);
        Assert.Multiple(() =>
        {
            for (int layer = 0; layer < layers; layer++)
            {
                Assert.That(groups.Windows[groups.Places[layer].Group].Window, Is.EqualTo(config.Window(layer)), $"layer {layer}");
                Assert.That(groups.Places[layer].Index, Is.InRange(0, groups.LayersPerPage - 1));
            }

            Assert.That(groups.Places, Is.Unique);
            Assert.That(groups.Windows.Count * groups.LayersPerPage, Is.LessThan(layers + groups.LayersPerPage));
        });
    }

    private static ModelConfig Config(int layers) => SyntheticShapes.Get("llama2-7b", layers);
}
