#include "pair/canonical_order.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace minslice::pair {
namespace {

int CompareScores(double a, double b) {
  const bool a_missing = std::isnan(a);
  const bool b_missing = std::isnan(b);
  if (a_missing || b_missing) return static_cast<int>(b_missing) - static_cast<int>(a_missing);
  return a < b ? -1 : static_cast<int>(b < a);
}

int CompareArms(const PairedArm& arm, std::uint32_t a, std::uint32_t b) {
  const auto k = static_cast<std::size_t>(arm.repeats);
  for (std::size_t r = 0; r < k; ++r) {
    const std::size_t at_a = a * k + r;
    const std::size_t at_b = b * k + r;
    if (arm.has_row[at_a] != arm.has_row[at_b]) return arm.has_row[at_a] < arm.has_row[at_b] ? -1 : 1;
    if (arm.model_error[at_a] != arm.model_error[at_b])
      return arm.model_error[at_a] < arm.model_error[at_b] ? -1 : 1;
    if (const int compared = CompareScores(arm.scores[at_a], arm.scores[at_b]); compared != 0)
      return compared;
  }
  return 0;
}

}  // namespace

std::vector<std::uint32_t> CanonicalOrder(const PairedTable& table) {
  std::vector<std::uint32_t> order(table.n_cases());
  std::iota(order.begin(), order.end(), 0U);
  const auto before = [&table](std::uint32_t a, std::uint32_t b) {
    if (!table.cluster_of_case.empty() && table.cluster_of_case[a] != table.cluster_of_case[b])
      return table.cluster_of_case[a] < table.cluster_of_case[b];
    for (const Dimension& dimension : table.dimensions) {
      if (dimension.value_of_case[a] != dimension.value_of_case[b])
        return dimension.value_of_case[a] < dimension.value_of_case[b];
    }
    const int compared = CompareArms(table.incumbent, a, b);
    return (compared != 0 ? compared : CompareArms(table.candidate, a, b)) < 0;
  };
  // Counts come in this order.
  if (!std::is_sorted(order.begin(), order.end(), before))
    std::stable_sort(order.begin(), order.end(), before);
  return order;
}

std::vector<double> ScoresInOrder(const PairedArm& arm, const std::vector<std::uint32_t>& order) {
  const auto k = static_cast<std::size_t>(arm.repeats);
  std::vector<double> scores;
  scores.reserve(arm.scores.size());
  for (const std::uint32_t i : order) {
    const auto first = arm.scores.begin() + static_cast<std::ptrdiff_t>(i * k);
    scores.insert(scores.end(), first, first + arm.repeats);
  }
  return scores;
}

}  // namespace minslice::pair
