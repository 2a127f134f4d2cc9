using System.Globalization;

namespace VkInfer.Configuration;

/// <summary>
/// What single layers have of their own in a folder's <c>per_layer_config</c>, an object of fields by the number of a layer: so writes
/// transformers the sizes of layers that differ, in place of fields of the whole model.
/// </summary>
internal sealed class HfLayerOverrides
{
    private const string Field = "per_layer_config";

    private readonly HfJson _json;
    private readonly SortedDictionary<int, HfJson> _layers = [];

    private HfLayerOverrides(HfJson json) => _json = json;

    /// <summary>The layers that have something of their own.</summary>
    public IReadOnlyCollection<int> Layers => _layers.Keys;

    /// <summary>Reads them.</summary>
    /// <param name="json">The model's fields.</param>
    /// <param name="fields">Fields of layers that the caller honours; others are refused.</param>
    public static HfLayerOverrides Read(HfJson json, params ReadOnlySpan<string> fields)
    {
        var overrides = new HfLayerOverrides(json);
        if (json.TryObject(Field) is not { } layers)
        {
            return overrides;
        }

        foreach ((string key, HfJson own) in layers.NamedObjects())
        {
            if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out int layer) || layer >= ModelLimits.MaxLayers
                || overrides._layers.ContainsKey(layer))
            {
                throw layers.Wrong(key, "the number of a layer, each once", "no such number");
            }

            foreach ((string field, string said) in own.Describe())
            {
                if (!fields.Contains(field))
                {
                    throw own.Wrong(field, fields.IsEmpty ? "nothing of a layer's own" : string.Join(" or ", fields.ToArray()), said);
                }
            }

            overrides._layers.Add(layer, own);
        }

        return overrides;
    }

    /// <summary>The integer that all of these layers have in place of the model's; null: none has one.</summary>
    public int? TryInt(string field, int max)
    {
        int?[] values = [.. _layers.Values.Select(own => own.TryInt(field, max)).Distinct()];
        return values.Length switch
        {
            0 => null,
            1 => values[0],
            _ => throw _json.Wrong(
                Field, $"the same {field} for all of its layers", string.Join(", ", values.Select(value => value?.ToString() ?? "none"))),
        };
    }

    /// <summary>Refuses any other layers than these, if there are any.</summary>
    /// <param name="expected">The layers.</param>
    /// <param name="what">What they are, for the message.</param>
    public void Require(IEnumerable<int> expected, string what)
    {
        if (_layers.Count > 0 && !_layers.Keys.SequenceEqual(expected))
        {
            throw _json.Wrong(Field, $"{what}, {string.Join(", ", expected)}", string.Join(", ", _layers.Keys));
        }
    }
}
