using VkInfer.Formats;
using VkInfer.Recipes;

namespace VkInfer.Tests.Families;

/// <summary>
/// Value heads of the gated delta rule in the order of GGUF's <c>qwen35</c>: in folders those of one key head are neighbours, there they
/// stand as many apart as there are key heads.
/// </summary>
internal static class TiledHeads
{
    /// <summary>A folder's tensor, not quantised, as the file has it.</summary>
    public static byte[] Reorder(GatedDeltaRecipe recipe, GgufTensor tensor, byte[] data)
    {
        int valueDim = recipe.Shape.ValueDim;
        int keys = 2 * recipe.Shape.KeyHeads * recipe.Shape.KeyDim;
        int element = data.Length / checked((int)tensor.Dimensions.Aggregate((a, b) => a * b));
        int row = checked((int)tensor.Columns) * element;
        return tensor.Name.Split('.')[2] switch
        {
            "attn_qkv" or "ssm_conv1d" => [.. data[..(keys * row)], .. Heads(recipe, data[(keys * row)..], valueDim * row)],
            "attn_gate" => Heads(recipe, data, valueDim * row),
            "ssm_beta" or "ssm_alpha" => Heads(recipe, data, row),
            "ssm_a" or "ssm_dt" => Heads(recipe, data, element),
            "ssm_out" => [.. data.Chunk(row).SelectMany(columns => Heads(recipe, columns, valueDim * element))],
            _ => data,
        };
    }

    private static byte[] Heads(GatedDeltaRecipe recipe, byte[] data, int bytes)
    {
        byte[][] heads = [.. data.Chunk(bytes)];
        int perKey = recipe.Shape.ValueHeads / recipe.Shape.KeyHeads;
        return [.. Enumerable.Range(0, heads.Length).SelectMany(
            to => heads[(to % recipe.Shape.KeyHeads * perKey) + (to / recipe.Shape.KeyHeads)])];
    }
}
