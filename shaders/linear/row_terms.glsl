// What a matrix-vector product adds to each row: the layer's bias, and what LayerNorm of the input comes to. With
// mean m, deviation s, gain g and shift b of the norm, the row w of a layer gives
//   w . ((x - m) / s * g + b) = (w . (x * g)) / s - (m / s) * (w . g) + w . b
// of which gemv() computes the first product, `gain_sums` holds w . g, and `row_bias` holds w . b and the layer's bias.
layout(constant_id = 4) const uint NORM = 0;
layout(constant_id = 5) const bool BIAS = false;

const uint NORM_NONE = 0;
const uint NORM_RMS = 1;
const uint NORM_LAYER = 2;

layout(set = 0, binding = 2) readonly buffer BiasBuffer { float row_bias[]; };
layout(set = 0, binding = 3) readonly buffer GainSumsBuffer { float gain_sums[]; };

float mean_over_deviation = 0.0;

float with_row_terms(uint row, float product) {
    if (NORM == NORM_LAYER) product -= mean_over_deviation * gain_sums[row];
    return BIAS ? product + row_bias[row] : product;
}
