#include "gate/prepare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "io/nearest_name.h"

namespace minslice::gate {
namespace {

void CombineArm(const std::string& how, std::size_t n, PairedArm& arm) {
  const auto k = static_cast<std::size_t>(arm.repeats);
  PairedArm one;
  one.scores.assign(n, kMissing);
  one.has_row.assign(n, 0);
  one.model_error.assign(n, 0);
  for (std::size_t i = 0; i < n; ++i) {
    if (how == "first") {
      one.scores[i] = arm.scores[i * k];
      one.has_row[i] = arm.has_row[i * k];
      one.model_error[i] = arm.model_error[i * k];
      continue;
    }
    double sum = 0;
    double votes = 0;
    for (std::size_t r = 0; r < k; ++r) {
      const std::size_t cell = i * k + r;
      if (arm.has_row[cell] != 0) one.has_row[i] = 1;
      if (arm.model_error[cell] != 0) one.model_error[i] = 1;
      if (std::isnan(arm.scores[cell])) continue;
      sum += arm.scores[cell];
      ++votes;
    }
    if (votes > 0) one.scores[i] = sum > votes / 2 ? 1 : 0;
  }
  arm = std::move(one);
}

// A model error is the worst that can be whatever the direction.
void OrientArm(const MetricScale& scale, PairedArm& arm) {
  for (std::size_t cell = 0; cell < arm.scores.size(); ++cell) {
    double& score = arm.scores[cell];
    if (!std::isnan(score)) score = arm.model_error[cell] != 0 ? 0 : Oriented(scale, score);
  }
}

// Model errors as missing rows (missing.model_error).
void DropModelErrors(PairedArm& arm) {
  for (std::size_t cell = 0; cell < arm.scores.size(); ++cell) {
    if (arm.model_error[cell] != 0) arm.scores[cell] = kMissing;
  }
}

// Rows without an answer as the worst that can be (missing.infra_error). Rows that are not there stay
// missing.
void FailInfraErrors(PairedArm& arm) {
  for (std::size_t cell = 0; cell < arm.scores.size(); ++cell) {
    if (arm.has_row[cell] != 0 && arm.model_error[cell] == 0 && std::isnan(arm.scores[cell]))
      arm.scores[cell] = 0;
  }
}

// The values of a dimension as clusters. It is then no dimension of slices, unless the policy names it.
bool ClusterBy(const Policy& policy, PairedTable& table) {
  const auto by =
      std::find_if(table.dimensions.begin(), table.dimensions.end(),
                   [&](const Dimension& dimension) { return dimension.name == policy.cluster_by; });
  if (by == table.dimensions.end()) return false;
  table.clusters = by->values;
  table.cluster_of_case = by->value_of_case;
  if (!NamesDimension(policy.segments, policy.cluster_by)) table.dimensions.erase(by);
  return true;
}

// The first case that has a score outside [0, 1]; n where none has.
std::size_t FirstOutside(const PairedTable& table) {
  std::size_t first = table.n_cases();
  for (const PairedArm* arm : {&table.incumbent, &table.candidate}) {
    const auto outside = std::find_if(arm->scores.begin(), arm->scores.end(),
                                      [](double score) { return score < 0 || score > 1; });
    if (outside == arm->scores.end()) continue;
    first = std::min(first, static_cast<std::size_t>(outside - arm->scores.begin()) /
                                static_cast<std::size_t>(arm->repeats));
  }
  return first;
}

PairedArm ArmOfCases(const PairedArm& arm, std::span<const std::uint32_t> cases) {
  const auto k = static_cast<std::size_t>(arm.repeats);
  PairedArm out;
  out.repeats = arm.repeats;
  for (const std::uint32_t i : cases) {
    const auto copy = [&](const auto& from, auto& to) {
      const auto begin = from.begin() + static_cast<std::ptrdiff_t>(i * k);
      to.insert(to.end(), begin, begin + arm.repeats);
    };
    copy(arm.scores, out.scores);
    copy(arm.has_row, out.has_row);
    copy(arm.model_error, out.model_error);
  }
  return out;
}

}  // namespace

bool NamesDimension(const SegmentPolicy& policy, const std::string& name) {
  return std::any_of(policy.dimensions.begin(), policy.dimensions.end(), [&](const PolicyDimension& named) {
    return named.key == name || std::find(named.cross.begin(), named.cross.end(), name) != named.cross.end();
  });
}

double Oriented(const MetricScale& scale, double score) {
  const double share = (score - scale.low) / (scale.high - scale.low);
  return scale.down ? 1 - share : share;
}

PairedTable LeaveOut(const PairedTable& table, std::span<const std::uint32_t> cases) {
  std::vector<std::uint32_t> kept;
  for (std::uint32_t i = 0; i < table.n_cases(); ++i) {
    if (!std::binary_search(cases.begin(), cases.end(), i)) kept.push_back(i);
  }
  PairedTable out;
  out.metric = table.metric;
  out.binary = table.binary;
  out.clusters = table.clusters;
  for (const std::uint32_t i : kept) {
    out.case_ids.push_back(table.case_ids[i]);
    if (!table.cluster_of_case.empty()) out.cluster_of_case.push_back(table.cluster_of_case[i]);
  }
  for (const Dimension& dimension : table.dimensions) {
    Dimension of_kept{dimension.name, dimension.values, {}};
    for (const std::uint32_t i : kept) of_kept.value_of_case.push_back(dimension.value_of_case[i]);
    out.dimensions.push_back(std::move(of_kept));
  }
  out.incumbent = ArmOfCases(table.incumbent, kept);
  out.candidate = ArmOfCases(table.candidate, kept);
  return out;
}

PairedTable CombineRuns(const PairedTable& table, const std::string& how) {
  PairedTable combined = table;
  CombineArm(how, table.n_cases(), combined.incumbent);
  CombineArm(how, table.n_cases(), combined.candidate);
  return combined;
}

PreparedTable::PreparedTable(const Policy& policy, const PairedTable& table,
                             std::span<const std::string> left_out)
    : table_(table) {
  const MetricScale& scale = policy.scale;
  if (!scale.graded && !table.binary) {
    faults_.push_back(
        {"metric_not_binary",
         fmt::format("the policy's metric \"{}\" is binary, and the logs have scores other than 0 and "
                     "1; give it type: graded and its range, or import it with a threshold "
                     "(--pass-above)",
                     table.metric)});
  }
  const auto copy = [&]() -> PairedTable& {
    if (!copy_) copy_ = table;
    return *copy_;
  };
  if (!policy.cluster_by.empty() && table.n_cases() > 0 && !ClusterBy(policy, copy())) {
    std::vector<std::string> names;
    for (const Dimension& dimension : table.dimensions) names.push_back(dimension.name);
    faults_.push_back({"cluster_absent",
                       fmt::format("pairing.cluster: no case carries the dimension {}{}",
                                   io::Quoted(policy.cluster_by), io::DidYouMean(policy.cluster_by, names))});
  }
  if (policy.missing.model_error == "missing") {
    DropModelErrors(copy().incumbent);
    DropModelErrors(copy().candidate);
  }
  if (scale.graded || scale.down) {
    copy();
    OrientArm(scale, copy_->incumbent);
    OrientArm(scale, copy_->candidate);
    const std::size_t outside = FirstOutside(*copy_);
    if (scale.graded && outside < table.n_cases()) {
      faults_.push_back({"score_out_of_range",
                         fmt::format("metric {}: case {} has a score outside the policy's range [{:g}, {:g}]",
                                     table.metric, table.case_ids[outside], scale.low, scale.high)});
    }
  }
  if (policy.missing.infra_error == "fail") {
    FailInfraErrors(copy().incumbent);
    FailInfraErrors(copy().candidate);
  }
  if (!left_out.empty()) {
    std::vector<std::uint32_t> cases;
    for (const std::string& id : left_out) {
      const auto at = std::lower_bound(table.case_ids.begin(), table.case_ids.end(), id);
      if (at != table.case_ids.end() && *at == id)
        cases.push_back(static_cast<std::uint32_t>(at - table.case_ids.begin()));
    }
    copy_ = LeaveOut(PreparedTable::table(), cases);
  }
  if (policy.runs.combine != "mean" && (table.incumbent.repeats > 1 || table.candidate.repeats > 1))
    copy_ = CombineRuns(PreparedTable::table(), policy.runs.combine);
}

}  // namespace minslice::gate
