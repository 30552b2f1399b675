#include <algorithm>
#include <cmath>
#include <string>

#include "minslice/stats/clusters.h"
#include "rng/philox.h"
#include "stats/purposes.h"

namespace minslice::stats {
namespace {

// t statistics of the sign-flipped samples are quadratic in sums of +-residuals; nothing else depends on the
// hypothesised mean.
class WildTest {
 public:
  WildTest(const ClusterSums& clusters, const WildOptions& options)
      : sum_(clusters.sum), words_((clusters.sum.size() + 63) / 64) {
    for (const std::int64_t size : clusters.size) {
      size_.push_back(static_cast<double>(size));
      n_ += size_.back();
    }
    for (const double sum : sum_) total_ += sum;
    const std::size_t g = sum_.size();
    exact_ = g < 62 && (std::int64_t{1} << g) <= options.replicates;
    // A pattern and its opposite have the same |t|: the first cluster's sign can stay.
    replicates_ = exact_ ? std::int64_t{1} << (g - 1) : options.replicates;
    signs_.resize(static_cast<std::size_t>(replicates_) * words_);
    for (std::int64_t r = 0; r < replicates_; ++r) {
      if (exact_) {
        signs_[static_cast<std::size_t>(r)] = static_cast<std::uint64_t>(r) << 1;
        continue;
      }
      rng::Stream stream(options.seed, static_cast<std::uint64_t>(r), kPurposeWild);
      for (std::size_t w = 0; w < words_; ++w)
        signs_[static_cast<std::size_t>(r) * words_ + w] = stream.Next64();
    }
  }

  double mean() const { return total_ / n_; }
  bool exact() const { return exact_; }
  std::int64_t replicates() const { return exact_ ? 2 * replicates_ : replicates_; }

  // Two-sided p of H0: mean = mu.
  double P(double mu) const {
    const std::size_t g = sum_.size();
    std::vector<double> residual(g);
    for (std::size_t k = 0; k < g; ++k) residual[k] = sum_[k] - size_[k] * mu;
    const double observed = AbsT(residual, nullptr);
    std::int64_t reached = 0;
#pragma omp parallel for schedule(static) reduction(+ : reached) if (replicates_ > 2000)
    for (std::int64_t r = 0; r < replicates_; ++r) {
      const double t = AbsT(residual, &signs_[static_cast<std::size_t>(r) * words_]);
      if (t >= observed * (1 - 1e-12)) ++reached;
    }
    if (exact_) return static_cast<double>(reached) / static_cast<double>(replicates_);
    return static_cast<double>(reached + 1) / static_cast<double>(replicates_ + 1);
  }

 private:
  double AbsT(const std::vector<double>& residual, const std::uint64_t* signs) const {
    const auto flipped = [&](std::size_t k) {
      return signs != nullptr && (signs[k / 64] >> (k % 64) & 1U) != 0 ? -residual[k] : residual[k];
    };
    double total = 0;
    for (std::size_t k = 0; k < residual.size(); ++k) total += flipped(k);
    const double shift = total / n_;
    double meat = 0;
    for (std::size_t k = 0; k < residual.size(); ++k) {
      const double left = flipped(k) - size_[k] * shift;
      meat += left * left;
    }
    return meat > 0 ? std::abs(total) / std::sqrt(meat) : INFINITY;
  }

  std::vector<double> sum_, size_;
  std::size_t words_;
  std::vector<std::uint64_t> signs_;
  double n_ = 0, total_ = 0;
  bool exact_ = false;
  std::int64_t replicates_ = 0;
};

// The mean furthest from the estimate in the given direction whose p is still above alpha.
double Limit(const WildTest& test, double step, double alpha) {
  double inside = test.mean();
  double outside = inside + step;
  for (int i = 0; test.P(outside) > alpha; ++i) {
    if (i == 60) return step > 0 ? INFINITY : -INFINITY;
    inside = outside;
    step *= 2;
    outside += step;
  }
  for (int i = 0; i < 45; ++i) {
    const double middle = (inside + outside) / 2;
    (test.P(middle) > alpha ? inside : outside) = middle;
  }
  return (inside + outside) / 2;
}

}  // namespace

Computed<WildBootstrap> WildClusterBootstrap(const ClusterSums& clusters, const WildOptions& options) {
  if (options.replicates < 99 || options.replicates > 10'000'000) {
    return Undefined("replicates",
                     "between 99 and 10,000,000 replicates, asked for " + std::to_string(options.replicates));
  }
  Computed<ClusterMean> robust = ClusterRobustMean(clusters, ClusterError::kCr1, options.level);
  if (!robust) return tl::unexpected<Reason>(robust.error());
  const WildTest test(clusters, options);
  WildBootstrap result;
  result.exact = test.exact();
  result.replicates = test.replicates();
  result.p = test.P(0);
  const double alpha = 1 - options.level;
  const double se = robust->standard_error;
  result.mean = {test.mean(),
                 Limit(test, -se, alpha),
                 Limit(test, se, alpha),
                 options.level,
                 static_cast<std::int64_t>(clusters.sum.size()),
                 "wild_cluster",
                 {}};
  const double smallest = std::exp2(1 - static_cast<double>(clusters.sum.size()));
  if (smallest > alpha) {
    result.mean.warnings.push_back("no p below " + std::to_string(smallest) + " exists with " +
                                   std::to_string(clusters.sum.size()) +
                                   " clusters: nothing can be rejected at this level");
  }
  return result;
}

}  // namespace minslice::stats
