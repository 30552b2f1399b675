// P(Bin(m, 1/2) >= x) for all x of one m: the attainable p-values of a slice with m discordant pairs.
#ifndef MINSLICE_STATS_BINOMIAL_TAIL_H_
#define MINSLICE_STATS_BINOMIAL_TAIL_H_

#include <cstdint>
#include <vector>

namespace minslice::stats {

// Tails at least 1e-300 are kept, so the table has at most m + 1 and about 38 sqrt(m) entries (1.2 million at
// m = 1e9). Built by adding up the probabilities from the small end: relative error below 1e-13.
class BinomialTail {
 public:
  explicit BinomialTail(std::int64_t m);

  double AtLeast(std::int64_t x) const;

  // The smallest attainable p of m pairs, 2^-m.
  static double Smallest(std::int64_t m);

  // Walks the attainable p-values upwards while visit(value, next smaller one) returns true; the first has 0
  // below it.
  template <class Visit>
  void ForEachAscending(Visit visit) const {
    double previous = 0;
    for (const double value : tail_) {
      if (!visit(value, previous)) return;
      previous = value;
    }
    if (low_ > 0 && previous < 1) visit(1.0, previous);
  }

  // log(1 - F(p)), F(p) = the largest attainable p-value <= p, for calls with ascending p.
  class Cursor {
   public:
    explicit Cursor(const BinomialTail& table) : table_(table) {}
    double LogOneMinusLargestNotAbove(double p);

   private:
    const BinomialTail& table_;
    std::size_t next_ = 0;  // entries of tail_ that are <= p
    double log_ = 0;
  };

 private:
  std::int64_t m_;
  std::int64_t low_;          // smallest x of the table; below it the tail is 1 in double
  std::int64_t high_;         // largest x of the table; above it the tail is below 1e-300
  std::vector<double> tail_;  // ascending: tail_[i] = P(X >= high_ - i)
};

}  // namespace minslice::stats

#endif  // MINSLICE_STATS_BINOMIAL_TAIL_H_
