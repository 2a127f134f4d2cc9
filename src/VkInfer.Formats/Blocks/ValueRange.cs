using System.Buffers.Binary;

namespace VkInfer.Formats.Blocks;

/// <summary>The values of a block, spread evenly over quants from 0, their minimum, to the greatest quant, their maximum.</summary>
internal readonly ref struct ValueRange
{
    private readonly ReadOnlySpan<float> _values;
    private readonly float _minimum;
    private readonly float _scale;
    private readonly float _inverse;
    private readonly int _maxQuant;

    public ValueRange(ReadOnlySpan<float> values, int maxQuant)
    {
        _values = values;
        _maxQuant = maxQuant;
        (_minimum, float maximum) = (values[0], values[0]);
        foreach (float value in values)
        {
            _minimum = MathF.Min(_minimum, value);
            maximum = MathF.Max(maximum, value);
        }

        _scale = (maximum - _minimum) / maxQuant;
        _inverse = _scale == 0 ? 0 : 1 / _scale;
    }

    public void WriteScaleAndMinimum(Span<byte> destination)
    {
        BinaryPrimitives.WriteHalfLittleEndian(destination, (Half)_scale);
        BinaryPrimitives.WriteHalfLittleEndian(destination[2..], (Half)_minimum);
    }

    public int Quantize(int index) => Math.Min(_maxQuant, (int)(((_values[index] - _minimum) * _inverse) + 0.5f));
}
