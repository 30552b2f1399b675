#include "cli/simulate_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/figures.h"
#include "json/json.h"
#include "pair/pair.h"
#include "plan/simulate.h"

namespace minslice::cli {
namespace {

// The Monte-Carlo standard error of a rate after so many runs.
double StandardError(std::int64_t hits, std::int64_t runs) {
  const double rate = static_cast<double>(hits) / static_cast<double>(runs);
  return std::sqrt(rate * (1 - rate) / static_cast<double>(runs));
}

}  // namespace

double LargestError(const SimulatedRow& row, std::int64_t runs) {
  double largest = 0;
  for (const std::int64_t hits : {row.promote, row.hold, row.blocked, row.inconclusive}) {
    largest = std::max(largest, StandardError(hits, runs));
  }
  return largest;
}

json::Value SimulateJson(const SimulationReport& report) {
  json::Value document;
  document["simulate_version"] = 1;
  document["runs"] = report.runs;
  document["seed"] = report.seed;
  document["tables"] = json::Value::array();
  const auto rate = [&](std::int64_t hits) {
    return static_cast<double>(hits) / static_cast<double>(report.runs);
  };
  for (const SimulatedTable& table : report.tables) {
    json::Value entry;
    entry["name"] = table.name;
    entry["n_pairs"] = table.n;
    entry["gated_slices"] = table.slices;
    entry["psi"] = table.psi;
    entry["runs_a_side"] = table.repeats;
    entry["noise"] = table.noise;
    entry["clusters"] = table.clusters;
    entry["icc"] = table.clusters > 0 ? json::Value(table.icc) : json::Value(nullptr);
    entry["bad_slice"] = table.bad_slice.empty() ? json::Value(nullptr)
                                                 : json::Value{{"dimension", table.bad_dimension},
                                                               {"value", table.bad_slice},
                                                               {"n_pairs", table.bad_slice_n}};
    entry["rows"] = json::Value::array();
    for (const SimulatedRow& row : table.rows) {
      entry["rows"].push_back({{"key", row.key},
                               {"truth", row.truth},
                               {"shift_everywhere", row.everywhere},
                               {"shift_slice", row.slice},
                               {"promote", rate(row.promote)},
                               {"hold", rate(row.hold)},
                               {"blocked", rate(row.blocked)},
                               {"inconclusive", rate(row.inconclusive)},
                               {"standard_error", LargestError(row, report.runs)},
                               {"suspected_a_run", rate(row.suspected)},
                               {"bad_slice_named", rate(row.bad_slice_named)}});
    }
    entry["bounds"] = json::Value::array();
    for (const SimulatedBound& bound : table.bounds) {
      entry["bounds"].push_back({{"name", bound.name},
                                 {"truth", bound.truth},
                                 {"rate", bound.rate},
                                 {"standard_error", bound.standard_error},
                                 {"bound", bound.bound},
                                 {"kept", bound.kept}});
    }
    document["tables"].push_back(std::move(entry));
  }
  return document;
}

std::vector<Diagnostic> CheckSimulate(const SimulateOptions& options) {
  std::vector<Diagnostic> errors;
  const auto add = [&](std::string text) { errors.push_back({{}, std::move(text)}); };
  for (const double psi : options.psi) {
    if (!(psi > 0 && psi <= 1)) add(fmt::format("--psi: expected rates in (0, 1], found {:g}", psi));
  }
  if (options.runs < 1 || options.runs > 10'000'000)
    add(fmt::format("--runs: expected 1 to 10,000,000, found {}", options.runs));
  if (options.incumbent_rate && !(*options.incumbent_rate >= 0 && *options.incumbent_rate <= 1))
    add(fmt::format("--incumbent-rate: expected a number from 0 to 1, found {:g}", *options.incumbent_rate));
  if (options.icc && !(*options.icc >= 0 && *options.icc <= 1))
    add(fmt::format("--icc: expected a number from 0 to 1, found {:g}", *options.icc));
  return errors;
}

Result<SimulateSuite> SimulateSuiteOf(const Policy& policy, const std::optional<PlanFile>& plan,
                                      const std::vector<RunLog>& incumbent,
                                      const std::vector<RunLog>& candidate) {
  SimulateSuite suite;
  suite.psi = plan::DefaultPsi();
  suite.repeats = plan::RunsAsked(policy);
  if (plan) {
    suite.shape = plan->shape;
    suite.incumbent_rate = plan->incumbent_rate.value_or(suite.incumbent_rate);
    if (plan->psi) {
      suite.psi = plan::GivenPsi(*plan->psi);
      suite.psi.text = "from the plan file";
    }
    suite.psi.noise = plan->noise;
    return suite;
  }
  suite.shape = plan::ShapeOfLogs(incumbent);
  const std::optional<PlanPsi> of_repeats = PsiOfLogs(incumbent);
  if (of_repeats && policy.runs.combine == "mean") {
    for (const RunLog& log : incumbent) suite.repeats = std::max(suite.repeats, log.run.repeats);
  }
  if (candidate.empty()) {
    if (of_repeats) suite.psi = *of_repeats;
    return suite;
  }
  const pair::PairResult paired = pair::Pair(incumbent, candidate, policy.metric);
  const auto found = plan::PsiOfTable(paired.table);
  if (!found) return Fail("no case of these logs forms a pair");
  suite.psi = *found;
  if (of_repeats) suite.psi.noise = of_repeats->noise;
  return suite;
}

Result<SimulationReport> SimulatePolicy(const Policy& policy, const SimulateSuite& suite,
                                        const SimulateOptions& options) {
  SimulationReport report;
  report.runs = options.runs;
  report.seed = options.seed;
  const std::vector<double> rates = options.psi.empty() ? std::vector<double>{suite.psi.value} : options.psi;
  for (const double value : rates) {
    plan::SimulateOptions one;
    one.runs = options.runs;
    one.seed = options.seed;
    one.psi = value;
    one.model = {.repeats = suite.repeats,
                 .noise = suite.psi.noise.value_or(0),
                 .icc = options.icc.value_or(plan::kAssumedIcc)};
    one.incumbent_rate = options.incumbent_rate.value_or(suite.incumbent_rate);
    one.name = fmt::format("N={} psi {}", CountText(suite.shape.n), ShareText(value));
    const std::size_t colon = options.bad_slice.find(':');
    if (colon != std::string::npos &&
        std::any_of(
            suite.shape.dimensions.begin(), suite.shape.dimensions.end(),
            [&](const plan::ShapeDimension& d) { return d.name == options.bad_slice.substr(0, colon); })) {
      one.bad_dimension = options.bad_slice.substr(0, colon);
      one.bad_slice = options.bad_slice.substr(colon + 1);
    } else {
      one.bad_slice = options.bad_slice;
    }
    const auto table = plan::Simulate(policy, suite.shape, one);
    if (!table) return Fail(table.error().text);
    report.tables.push_back(*table);
  }
  return report;
}

}  // namespace minslice::cli
