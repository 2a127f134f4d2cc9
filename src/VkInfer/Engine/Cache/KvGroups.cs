using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Engine.Cache;

/// <summary>A layer's place in the pages of its group.</summary>
/// <param name="Group">Which group it belongs to.</param>
/// <param name="At">Bytes of a page that the group's layers before it take.</param>
internal readonly record struct LayerPlace(int Group, long At);

/// <summary>
/// How layers share pages. Layers of one group keep the same positions and as many bytes of each, and a kind of layer is divided into
/// groups that fill a page, but for the last, so that any page fits any group: a model with windows in five of six layers has one group
/// that sees everything and five with a window.
/// </summary>
/// <param name="Windows">The groups.</param>
/// <param name="Places">For each layer its place, or that of the layer whose keys and values it reads; nothing without either.</param>
/// <param name="PageBytes">Bytes of a page.</param>
internal sealed record KvGroups(IReadOnlyList<CacheGroup> Windows, IReadOnlyList<LayerPlace> Places, long PageBytes)
{
    /// <summary>Pages that a sequence of so many positions may hold, one that it shares and must copy among them.</summary>
    public int PagesOf(int positions) => Windows.Count * (KvLayout.PageCount(positions) + 1);

    /// <summary>The layer whose keys and values a layer reads: mostly its own.</summary>
    public static int Owner(IReadOnlyList<LayerRecipe> layers, int layer) =>
        layers[layer].Mixer is AttentionRecipe { KvLayer: { } owner } ? owner : layer;

    /// <summary>The groups of a model's layers.</summary>
    /// <param name="config">The model.</param>
    /// <param name="type">How elements are stored.</param>
    public static KvGroups Of(ModelConfig config, KvType type)
    {
        var places = new LayerPlace[config.NumLayers];
        var groups = new List<CacheGroup>();
        IReadOnlyList<LayerRecipe> layers = config.Layers;
        long Size(int layer) => layers[layer].Mixers.Sum(mixer => mixer.PageBytes(config, type));
        IGrouping<(int Window, long Size), int>[] kinds = [
            .. Enumerable.Range(0, config.NumLayers).Where(layer => Size(layer) > 0).GroupBy(layer => (config.Window(layer), Size(layer)))];
        if (kinds.Length == 0)
        {
            throw new UnsupportedModelException($"{config.Architecture}: no layer attends; models without attention do not run here.");
        }

        long least = kinds.Min(kind => kind.Count() * kind.Key.Size);
        long size = 0;
        foreach (IGrouping<(int Window, long Size), int> kind in kinds)
        {
            long perPage = Math.Max(1, least / kind.Key.Size);
            int index = 0;
            foreach (int layer in kind)
            {
                if (index % perPage == 0)
                {
                    groups.Add(new CacheGroup(kind.Key.Window));
                }

                long at = index++ % perPage * kind.Key.Size;
                places[layer] = new LayerPlace(groups.Count - 1, at);
                size = Math.Max(size, at + kind.Key.Size);
            }
        }

        for (int layer = 0; layer < places.Length; layer++)
        {
            places[layer] = places[Owner(layers, layer)];
        }

        return new KvGroups(groups, places, size);
    }
}
