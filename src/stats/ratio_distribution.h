// The exact bootstrap distribution of sum / items when G clusters are drawn with replacement from G clusters.
#ifndef MINSLICE_STATS_RATIO_DISTRIBUTION_H_
#define MINSLICE_STATS_RATIO_DISTRIBUTION_H_

#include <cstdint>
#include <span>
#include <vector>

namespace minslice::stats {

class RatioDistribution {
 public:
  // At least two clusters, not all of one mean; sizes > 0.
  RatioDistribution(std::span<const double> sums, std::span<const std::int64_t> sizes);

  enum class Kind { kTable, kRoundedTable, kCharacteristicFunction };
  Kind kind() const { return kind_; }
  double rounding() const { return step_; }

  double Cdf(double ratio) const;    // P(ratio* <= ratio)
  double Below(double ratio) const;  // P(ratio* < ratio)
  double Quantile(double p) const;   // the smallest ratio with Cdf >= p

 private:
  void BuildTable(std::span<const std::int64_t> cell);
  double TableCdf(double ratio, bool strictly) const;
  double SmoothCdf(double ratio) const;

  Kind kind_ = Kind::kTable;
  std::vector<double> sums_;
  std::vector<std::int64_t> sizes_;
  double estimate_ = 0, deviation_ = 0;
  // Table: column m holds the draws with least_items_ + m items; in it P(sum <= origin G + step (first_ +
  // s)), cumulated.
  double origin_ = 0, step_ = 0;
  std::int64_t first_ = 0, least_items_ = 0;
  std::size_t rows_ = 0, columns_ = 0;
  std::vector<double> cumulated_;  // column-wise
};

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_RATIO_DISTRIBUTION_H_
