#version 460
// Compiles only with a glslc that knows GL_EXT_integer_dot_product: asked at configuration, never run.
#extension GL_EXT_integer_dot_product : require
layout(local_size_x_id = 0) in;

layout(set = 0, binding = 0) buffer Words { int words[]; };

void main() {
    words[0] = dotPacked4x8EXT(words[1], words[2]);
}
