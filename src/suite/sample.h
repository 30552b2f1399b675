// Draws a stratified suite from a pool of cases, with a floor for every slice. A case's place in the draw is
// a function of the seed and its id alone: the order of lines changes nothing, a larger draw contains the
// smaller one of the same seed, and a pool that grows keeps most of what was drawn.
#ifndef MINSLICE_SUITE_SAMPLE_H_
#define MINSLICE_SUITE_SAMPLE_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "minslice/case.h"
#include "minslice/result.h"

namespace minslice::suite {

// How many cases a stratum of weight W gets beyond its floor, in proportion to: W; sqrt(W), a compromise
// between the whole and the slices; W s (Neyman 1934), s = standard deviation of a pair's difference, which
// makes the weighted mean as sharp as so many cases can.
enum class Allocation { kProportional, kSquareRoot, kOptimal };

struct SampleOptions {
  std::vector<std::string> by = {};  // dimensions; a stratum is one value of each
  std::int64_t total = 0;
  std::int64_t floor = 20;  // of each stratum, as far as the pool has them
  Allocation allocation = Allocation::kProportional;
  std::uint64_t seed = 0;
  std::map<std::vector<std::string>, double> deviation = {};  // kOptimal: s by stratum
  double other_deviation = 0.3;                               // of strata that `deviation` does not name; > 0
};

struct Stratum {
  std::vector<std::string> values;  // by SampleOptions::by; "(none)" where the cases carry no value
  std::int64_t pool = 0;
  double weight = 0;     // sum of the cases' weights
  double deviation = 1;  // what kOptimal took
  std::int64_t drawn = 0;
};

struct Sample {
  std::vector<Stratum> strata;     // ascending by values
  std::vector<std::size_t> cases;  // indices into the pool, ascending
};

// Fails where a dimension is carried by no case, the total is smaller than the floors, or the pool smaller
// than the total.
Result<Sample> DrawSample(std::span<const Case> pool, const SampleOptions& options);

// Whole numbers x_h in [low_h, high_h] with sum `total` and x_h as near to lambda share_h as that allows: the
// one lambda, found by bisection, and largest remainders. sum low <= total <= sum high; share_h > 0.
std::vector<std::int64_t> Allocate(std::span<const double> share, std::span<const std::int64_t> low,
                                   std::span<const std::int64_t> high, std::int64_t total);

// Cases of cases.jsonl files without a suite around them. Every error of every file at once.
Result<std::vector<Case>> LoadCases(const std::vector<std::string>& paths);

}  // namespace minslice::suite

#endif  // MINSLICE_SUITE_SAMPLE_H_
