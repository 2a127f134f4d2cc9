using VkInfer.Kernels;

namespace VkInfer.Recipes;

/// <summary>What happens to outputs y of Mamba-2 and their gates z.</summary>
internal enum Mamba2Gates
{
    /// <summary>norm(y · SiLU(z)).</summary>
    BeforeNorm,

    /// <summary>norm(y) · SiLU(z).</summary>
    BehindNorm,

    /// <summary>y · SiLU(z).</summary>
    WithoutNorm,
}

/// <summary>
/// Mamba-2 behind a short convolution (Dao and Gu 2024): rows [z | x | B | C | rates], of which x, B and C are convolved, with gates z and
/// a norm behind it.
/// </summary>
/// <param name="Shape">Its heads.</param>
/// <param name="Taps">Positions that the convolution sees.</param>
internal sealed record Mamba2Recipe(Mamba2Shape Shape, int Taps) : MixerRecipe
{
    /// <summary>Whether the convolution has a bias.</summary>
    public bool HasConvolutionBias { get; init; } = true;

    /// <summary>Where the gates stand.</summary>
    public Mamba2Gates Gates { get; init; }

    /// <summary>Groups of outputs that are normalised each by itself; 0: those of the heads.</summary>
    public int NormGroups { get; init; }

    /// <summary>The convolution of x, B and C.</summary>
    public ShortConvShape Convolution => new(Shape.InputWidth, Taps);

    /// <summary>Where a row of the first product has what is convolved: behind the gates.</summary>
    public int ConvolvedAt => Shape.InnerWidth;

    /// <summary>Where it has its rates.</summary>
    public int RatesAt => ConvolvedAt + Shape.InputWidth;

    /// <summary>Elements of a row.</summary>
    public int InputWidth => RatesAt + Shape.Heads;

    /// <summary>Groups of outputs as the norm takes them.</summary>
    public int OutputGroups => NormGroups > 0 ? NormGroups : Shape.Groups;

    /// <summary>Elements of one of them.</summary>
    public int OutputDim => Shape.InnerWidth / OutputGroups;

    /// <inheritdoc/>
    public override long StateFloats => Convolution.StateFloats + Shape.StateFloats;

    /// <inheritdoc/>
    public override int InputSize(ModelConfig config) => InputWidth;

    /// <inheritdoc/>
    public override int OutputSize(ModelConfig config) => Shape.InnerWidth;

    /// <summary>Checks that it can run.</summary>
    /// <param name="path">The file that describes it.</param>
    /// <param name="keys">The keys there.</param>
    /// <exception cref="UnsupportedModelException">It cannot.</exception>
    public Mamba2Recipe Checked(string path, string keys)
    {
        try
        {
            Shape.Validate();
        }
        catch (ArgumentException exception)
        {
            throw new UnsupportedModelException($"{path}: {exception.Message} ({keys}).", exception);
        }

        if (Taps < 2)
        {
            throw new UnsupportedModelException($"{path}: a convolution over {Taps} position; expected 2 or more ({keys}).");
        }

        return Shape.InnerWidth % (2 * OutputGroups) == 0 ? this : throw new UnsupportedModelException(
            $"{path}: {Shape.InnerWidth} outputs of Mamba-2 in {OutputGroups} groups; expected an even number in each ({keys}).");
    }
}
