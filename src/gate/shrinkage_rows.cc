#include "gate/shrinkage_rows.h"

#include <algorithm>
#include <cstddef>

#include "minslice/stats/shrinkage.h"
#include "stats/normal.h"

namespace minslice::gate {
namespace {

// Of the slice's delta, finite where nothing changed: SliceVariance, and the same of case means.
double VarianceOf(const Analysis& a) {
  if (a.counts) return stats::SliceVariance(*a.counts);
  const auto n = static_cast<double>(a.n);
  return std::max(0.0, a.variance.value_or(1) - *a.delta * *a.delta) / n + 1 / (n * n);
}

}  // namespace

void Shrink(const Outcome& outcome, double level, std::vector<VerdictSegment>& segments,
            std::vector<VerdictDimension>& dimensions) {
  for (std::size_t d = 0; d < dimensions.size(); ++d) {
    std::vector<std::size_t> slices;
    std::vector<double> effects, variances;
    for (std::size_t s = 0; s < outcome.slices.size(); ++s) {
      const Slice& slice = outcome.slices[s];
      if (slice.dimension != d || slice.pooled || !slice.analysis.delta) continue;
      slices.push_back(s);
      effects.push_back(*slice.analysis.delta);
      variances.push_back(VarianceOf(slice.analysis));
    }
    if (slices.size() < 2) continue;
    const auto shrunk = stats::ShrinkNormal(effects, variances, stats::BetweenVariance::kDerSimonianLaird);
    if (!shrunk) continue;
    dimensions[d].q = shrunk->q;
    dimensions[d].q_p = shrunk->q_p;
    dimensions[d].tau2 = shrunk->tau2;
    dimensions[d].i2 = shrunk->i2;
    dimensions[d].mean = shrunk->mean;
    const double z = stats::NormalUpperQuantile((1 - level) / 2);
    for (std::size_t k = 0; k < slices.size(); ++k) {
      VerdictSegment& segment = segments[slices[k]];
      segment.shrunken_delta = shrunk->shrunk[k];
      segment.shrunken_low = std::max(-1.0, shrunk->shrunk[k] - z * shrunk->posterior_sd[k]);
      segment.shrunken_high = std::min(1.0, shrunk->shrunk[k] + z * shrunk->posterior_sd[k]);
    }
  }
}

}  // namespace minslice::gate
