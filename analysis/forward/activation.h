/* Activation functions of the MLP, in place. */
#ifndef SPT_FORWARD_ACTIVATION_H
#define SPT_FORWARD_ACTIVATION_H

#include "checkpoints/model_config.h"

#include <stddef.h>

/* x [count] -> f(x). NaN stays NaN. Bounds: of the relative error above a point, of the absolute error below it.
 *
 *   SPT_GELU_ERF   x Phi(x) (Hendrycks and Gimpel 2016); 1e-6 above -5, 1e-11 below
 *   SPT_GELU_TANH  x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), the same; 1e-6 above -3, 1e-8 below
 *   SPT_RELU       max(x, 0); exact
 *   SPT_SILU       x / (1 + e^-x); 1e-6 above -87, 1e-30 below */
typedef void spt_activate(float *x, size_t count);

spt_activate *spt_activation_of(enum spt_activation activation);

#endif
