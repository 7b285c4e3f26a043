/* libspectail: what spectail measures, for programs in C. Flags: pkg-config --cflags --libs spectail, or find_package(spectail)
 * and the target spectail::spectail.
 *
 *     a run on disk               checkpoints/run.h           its checkpoints in step order, in any layout
 *     a checkpoint                checkpoints/checkpoint.h    named tensors in any container
 *     config.json                 checkpoints/model_config.h
 *     text -> token ids           checkpoints/tokenizer/tokenizer.h
 *     all metrics of a checkpoint analysis/analyze.h          with intervals; analysis/metric.h has the table of them
 *     attention, hidden states    analysis/forward/forward.h  one forward pass, to be watched
 *     one matrix                  analysis/topology/persistence.h, analysis/rmt/spectrum.h
 *     a series over steps         analysis/emergence/onset.h
 *
 * Nothing prints, exits or keeps state between calls. Every header says what its functions need, give and cost. tests/library/example.c
 * in the sources is a whole program.
 */
#ifndef SPECTAIL_H
#define SPECTAIL_H

#include "analysis/analyze.h"
#include "analysis/emergence/onset.h"
#include "analysis/forward/forward.h"
#include "analysis/metric.h"
#include "analysis/plan.h"
#include "analysis/probe.h"
#include "analysis/rmt/spectrum.h"
#include "analysis/topology/persistence.h"
#include "checkpoints/checkpoint.h"
#include "checkpoints/model_config.h"
#include "checkpoints/run.h"
#include "checkpoints/tokenizer/tokenizer.h"

#endif
