using VkInfer.Engine.Cache;
using VkInfer.Recipes;

namespace VkInfer.Tests.Engine;

/// <summary>How layers share pages.</summary>
public sealed class KvGroupsTests
{
    [Test]
    public void Layers_that_see_the_same_are_one_group()
    {
        var groups = KvGroups.Of(Config(6));
        Assert.That(groups.Windows, Is.EqualTo(new CacheGroup[] { new(0) }));
        Assert.That(groups.PageSize, Is.EqualTo(6 * Kept));
        Assert.That(groups.Places.Select(place => place.At), Is.EqualTo(Enumerable.Range(0, 6).Select(layer => layer * Kept)));
    }

    [Test]
    public void Layers_that_keep_more_have_fewer_to_a_page()
    {
        // 31 billion parameters: heads of 256, and in every sixth layer fewer of 512.
        ModelConfig config = (Config(30) with { NumHeads = 32, Windows = ModelConfig.AlternatingWindows(30, 1024, 6) }).Compose(
            (layer, i) => layer with
            {
                Mixer = new AttentionRecipe { Heads = i % 6 == 5 ? new HeadShape(32, 4, 512, 512) : new HeadShape(32, 16, 256, 256) },
            });
        var groups = KvGroups.Of(config);
        Assert.That(groups.PageSize, Is.EqualTo(5 * 2 * 4 * 512));
        Assert.That(groups.Windows.Select(group => group.Window), Is.EquivalentTo(Enumerable.Repeat(1024, 13).Append(0)));
        Assert.That(groups.Places, Is.Unique);
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
                Assert.That(groups.Places[layer].At, Is.InRange(0, groups.PageSize - Kept));
            }

            Assert.That(groups.Places, Is.Unique);
            Assert.That(groups.Windows.Count * groups.PageSize, Is.LessThan((layers * Kept) + groups.PageSize));
        });
    }

    // Elements of a position in a layer: keys and values of 32 heads.
    private const int Kept = 2 * 32 * 128;

    private static ModelConfig Config(int layers) => SyntheticShapes.Get("llama2-7b", layers);
}
