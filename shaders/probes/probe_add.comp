#version 460
// dst[i] = src[i] + addend: the smallest useful kernel, with which the Vulkan layer tests itself.
layout(local_size_x_id = 0) in;

layout(push_constant) uniform Push {
    uint count;
    uint addend;
} push;

layout(set = 0, binding = 0, std430) readonly buffer Source { uint src[]; };
layout(set = 0, binding = 1, std430) writeonly buffer Destination { uint dst[]; };

void main() {
    uint i = gl_GlobalInvocationID.x;
    if (i < push.count) {
        dst[i] = src[i] + push.addend;
    }
}
