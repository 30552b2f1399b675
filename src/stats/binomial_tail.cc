#include "stats/binomial_tail.h"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

namespace minslice::stats {
namespace {

// 2^-1000 is still a normal double: up to here the recurrence starts at x = m without rounding.
constexpr std::int64_t kFromTheTop = 1000;
constexpr double kLogSmallest = -690;  // log of 1e-299.7

double LogProbability(std::int64_t x, std::int64_t m) {
  const double n = static_cast<double>(m);
  const double k = static_cast<double>(x);
  return boost::math::lgamma(n + 1) - boost::math::lgamma(k + 1) - boost::math::lgamma(n - k + 1) -
         n * std::log(2.0);
}

// The largest x >= m/2 whose probability is still at least e^kLogSmallest; three lgamma are exact enough to
// place it.
std::int64_t Highest(std::int64_t m) {
  std::int64_t inside = m / 2;
  std::int64_t outside = m + 1;
  while (outside - inside > 1) {
    const std::int64_t x = inside + (outside - inside) / 2;
    (LogProbability(x, m) >= kLogSmallest ? inside : outside) = x;
  }
  return inside;
}

// 1/C(m, x) = (m + 1) B(x + 1, m - x + 1); ibeta_derivative keeps the digits that three lgamma would cancel.
double Probability(std::int64_t x, std::int64_t m) {
  const double a = static_cast<double>(x) + 1;
  const double b = static_cast<double>(m - x) + 1;
  return boost::math::ibeta_derivative(a, b, 0.5) / (static_cast<double>(m) + 1);
}

}  // namespace

double BinomialTail::Smallest(std::int64_t m) { return std::exp2(-static_cast<double>(m)); }

BinomialTail::BinomialTail(std::int64_t m) : m_(std::max<std::int64_t>(m, 0)), low_(0), high_(m_) {
  double probability = 0;
  double sum = 0;
  if (m_ <= kFromTheTop) {
    probability = Smallest(m_);
  } else {
    high_ = Highest(m_);
    low_ = m_ - high_;
    probability = Probability(high_, m_);
    // What lies above the table: at this distance the terms fall geometrically.
    double term = probability;
    for (std::int64_t x = high_; x < m_ && term > probability * 1e-17; ++x) {
      term *= static_cast<double>(m_ - x) / static_cast<double>(x + 1);
      sum += term;
    }
  }
  tail_.reserve(static_cast<std::size_t>(high_ - low_ + 1));
  for (std::int64_t x = high_; x >= low_; --x) {
    sum += probability;
    tail_.push_back(std::min(1.0, sum));
    probability *= static_cast<double>(x) / static_cast<double>(m_ - x + 1);
  }
  if (low_ == 0) tail_.back() = 1;
}

double BinomialTail::AtLeast(std::int64_t x) const {
  if (x <= low_) return x <= 0 || x < low_ ? 1.0 : tail_.back();
  if (x <= high_) return tail_[static_cast<std::size_t>(high_ - x)];
  if (x > m_) return 0;
  return boost::math::ibeta(static_cast<double>(x), static_cast<double>(m_ - x) + 1, 0.5);
}

double BinomialTail::Cursor::LogOneMinusLargestNotAbove(double p) {
  const std::vector<double>& tail = table_.tail_;
  if (next_ < tail.size() && tail[next_] <= p) {
    do ++next_;
    while (next_ < tail.size() && tail[next_] <= p);
    log_ = std::log1p(-tail[next_ - 1]);
  }
  return log_;
}

}  // namespace minslice::stats
