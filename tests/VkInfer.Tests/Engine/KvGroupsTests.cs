using VkInfer.Engine.Cache;
using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Tests.Engine;

/// <summary>How layers share pages.</summary>
public sealed class KvGroupsTests
{
    [Test]
    public void Layers_that_see_the_same_are_one_group()
    {
        var groups = KvGroups.Of(Config(6), KvType.F16);
        Assert.That(groups.Windows, Is.EqualTo(new CacheGroup[] { new(0) }));
        Assert.That(groups.PageBytes, Is.EqualTo(6 * Kept));
        Assert.That(groups.Places.Select(place => place.At), Is.EqualTo(Enumerable.Range(0, 6).Select(layer => (long)layer * Kept)));
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
        var groups = KvGroups.Of(config, KvType.F16);
        Assert.That(groups.PageBytes, Is.EqualTo(5 * 2 * 4 * 512 * PositionBytes));
        Assert.That(groups.Windows.Select(group => group.Window), Is.EquivalentTo(Enumerable.Repeat(1024, 13).Append(0)));
        Assert.That(groups.Places, Is.Unique);
    }

    [TestCase(12, 2)]
    [TestCase(26, 6)]
    [TestCase(32, 6)]
    public void Every_page_fits_every_group(int layers, int period)
    {
        ModelConfig config = Config(layers) with { Windows = ModelConfig.AlternatingWindows(layers, 512, period) };
        var groups = KvGroups.Of(config, KvType.F16);
        Assert.Multiple(() =>
        {
            for (int layer = 0; layer < layers; layer++)
            {
                Assert.That(groups.Windows[groups.Places[layer].Group].Window, Is.EqualTo(config.Window(layer)), $"layer {layer}");
                Assert.That(groups.Places[layer].At, Is.InRange(0L, groups.PageBytes - Kept));
            }

            Assert.That(groups.Places, Is.Unique);
            Assert.That(groups.Windows.Count * groups.PageBytes, Is.LessThan((layers * Kept) + groups.PageBytes));
        });
    }

    [Test]
    public void A_layer_that_reads_an_earlier_ones_keys_has_its_place_and_takes_none()
    {
        ModelConfig config = SyntheticShapes.Get("gemma4-e4b");
        var groups = KvGroups.Of(config, KvType.F16);
        ModelConfig own = config with { NumLayers = 24, Windows = [.. config.Windows.Take(24)] };
        Assert.Multiple(() =>
        {
            Assert.That(groups.PageBytes, Is.EqualTo(KvGroups.Of(own, KvType.F16).PageBytes));
            Assert.That(groups.Places.Take(24), Is.Unique);
            for (int layer = 24; layer < 42; layer++)
            {
                Assert.That(groups.Places[layer], Is.EqualTo(groups.Places[layer % 6 == 5 ? 23 : 22]), $"layer {layer}");
            }
        });
    }

    // Bytes that an element takes in the 32 positions of a page.
    private const int PositionBytes = 32 * 2;

    // Bytes of a layer in a page: keys and values of 32 heads.
    private const int Kept = 2 * 32 * 128 * PositionBytes;

    [Test]
    public void Bytes_take_half_the_room_and_their_scales_a_sixteenth_more()
    {
        long halves = KvGroups.Of(Config(6), KvType.F16).PageBytes;
        Assert.That(KvGroups.Of(Config(6), KvType.Q8_0).PageBytes, Is.EqualTo(halves / 2 * 17 / 16));
    }

    private static ModelConfig Config(int layers) => SyntheticShapes.Get("llama2-7b", layers);
}
