#include "gate/partial.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "gate/case_data.h"

namespace minslice::gate {

std::optional<VerdictPartial> ListPartial(const PairedTable& table) {
  if (ByCounts(table)) return std::nullopt;
  constexpr std::size_t kMost = 200;  // of each list; the counts are of all
  VerdictPartial partial;
  for (std::size_t i = 0; i < table.n_cases(); ++i) {
    if (!table.complete(i)) continue;
    const double d = table.candidate.case_mean(i) - table.incumbent.case_mean(i);
    if (d == 0 || std::fabs(d) > 0.5) continue;
    (d < 0 ? partial.fell : partial.rose).push_back({std::string(table.case_ids[i]), d});
  }
  const auto keep = [](std::vector<VerdictPartialCase>& list) {
    std::stable_sort(list.begin(), list.end(), [](const VerdictPartialCase& a, const VerdictPartialCase& b) {
      return std::fabs(a.delta) > std::fabs(b.delta);
    });
    const auto n = static_cast<std::int64_t>(list.size());
    if (list.size() > kMost) list.resize(kMost);
    return n;
  };
  partial.n_fell = keep(partial.fell);
  partial.n_rose = keep(partial.rose);
  return partial;
}

}  // namespace minslice::gate
