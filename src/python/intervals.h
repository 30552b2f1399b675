// The statistics of columns and counts, one function a method, as JSON text with the fields of the headers in
// include/minslice/stats.
#ifndef MINSLICE_PYTHON_INTERVALS_H_
#define MINSLICE_PYTHON_INTERVALS_H_

#include <nanobind/nanobind.h>

#include <array>
#include <cstdint>

#include "minslice/stats/counts.h"

namespace minslice::python {

// Both pass, only the incumbent, only the candidate, neither.
using Counts = std::array<std::int64_t, 4>;

// Throws FailureError where a count is negative or too large, or all are 0.
stats::PairedCounts CountsOf(const Counts& counts);

void DefineIntervals(nanobind::module_& m);

}  // namespace minslice::python

#endif  // MINSLICE_PYTHON_INTERVALS_H_
