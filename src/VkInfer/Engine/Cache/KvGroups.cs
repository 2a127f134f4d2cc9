using VkInfer.Recipes;

namespace VkInfer.Engine.Cache;

/// <summary>A layer's place: which group it belongs to, and which of the group's layers it is.</summary>
internal readonly record struct LayerPlace(int Group, int Index);

/// <summary>
/// How layers share pages. Layers of one group keep the same positions, and all groups have as many layers, but for the last of a kind,
/// so that any page fits any group: a model with windows in five of six layers has one group that sees everything and five with a window.
/// </summary>
/// <param name="Windows">The groups.</param>
/// <param name="Places">For each layer its place; of one that keeps no positions nothing.</param>
/// <param name="LayersPerPage">Layers that a page has room for.</param>
internal sealed record KvGroups(IReadOnlyList<CacheGroup> Windows, IReadOnlyList<LayerPlace> Places, int LayersPerPage)
{
    /// <summary>The groups of a model's layers.</summary>
    public static KvGroups Of(ModelConfig config)
    {
        var places = new LayerPlace[config.NumLayers];
        var groups = new List<CacheGroup>();
        IReadOnlyList<LayerRecipe> layers = config.Layers;
        IGrouping<int, int>[] kinds = [
            .. Enumerable.Range(0, config.NumLayers).Where(layer => layers[layer].Mixer is AttentionRecipe).GroupBy(config.Window)];
        if (kinds.Length == 0)
        {
            throw new UnsupportedModelException($"{config.Architecture}: no layer attends; models without attention do not run here.");
        }

        int perPage = kinds.Min(kind => kind.Count());
        foreach (IGrouping<int, int> kind in kinds)
        {
            int index = 0;
            foreach (int layer in kind)
            {
                if (index % perPage == 0)
                {
                    groups.Add(new CacheGroup(kind.Key));
                }

                places[layer] = new LayerPlace(groups.Count - 1, index++ % perPage);
            }
        }

        return new KvGroups(groups, places, perPage);
    }
}
