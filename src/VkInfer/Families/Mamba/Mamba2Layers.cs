using VkInfer.Configuration;
using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>What families with Mamba-2 have in common in their files.</summary>
internal static class Mamba2Layers
{
    /// <summary>The keys of a GGUF file.</summary>
    /// <param name="gguf">The file.</param>
    /// <param name="layer">A layer that has the mixer: its tensors tell whether there are a norm and a bias of the convolution.</param>
    public static Mamba2Recipe Read(GgufConfigReader gguf, int layer)
    {
        GgufKeys keys = gguf.Keys;
        int heads = keys.Count("ssm.time_step_rank", ModelLimits.MaxHeads);
        int inner = keys.Count("ssm.inner_size", ModelLimits.MaxWidth);
        if (inner % heads != 0)
        {
            throw keys.Wrong("ssm.inner_size", $"a multiple of {keys.Key("ssm.time_step_rank")}, {heads}");
        }

        var shape = new Mamba2Shape(
            heads, inner / heads, keys.Count("ssm.state_size", ModelLimits.MaxWidth), keys.Count("ssm.group_count", ModelLimits.MaxHeads));
        var recipe = new Mamba2Recipe(shape, keys.Count("ssm.conv_kernel", ShortConvShape.MaxTaps))
        {
            HasConvolutionBias = gguf.Tensors.Has($"blk.{layer}.ssm_conv1d.bias"),
            Gates = gguf.Tensors.Has($"blk.{layer}.ssm_norm.weight") ? Mamba2Gates.BeforeNorm : Mamba2Gates.WithoutNorm,
        };
        string[] names = ["group_count", "time_step_rank", "inner_size", "state_size", "conv_kernel"];
        return recipe.Checked(keys.File.Path, string.Join(", ", names.Select(name => keys.Key("ssm." + name))));
    }

    /// <summary>The keys of a folder whose heads make so many elements together, as Bamba names them.</summary>
    /// <param name="config">The folder.</param>
    /// <param name="inner">Elements of all heads.</param>
    /// <param name="normGroups">Groups of the norm; 0: those of heads.</param>
    public static Mamba2Recipe Read(HfConfigReader config, long inner, int normGroups)
    {
        HfJson json = config.Json;
        int Count(string key, int fallback, int max) => json.TryInt(key, max) ?? fallback;
        int heads = Count("mamba_n_heads", 128, ModelLimits.MaxHeads);
        long dim = (json.IsString("mamba_d_head") ? null : json.TryInt("mamba_d_head", ModelLimits.MaxWidth)) ?? inner / heads;
        if (heads * dim != inner || inner > ModelLimits.MaxWidth)
        {
            throw json.Wrong(
                "mamba_n_heads", $"heads of mamba_d_head that make {inner} elements together (mamba_d_ssm, mamba_expand), at most "
                + $"{ModelLimits.MaxWidth}", heads);
        }

        var shape = new Mamba2Shape(heads, (int)dim, StateDim(json), Count("mamba_n_groups", 1, ModelLimits.MaxHeads));
        var recipe = new Mamba2Recipe(Bounded(shape, json), Count("mamba_d_conv", 4, ShortConvShape.MaxTaps))
        {
            HasConvolutionBias = json.TryBool("mamba_conv_bias") ?? true,
            NormGroups = normGroups,
        };
        return recipe.Checked(json.Path, "mamba_n_heads, mamba_d_head, mamba_d_ssm, mamba_d_state, mamba_n_groups, mamba_d_conv");
    }

    /// <summary>The keys of a folder as Nemotron-H names them.</summary>
    public static Mamba2Recipe Read(HfConfigReader config)
    {
        HfJson json = config.Json;
        int Count(string key, int fallback, int max) => json.TryInt(key, max) ?? fallback;
        var shape = new Mamba2Shape(
            Count("mamba_num_heads", 128, ModelLimits.MaxHeads), Count("mamba_head_dim", 64, ModelLimits.MaxWidth),
            Count("ssm_state_size", 128, ModelLimits.MaxWidth), Count("n_groups", 8, ModelLimits.MaxHeads));
        var recipe = new Mamba2Recipe(Bounded(shape, json), Count("conv_kernel", 4, ShortConvShape.MaxTaps))
        {
            HasConvolutionBias = json.TryBool("use_conv_bias") ?? true,
        };
        return recipe.Checked(json.Path, "mamba_num_heads, mamba_head_dim, ssm_state_size, n_groups, conv_kernel");
    }

    /// <summary>Elements of B and C of a folder with Bamba's names.</summary>
    public static int StateDim(HfJson json) => json.TryInt("mamba_d_state", ModelLimits.MaxWidth) ?? 256;

    /// <summary>Refuses what no folder's Mamba-2 may ask for.</summary>
    /// <param name="config">The folder.</param>
    /// <param name="activationKey">The key of the function behind the convolution.</param>
    public static void Check(HfConfigReader config, string activationKey)
    {
        config.Require(activationKey, "silu", "swish");
    }

    // transformers bounds those of Nemotron-H by time_step_min, for whose training that is: NVIDIA's code, vLLM and llama.cpp do not.
    private static Mamba2Shape Bounded(Mamba2Shape shape, HfJson json) =>
        json.TryBounds("time_step_limit", NumberRange.TimeStep) is var (least, most)
            ? shape with { LeastStep = least, MostStep = most }
            : shape;

    /// <summary>What folders call the tensors of a mixer.</summary>
    /// <param name="mixer">What they call the mixer.</param>
    public static (string Name, string Gguf)[] Names(string mixer) =>
    [
        (mixer + ".in_proj", "blk.*.ssm_in"),
        (mixer + ".conv1d", "blk.*.ssm_conv1d"),
        (mixer + ".A_log", "blk.*.ssm_a"),
        (mixer + ".D", "blk.*.ssm_d"),
        (mixer + ".dt_bias", "blk.*.ssm_dt.bias"),
        (mixer + ".norm", "blk.*.ssm_norm"),
        (mixer + ".out_proj", "blk.*.ssm_out"),
    ];
}
