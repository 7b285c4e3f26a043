#include "analysis/forward/activation.h"

#include "analysis/forward/vector.h"

/* x Phi(x) from the upper tail Phi(-a) = e^(-a^2/2) R(a), a = |x|, R(a) = erfcx(a / sqrt 2) / 2 as a polynomial of
 * degree 8 in u = 1 / (1 + 0.3 a), fitted on [0, 14] for the least relative error (6e-8). Unlike 1 + erf it does not
 * cancel for x < 0. */
static inline float gelu_erf(float x) {
    const float a = x < 0 ? -x : x;
    const float u = 1.0f / (1.0f + 0.3f * a);
    float r = 0.038377951830625534f;
    r = r * u - 0.16916465759277344f;
    r = r * u + 0.22865743935108185f;
    r = r * u - 0.07650384306907654f;
    r = r * u + 0.14253395795822144f;
    r = r * u + 0.09468409419059753f;
    r = r * u + 0.12192022055387497f;
    r = r * u + 0.1194877028465271f;
    r = r * u + 7.168169304350158e-06f;
    const float tail = spt_exp_nonpositive(a * a * -0.5f) * r;
    return x * (x < 0 ? tail : 1.0f - tail);
}

/* 1 / (1 + e^-y), from the side on which the exponential is at most 1. */
static inline float sigmoid(float y) {
    const float e = spt_exp_nonpositive(y < 0 ? y : -y);
    return (y < 0 ? e : 1.0f) / (1.0f + e);
}

SPT_VECTOR static void activate_gelu_erf(float *x, size_t count) {
    for (size_t i = 0; i < count; i++) x[i] = gelu_erf(x[i]);
}

/* (1 + tanh z) / 2 = sigmoid(2 z) */
SPT_VECTOR static void activate_gelu_tanh(float *x, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const float v = x[i];
        x[i] = v * sigmoid(1.5957691216f * (v + 0.044715f * v * v * v));
    }
}

SPT_VECTOR static void activate_relu(float *x, size_t count) {
    for (size_t i = 0; i < count; i++) x[i] = x[i] < 0 ? 0.0f : x[i];
}

SPT_VECTOR static void activate_silu(float *x, size_t count) {
    for (size_t i = 0; i < count; i++) x[i] = x[i] * sigmoid(x[i]);
}

static spt_activate *const ACTIVATIONS[] = {
    [SPT_GELU_ERF] = activate_gelu_erf,
    [SPT_GELU_TANH] = activate_gelu_tanh,
    [SPT_RELU] = activate_relu,
    [SPT_SILU] = activate_silu,
};

spt_activate *spt_activation_of(enum spt_activation activation) {
    return ACTIVATIONS[activation];
}
