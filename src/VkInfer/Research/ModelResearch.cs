using VkInfer.Kernels;

namespace VkInfer.Research;

/// <summary>
/// What can be measured of models and chosen for them, apart from what programs that use them need. <c>using VkInfer.Research</c> brings
/// these members; they may change between versions.
/// </summary>
public static class ModelResearch
{
    /// <param name="model">A model.</param>
    extension(Model model)
    {
        /// <inheritdoc cref="Model.Softmax"/>
        public SoftmaxPlan Softmax => model.Softmax;

        /// <inheritdoc cref="Model.CreateSynthetic"/>
        public static Model CreateSynthetic(
            string shape, WeightType weights, ModelOptions? options = null, IProgress<LoadProgress>? progress = null, int? layers = null,
            CancellationToken cancellationToken = default) =>
            Model.CreateSynthetic(shape, weights, options, progress, layers, cancellationToken);

        /// <inheritdoc cref="Model.SaveSoftmaxCalibration"/>
        public static string SaveSoftmaxCalibration(SoftmaxCalibration calibration) => Model.SaveSoftmaxCalibration(calibration);

        /// <inheritdoc cref="Model.CalibrateSoftmax"/>
        public SoftmaxCalibration CalibrateSoftmax(ReadOnlySpan<int> tokens, CancellationToken cancellationToken = default) =>
            model.CalibrateSoftmax(tokens, cancellationToken);

        /// <inheritdoc cref="Model.TuneLinear"/>
        public LinearTuning TuneLinear(
            TimeSpan budget, IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default) =>
            model.TuneLinear(budget, progress, cancellationToken);

        /// <inheritdoc cref="Model.SaveLinearTuning"/>
        public string SaveLinearTuning(LinearTuning tuning) => model.SaveLinearTuning(tuning);

        /// <inheritdoc cref="Model.ReadLinearTuning"/>
        public LinearTuning? ReadLinearTuning() => model.ReadLinearTuning();
    }
}
