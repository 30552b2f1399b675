#include "plan/shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>

#include "gate/cuts.h"
#include "gate/families.h"
#include "gate/prepare.h"
#include "gate/sentences.h"
#include "minslice/stats/nondeterminism.h"
#include "minslice/stats/proportion.h"
#include "pair/canonical_order.h"

namespace minslice::plan {
namespace {

constexpr double kPsiLevel = 0.60;  // two-sided: each bound holds with 80 %

// From cluster_of_case how many clusters there are, and how large; where no two cases share one there are
// none.
void CountClusters(SuiteShape& shape) {
  std::map<std::uint32_t, std::int64_t> sizes;
  std::int64_t alone = 0;
  for (const std::uint32_t cluster : shape.cluster_of_case) ++(cluster == kNoValue ? alone : sizes[cluster]);
  const auto units = alone + static_cast<std::int64_t>(sizes.size());
  auto squares = static_cast<double>(alone);
  for (const auto& [cluster, size] : sizes) squares += static_cast<double>(size) * static_cast<double>(size);
  shape.clusters = units < shape.n ? units : 0;
  shape.cluster_size = shape.n > 0 ? squares / static_cast<double>(shape.n) : 1;
  if (shape.clusters > 0) return;
  shape.cell_of_case.clear();
  shape.cluster_of_case.clear();
}

// Collects cases by their segments. Values and dimensions are named as they come and sorted at the end.
class Builder {
 public:
  void Add(const std::vector<Segment>& segments, const std::optional<std::string>& cluster,
           std::optional<std::pair<int, int>> passes) {
    std::map<std::string_view, std::string_view> key;
    for (const Segment& segment : segments) key.emplace(segment.dimension, segment.value);
    Sum& sum = cells_[std::move(key)];
    cases_.push_back({&sum, kNoValue});
    ++sum.n;
    if (passes) {
      ++sum.passes[*passes];
      ++sum.rated;
    }
    ++n_;
    if (cluster) {
      const auto [named, is_new] =
          clusters_.try_emplace(*cluster, static_cast<std::uint32_t>(clusters_.size()));
      cases_.back().second = named->second;
    }
  }

  SuiteShape Build(std::string suite) const {
    SuiteShape shape;
    shape.suite = std::move(suite);
    shape.n = n_;
    std::map<std::string_view, std::map<std::string_view, std::uint32_t>> dimensions;
    for (const auto& [key, sum] : cells_) {
      for (const auto& [dimension, value] : key) dimensions[dimension].emplace(value, 0);
    }
    for (auto& [name, values] : dimensions) {
      ShapeDimension dimension;
      dimension.name = name;
      for (auto& [value, index] : values) {
        index = static_cast<std::uint32_t>(dimension.values.size());
        dimension.values.emplace_back(value);
      }
      shape.dimensions.push_back(std::move(dimension));
    }
    std::map<const Sum*, std::vector<std::uint32_t>> value_of;
    for (const auto& [key, sum] : cells_) {
      ShapeCell cell;
      cell.n = sum.n;
      if (sum.rated > 0) {
        double rates = 0;
        for (const auto& [passes, cases] : sum.passes)
          rates += static_cast<double>(cases) * passes.first / passes.second;
        cell.incumbent_rate = rates / static_cast<double>(sum.rated);
      }
      for (const auto& [name, values] : dimensions) {
        const auto found = key.find(name);
        cell.value.push_back(found == key.end() ? kNoValue : values.at(found->second));
      }
      value_of.emplace(&sum, cell.value);
      shape.cells.push_back(std::move(cell));
    }
    const auto before = [](const ShapeCell& a, const ShapeCell& b) { return a.value < b.value; };
    std::sort(shape.cells.begin(), shape.cells.end(), before);
    if (clusters_.empty()) return shape;
    for (const auto& [sum, cluster] : cases_) {
      const ShapeCell wanted{0, value_of.at(sum), {}};
      const auto at = std::lower_bound(shape.cells.begin(), shape.cells.end(), wanted, before);
      shape.cell_of_case.push_back(static_cast<std::uint32_t>(at - shape.cells.begin()));
      shape.cluster_of_case.push_back(cluster);
    }
    CountClusters(shape);
    return shape;
  }

 private:
  struct Sum {
    std::int64_t n = 0;
    std::int64_t rated = 0;
    std::map<std::pair<int, int>, std::int64_t>
        passes;  // cases by (passes, graded rows): adds up in any order
  };
  std::map<std::map<std::string_view, std::string_view>, Sum> cells_;
  std::map<std::string_view, std::uint32_t> clusters_;
  std::vector<std::pair<const Sum*, std::uint32_t>> cases_;  // cell and cluster
  std::int64_t n_ = 0;
};

PlanPsi Bounded(double psi, std::int64_t n, std::string source) {
  PlanPsi result;
  result.value = psi;
  result.source = std::move(source);
  const auto x = static_cast<std::int64_t>(std::llround(psi * static_cast<double>(n)));
  if (const auto interval = stats::WilsonInterval(x, n, kPsiLevel)) {
    result.low = interval->lower;
    result.high = interval->upper;
  }
  return result;
}

}  // namespace

SuiteShape ShapeOfCases(const std::string& suite, std::span<const Case> cases) {
  Builder builder;
  for (const Case& c : cases) builder.Add(c.segments, c.cluster, std::nullopt);
  return builder.Build(suite);
}

SuiteShape ShapeOfLogs(std::span<const RunLog> logs) {
  struct Seen {
    const CaseRecord* record = nullptr;
    int passes = 0;
    int graded = 0;
  };
  std::map<std::string_view, Seen> cases;
  for (const RunLog& log : logs) {
    for (const CaseRecord& record : log.cases) {
      if (record.outcome == Outcome::kInfraError) continue;
      Seen& seen = cases[record.case_id];
      if (seen.record == nullptr || seen.record->segments.empty()) seen.record = &record;
      seen.passes += record.outcome == Outcome::kPass ? 1 : 0;
      ++seen.graded;
    }
  }
  Builder builder;
  for (const auto& [id, seen] : cases) {
    builder.Add(seen.record->segments, seen.record->cluster, std::pair(seen.passes, seen.graded));
  }
  return builder.Build(logs.empty() ? "" : logs.front().run.suite);
}

SuiteShape ShapeOfSizes(const std::string& dimension,
                        std::span<const std::pair<std::string, std::int64_t>> sizes) {
  SuiteShape shape;
  shape.dimensions.push_back({dimension, {}});
  for (const auto& [value, n] : sizes) {
    shape.dimensions[0].values.push_back(value);
    shape.cells.push_back({n, {static_cast<std::uint32_t>(shape.cells.size())}, std::nullopt});
    shape.n += n;
  }
  return shape;
}

SuiteShape ClusterShape(const Policy& policy, SuiteShape shape) {
  if (policy.cluster_by.empty()) return shape;
  const auto by =
      std::find_if(shape.dimensions.begin(), shape.dimensions.end(),
                   [&](const ShapeDimension& dimension) { return dimension.name == policy.cluster_by; });
  if (by == shape.dimensions.end()) return shape;
  const auto d = by - shape.dimensions.begin();
  shape.cell_of_case.clear();
  shape.cluster_of_case.clear();
  for (std::uint32_t c = 0; c < shape.cells.size(); ++c) {
    const auto n = static_cast<std::size_t>(shape.cells[c].n);
    shape.cell_of_case.insert(shape.cell_of_case.end(), n, c);
    shape.cluster_of_case.insert(shape.cluster_of_case.end(), n,
                                 shape.cells[c].value[static_cast<std::size_t>(d)]);
  }
  CountClusters(shape);
  if (gate::NamesDimension(policy.segments, policy.cluster_by)) return shape;
  shape.dimensions.erase(by);
  for (ShapeCell& cell : shape.cells) cell.value.erase(cell.value.begin() + d);
  return shape;
}

SuiteShape CutShape(const SegmentPolicy& policy, SuiteShape shape) {
  if (!gate::HasCuts(policy)) return shape;
  std::vector<Dimension> dimensions;
  for (std::size_t d = 0; d < shape.dimensions.size(); ++d) {
    Dimension& dimension = dimensions.emplace_back();
    dimension.name = shape.dimensions[d].name;
    dimension.values = shape.dimensions[d].values;
    for (const ShapeCell& cell : shape.cells) dimension.value_of_case.push_back(cell.value[d]);
  }
  gate::Cuts cuts = gate::CutDimensions(policy, dimensions);
  shape.dimensions.clear();
  for (ShapeCell& cell : shape.cells) cell.value.clear();
  for (Dimension& dimension : cuts.dimensions) {
    shape.dimensions.push_back({dimension.name, std::move(dimension.values)});
    for (std::size_t i = 0; i < shape.cells.size(); ++i)
      shape.cells[i].value.push_back(dimension.value_of_case[i]);
  }
  return shape;
}

gate::RuleInput InputOf(const Policy& policy, const SuiteShape& shape) {
  gate::RuleInput input;
  input.aggregate.both = shape.n;
  for (std::size_t d = 0; d < shape.dimensions.size(); ++d) {
    gate::RuleDimension dimension;
    dimension.name = shape.dimensions[d].name;
    const std::size_t none = shape.dimensions[d].values.size();
    dimension.values.resize(none + 1);
    for (std::size_t v = 0; v < none; ++v) dimension.values[v].value = shape.dimensions[d].values[v];
    dimension.values[none].value = gate::kNoValueName;
    dimension.values[none].no_value = true;
    for (const ShapeCell& cell : shape.cells) {
      gate::RuleValue& value = dimension.values[cell.value[d] == kNoValue ? none : cell.value[d]];
      value.carried += cell.n;
      value.counts.both += cell.n;
    }
    input.dimensions.push_back(std::move(dimension));
  }
  gate::NameFamilies(policy.segments.families, input);
  return input;
}

PlanPsi GivenPsi(double psi) {
  return {.value = psi, .low = psi, .high = psi, .source = "given", .text = "given by --psi", .noise = {}};
}

PlanPsi DefaultPsi() {
  PlanPsi psi;
  psi.text =
      "assumed: two versions of a model usually disagree on 5 to 20 % of the prompts; give --psi from an "
      "earlier pair "
      "of runs (minslice compare prints it)";
  return psi;
}

std::optional<PlanPsi> PsiOfTable(const PairedTable& table) {
  double differ = 0;
  std::int64_t n = 0;
  for (const std::uint32_t i : pair::CanonicalOrder(table)) {
    if (!table.complete(i)) continue;
    const double p = table.incumbent.case_mean(i);
    const double q = table.candidate.case_mean(i);
    differ += p + q - 2 * p * q;
    ++n;
  }
  if (n == 0) return std::nullopt;
  PlanPsi psi = Bounded(differ / static_cast<double>(n), n, "pair");
  psi.text = fmt::format("these logs differ on {:.2f} % of {}", 100 * psi.value, gate::Many(n, "pair"));
  return psi;
}

std::optional<PlanPsi> PsiOfRepeats(std::span<const double> scores, int repeats) {
  const auto spread = stats::CheckNondeterminism(scores, repeats, {});
  if (!spread) return std::nullopt;
  PlanPsi psi = Bounded(2 * spread->variance, spread->n, "repeats");
  psi.noise = psi.value;
  psi.text = fmt::format(
      "two repeats of the incumbent differ on {:.2f} % of {} cases; another model differs on more, so this "
      "is the "
      "least that can be: give --psi from an earlier pair of runs",
      200 * spread->variance, spread->n);
  return psi;
}

}  // namespace minslice::plan
