using VkInfer.Kernels;

namespace VkInfer;

/// <content>The engines of its sessions.</content>
public sealed partial class Model
{
    private readonly ModelSelfTest _selfTest;
    private readonly Dictionary<(KvType, SoftmaxChoice?, LinearChoice), SessionEngine> _engines = [];

    /// <summary>The engine of sessions with these options, made when one is first asked for.</summary>
    /// <exception cref="DeviceSelfTestException">The device computes wrong results with keys and values of this type.</exception>
    /// <exception cref="ArgumentException">The model is to be reproducible, and linear layers are to be others.</exception>
    internal SessionEngine EngineFor(KvType type, SoftmaxChoice? softmax, LinearChoice linear)
    {
        if (linear != Options.Linear && Options.Reproducible)
        {
            throw new ArgumentException($"{linear}: a reproducible model chooses its linear layers by itself.", nameof(linear));
        }

        lock (_engines)
        {
            if (!_engines.TryGetValue((type, softmax, linear), out SessionEngine? engine))
            {
                if (type != Options.KvType)
                {
                    _selfTest.BeforeSession(type, Options.SelfTestTime);
                }

                SoftmaxPlan plan = softmax is { } choice ? SoftmaxPlan.For(choice, Config.NumLayers, Calibration) : Softmax;
                engine = SessionEngine.Create(this, type, plan, linear);
                _engines.Add((type, softmax, linear), engine);
            }

            return engine;
        }
    }
}
