#include "analysis/metric.h"

#include <string.h>

const double SPT_THRESHOLDS[SPT_THRESHOLD_COUNT] = {0.025, 0.05, 0.1, 0.25, 0.5, 0.75};
