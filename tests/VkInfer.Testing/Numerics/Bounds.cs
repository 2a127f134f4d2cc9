namespace VkInfer.Testing;

/// <summary>
/// Every bound of the kernel tests, each with its reason. References are computed in double precision from the same stored weights.
/// </summary>
public static class Bounds
{
    /// <summary>Copies, gathers and integer work: no rounding at all.</summary>
    public static Bound Exact { get; } = new(0, 0);

    /// <summary>
    /// float32 throughout: a sum of n terms errs by about √n · 2⁻²⁴ relative to the terms' norm; n is at most 16 384 here, which
    /// gives 8e-6 for the greatest element, and its square for the mean.
    /// </summary>
    public static Bound F32 { get; } = new(1e-10, 2e-5);

    /// <summary>
    /// float32 with a mean taken off that is 100 times the deviation: the inputs' own rounding (2⁻²⁴ of 100, so 6e-6 of the deviation) and
    /// the mean's count that much more.
    /// </summary>
    public static Bound CenteredF32 { get; } = new(1e-9, 1e-4);

    /// <summary>
    /// One rounding of each output or of each stored input to float16 (2⁻¹¹ = 4.9e-4 relative), sums in float32; twice that at the
    /// greatest element.
    /// </summary>
    public static Bound F16 { get; } = new(1e-6, 1e-3);

    /// <summary>One rounding to bfloat16 (2⁻⁸ = 3.9e-3 relative), sums in float32; twice that at the greatest element.</summary>
    public static Bound BF16 { get; } = new(6e-5, 8e-3);

    /// <summary>
    /// Weights of block formats are exact in the reference; what is left is float32 sums of scales times integers, and of minima times
    /// sums, so float32's bound with a factor for the longer chain of products.
    /// </summary>
    public static Bound Blocks { get; } = new(4e-10, 4e-5);

    /// <summary>
    /// Block formats with x in fixed point: each element errs by up to 1/65 278 of the largest of its 32, evenly spread. That one is about
    /// three times the deviation of normal elements, so the mean square is (3 / 32 639)² / 12 = 7e-10 of theirs; four times that, and
    /// five deviations of it at the greatest element.
    /// </summary>
    public static Bound FixedPoint { get; } = new(3e-9, 1.4e-4);

    /// <summary>
    /// Softmax over up to 8 192 scores: exp() of the GPU errs by up to 3 + 2·|x| units in the last place (Vulkan's precision table),
    /// with |x| up to 100 about 2.4e-5.
    /// </summary>
    public static Bound AttentionF32 { get; } = new(1e-8, 1e-4);

    /// <summary>
    /// Keys and values stored as float16, which the reference uses as stored; the outputs are float32, the softmax's bound counts.
    /// </summary>
    public static Bound AttentionF16 { get; } = new(1e-6, 1e-3);

    /// <summary>
    /// Keys and values stored as bytes, against those that were not: off by at most half a step, a 239th (4.2e-3) of their block's largest.
    /// The largest of 32 normal elements is about 2.3 deviations, of products of two such (a latent and its gain) about 4, which makes a
    /// mean square of (4 / 127)² / 12 = 8.3e-5; twice that.
    /// </summary>
    public static Bound CachedQ8_0 { get; } = new(1.7e-4, 4.5e-3);

    /// <summary>
    /// Attention over them: steps of 1/127 of two, evenly spread over queries up to 3 and 64 elements, put a score of a head of 64 off by
    /// 0.8 %, so its weight by as much, and a value by 0.4 %: a mean square of 8e-5. Four times that, and five deviations of 0.9 % at the
    /// greatest element.
    /// </summary>
    public static Bound AttentionQ8_0 { get; } = new(3.2e-4, 4.5e-2);

    /// <summary>Matrix units with float16 activations (rounded once, 2⁻¹¹) and float32 accumulators.</summary>
    public static Bound MatrixF16 { get; } = new(2e-6, 2e-3);

    /// <summary>
    /// Logits of a whole model with float32 weights and cache: every layer rounds as float32 sums do, and the differences add up through
    /// the residual stream and the norms, which the small models of the tests hold below 1e-5; ten times that.
    /// </summary>
    public static Bound LogitsF32 { get; } = new(1e-8, 1e-4);

    /// <summary>
    /// Logits in double precision beside those of transformers, which are stored as float32 (6e-8), and which it computes in float32 in
    /// part: RMSNorm always, experts too. Of the tests' models those without RMSNorm are up to 7e-8 away, the others 9.8e-7; twice that,
    /// and twice the largest mean of 3.8e-13.
    /// </summary>
    public static Bound LogitsF64 { get; } = new(8e-13, 2e-6);

    /// <summary>
    /// The same beside models of which transformers computes more in float32, whatever it is given: the gated delta rule with its states,
    /// experts and their routers, four norms a layer and norms of heads. Up to 1.6e-5 away, with a mean of 9.7e-12; twice that.
    /// </summary>
    public static Bound LogitsF64BesideF32 { get; } = new(2e-11, 3.2e-5);

    /// <summary>
    /// Logits of a model in blocks whose products take their input in fixed point (<see cref="FixedPoint"/>, 1.4e-4), ten in a row:
    /// independent errors add as their root, to 4.5e-4. Twice that.
    /// </summary>
    public static Bound LogitsOfFixedPoint { get; } = new(1e-6, 1e-3);

    /// <summary>
    /// The same on matrix units, whose inputs and decoded weights are float16: an evaluation in double precision that rounds both so is up
    /// to 2.0e-3 away, over all families in four formats. Three times that, since a device stores more in float16: what stands between the
    /// products of the feed-forward layer.
    /// </summary>
    public static Bound LogitsOfMatrixUnits { get; } = new(4e-5, 6e-3);

    /// <summary>
    /// Log-probabilities: a logit less a float32 sum's logarithm, of values up to about 30, whose last place is 2e-6; exp() and log() err
    /// by a few more.
    /// </summary>
    public static Bound LogProbabilities { get; } = new(1e-10, 1e-5);

    /// <summary>
    /// The same against logits whose GELU came from a table of float16: an evaluation in double precision with the function itself is
    /// 2.4e-4 away from them, with the table 5e-5; twice the former.
    /// </summary>
    public static Bound LogitsOfGeluTable { get; } = new(1e-6, 5e-4);

    /// <summary>
    /// Logits of a model whose weights are rounded to bfloat16 (2⁻⁹ = 2e-3 relative at most, half of it on average) against those of the
    /// float32 weights: errors of that size in each of ten matrices in a row, added as independent ones.
    /// </summary>
    public static Bound LogitsBF16 { get; } = new(4e-5, 1e-2);

    /// <summary>As before with Q8_0: steps of 1/127 of a block's largest weight, half of one at most (4e-3).</summary>
    public static Bound LogitsQ8_0 { get; } = new(4e-4, 2e-2);
}
