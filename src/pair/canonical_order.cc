#include "pair/canonical_order.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "log/prefix_sort.h"

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

// What a case is ordered by as one number, where the table has few enough clusters, values and scores.
class OrderKeys {
 public:
  // Whether there is such a number.
  bool Fit(const PairedTable& table) {
    constexpr std::size_t kMostScores = 64;
    for (const PairedArm* arm : {&table.incumbent, &table.candidate}) {
      double last = kMissing;
      for (const double score : arm->scores) {
        if (score == last || std::isnan(score)) continue;
        last = score;
        if (std::find(scores_.begin(), scores_.end(), score) != scores_.end()) continue;
        if (scores_.size() == kMostScores) return false;
        scores_.push_back(score);
      }
    }
    std::sort(scores_.begin(), scores_.end());
    std::uint64_t left = std::numeric_limits<std::uint64_t>::max();
    const auto take = [&left](std::size_t n) { left /= n; };
    take(table.clusters.size() + 1);
    for (const Dimension& dimension : table.dimensions) take(dimension.values.size() + 1);
    for (int cell = 0; cell < table.incumbent.repeats + table.candidate.repeats && left > 0; ++cell)
      take(4 * (scores_.size() + 1));
    return left > 0;
  }

  std::uint64_t Of(const PairedTable& table, std::uint32_t i) const {
    std::uint64_t key = 0;
    const auto add = [&key](std::uint32_t value, std::size_t n) {
      key = key * (n + 1) + (value == kNoValue ? n : value);
    };
    if (!table.cluster_of_case.empty()) add(table.cluster_of_case[i], table.clusters.size());
    for (const Dimension& dimension : table.dimensions)
      add(dimension.value_of_case[i], dimension.values.size());
    for (const PairedArm* arm : {&table.incumbent, &table.candidate}) {
      const auto k = static_cast<std::size_t>(arm->repeats);
      for (std::size_t cell = i * k; cell < (i + 1) * k; ++cell) {
        std::uint64_t score = 0;  // how many it reaches; missing: none
        for (const double other : scores_) score += arm->scores[cell] >= other ? 1 : 0;
        const std::uint64_t seen = arm->has_row[cell] * 2U + arm->model_error[cell];
        key = (key * 4 + seen) * (scores_.size() + 1) + score;
      }
    }
    return key;
  }

 private:
  std::vector<double> scores_;  // ascending, each once
};

}  // namespace

std::vector<std::uint32_t> CanonicalOrder(const PairedTable& table) {
  std::vector<std::uint32_t> order(table.n_cases());
  std::iota(order.begin(), order.end(), 0U);
  OrderCanonically(table, order);
  return order;
}

void OrderCanonically(const PairedTable& table, std::vector<std::uint32_t>& order) {
  if (OrderKeys keys; keys.Fit(table)) {
    std::vector<log::PrefixedRow> rows;
    rows.reserve(order.size());
    bool sorted = true;  // counts come in this order
    for (const std::uint32_t i : order) {
      rows.push_back({keys.Of(table, i), i});
      sorted = sorted && (rows.size() < 2 || rows[rows.size() - 2].prefix <= rows.back().prefix);
    }
    if (sorted) return;
    log::SortByPrefix(rows);
    for (std::size_t place = 0; place < rows.size(); ++place) order[place] = rows[place].row;
    return;
  }
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
