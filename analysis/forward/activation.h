/* Activation functions of the MLP, in place. */
#ifndef SPT_FORWARD_ACTIVATION_H
#define SPT_FORWARD_ACTIVATION_H

#include "checkpoints/model_config.h"

#include <stddef.h>

/* x [count] -> f(x). NaN stays NaN.
 *   SPT_GELU_ERF   x Phi(x) (Hendrycks and Gimpel 2016); relative error below 1e-6 for x > -5, absolute below 1e-11
 * beneath SPT_GELU_TANH  x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))); the same bounds, to x > -4 SPT_RELU max(x,
 * 0) SPT_SILU       x / (1 + e^-x); relative error below 1e-6 for x > -87 */
typedef void spt_activate(float *x, size_t count);

spt_activate *spt_activation_of(enum spt_activation activation);

#endif
