#include "python/intervals.h"

#include <fmt/format.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cmath>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/stats_registry.h"
#include "io/nearest_name.h"
#include "json/json.h"
#include "minslice/stats/bootstrap_binary.h"
#include "minslice/stats/bootstrap_mean.h"
#include "minslice/stats/bounded_mean.h"
#include "minslice/stats/clusters.h"
#include "minslice/stats/mcnemar.h"
#include "minslice/stats/paired_interval.h"
#include "minslice/stats/paired_t.h"
#include "minslice/stats/proportion.h"
#include "minslice/stats/sign_flip.h"
#include "minslice/stats/wilcoxon.h"
#include "python/columns.h"
#include "python/failure.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace minslice::python {
namespace {

using json::Value;
using Text = std::string;

Value Number(double value) { return std::isfinite(value) ? Value(value) : Value(nullptr); }
Value Limits(const Interval& interval) {
  return Value::array({Number(interval.lower), Number(interval.upper)});
}

Value EstimateValue(const Estimate& e) {
  return {{"value", Number(e.value)},
          {"lower", Number(e.lower)},
          {"upper", Number(e.upper)},
          {"level", e.level},
          {"n", e.n},
          {"method", e.method},
          {"warnings", e.warnings}};
}

Value TestValue(const Test& test) {
  return {{"p", test.p}, {"log10_p", Number(test.log10_p)}, {"statistic", Number(test.statistic)}};
}

[[noreturn]] void Refuse(std::string message) {
  throw FailureError({Failure::Kind::kInput, {{{}, std::move(message)}}});
}

void CheckLevel(double level) {
  if (!(level > 0 && level < 1))
    Refuse(fmt::format("level: expected a fraction between 0 and 1, found {:g}", level));
}

template <class T>
struct Named {
  const char* name;
  T value;
};

template <class T, std::size_t n>
T Choose(const char* what, const std::string& name, const Named<T> (&choices)[n]) {
  std::vector<std::string> names;
  for (const Named<T>& choice : choices) {
    if (name == choice.name) return choice.value;
    names.emplace_back(choice.name);
  }
  Refuse(
      fmt::format("{}: there is no {}{}", what, io::Quoted(name), io::DidYouMean(name, names, names.size())));
}

Counts CountsOfColumns(const Array& incumbent, const Array& candidate) {
  const Column before = Unwrap(Column::Of(incumbent, "incumbent", false));
  const Column after = Unwrap(Column::Of(candidate, "candidate", false));
  const stats::PairedCounts counts = Unwrap(CountPairs(before, after));
  return {counts.both, counts.incumbent_only, counts.candidate_only, counts.neither};
}

bool OnlyZeroOne(const Array& scores) { return Unwrap(Column::Of(scores, "scores", true)).OnlyZeroOne(); }

// Differences of two columns, or one column that holds them already: read in place where it is contiguous
// float64.
class Sample {
 public:
  Sample(const Array& first, const std::optional<Array>& candidate) {
    const Column column = Unwrap(Column::Of(first, candidate ? "incumbent" : "differences", false));
    if (candidate) {
      buffer_ = Unwrap(Differences(column, Unwrap(Column::Of(*candidate, "candidate", false))));
      values_ = buffer_;
    } else {
      values_ = column.Doubles(buffer_);
    }
  }
  Sample(const Sample&) = delete;
  Sample& operator=(const Sample&) = delete;
  std::span<const double> values() const { return values_; }

 private:
  std::vector<double> buffer_;
  std::span<const double> values_;  // of buffer_ or of the array, which the caller holds
};

Text PairedIntervalText(const Counts& table, const std::string& method, double level) {
  CheckLevel(level);
  constexpr Named<stats::PairedMethod> kMethods[] = {{"tango", stats::PairedMethod::kTango},
                                                     {"scas", stats::PairedMethod::kScas},
                                                     {"newcombe10", stats::PairedMethod::kNewcombe10},
                                                     {"newcombe8", stats::PairedMethod::kNewcombe8},
                                                     {"bonett_price", stats::PairedMethod::kBonettPrice},
                                                     {"agresti_min", stats::PairedMethod::kAgrestiMin},
                                                     {"wald", stats::PairedMethod::kWald}};
  return json::Compact(EstimateValue(
      Unwrap(stats::PairedInterval(CountsOf(table), level, Choose("method", method, kMethods)))));
}

Text ProportionIntervalText(std::int64_t passes, std::int64_t n, const std::string& method, double level) {
  CheckLevel(level);
  if (passes < 0 || passes > n) Refuse(fmt::format("passes: expected 0 to {} (n), found {}", n, passes));
  using Function = Computed<Estimate> (*)(std::int64_t, std::int64_t, double);
  constexpr Named<Function> kMethods[] = {{"wilson", stats::WilsonInterval},
                                          {"wilson_corrected", stats::WilsonCorrectedInterval},
                                          {"clopper_pearson", stats::ClopperPearsonInterval},
                                          {"jeffreys", stats::JeffreysInterval},
                                          {"agresti_coull", stats::AgrestiCoullInterval}};
  return json::Compact(EstimateValue(Unwrap(Choose("method", method, kMethods)(passes, n, level))));
}

Text McNemarText(const Counts& table) {
  const stats::PairedCounts counts = CountsOf(table);
  return json::Compact({{"exact", TestValue(stats::McNemarExact(counts))},
                        {"midp", TestValue(stats::McNemarMidP(counts))},
                        {"asymptotic", TestValue(stats::McNemarAsymptotic(counts))},
                        {"corrected", TestValue(stats::McNemarCorrected(counts))},
                        {"harm_one_sided", TestValue(stats::McNemarHarmExact(counts))}});
}

Text NonInferiorityText(const Counts& table, double margin) {
  if (!(margin >= 0 && margin < 1))
    Refuse(fmt::format("margin: expected a fraction from 0 to below 1 (0.02 is two points), found {:g}",
                       margin));
  return json::Compact(TestValue(Unwrap(stats::NonInferiority(CountsOf(table), margin))));
}

Value BootstrapValue(const stats::BootstrapIntervals& b, double estimate) {
  return {{"estimate", Number(estimate)},
          {"percentile", Limits(b.percentile)},
          {"basic", Limits(b.basic)},
          {"bca", Limits(b.bca)},
          {"bca_strict", Limits(b.bca_strict)},
          {"studentised", Limits(b.studentised)},
          {"z0", Number(b.z0)},
          {"acceleration", Number(b.acceleration)},
          {"standard_error", Number(b.standard_error)},
          {"p_not_above_zero", Number(b.p_not_above_zero)},
          {"p_below_zero", Number(b.p_below_zero)},
          {"level", b.level},
          {"n", b.n},
          {"replicates", b.replicates},
          {"seed", b.seed}};
}

stats::BootstrapOptions BootstrapOptionsOf(double level, std::int64_t replicates, std::uint64_t seed) {
  CheckLevel(level);
  if (replicates < 100 || replicates > 100'000'000)
    Refuse(fmt::format("replicates: expected 100 to 100,000,000, found {}", replicates));
  return {.level = level, .replicates = replicates, .seed = seed, .studentised = false};
}

Text BootstrapTableText(const Counts& table, double level, std::int64_t replicates, std::uint64_t seed,
                        bool exact) {
  const stats::BootstrapOptions options = BootstrapOptionsOf(level, replicates, seed);
  const stats::PairedCounts counts = CountsOf(table);
  Value value = BootstrapValue(
      Unwrap(exact ? stats::BootstrapBinaryExact(counts, level) : stats::BootstrapBinary(counts, options)),
      counts.delta());
  value["method"] = exact ? "exact" : "resampled";
  value["warnings"] = Value::array();
  return json::Compact(value);
}

Text BootstrapText(const Array& first, const std::optional<Array>& candidate, double level,
                   std::int64_t replicates, std::uint64_t seed, bool exact) {
  const stats::BootstrapOptions options = BootstrapOptionsOf(level, replicates, seed);
  const Sample sample(first, candidate);
  const stats::MeanBootstrap b = Unwrap(exact ? stats::BootstrapMeanExact(sample.values(), level)
                                              : stats::BootstrapMean(sample.values(), options));
  Value value = BootstrapValue(b.intervals, b.estimate);
  value["bca_strict"] = Limits(b.bca_strict);
  value["p_not_above_zero"] = Number(b.p_not_above_zero);
  value["p_below_zero"] = Number(b.p_below_zero);
  value["method"] = b.method;
  value["warnings"] = b.warnings;
  return json::Compact(value);
}

Text BootstrapTText(const Array& first, const std::optional<Array>& candidate, double level,
                    std::int64_t replicates, std::uint64_t seed) {
  const stats::BootstrapOptions options = BootstrapOptionsOf(level, replicates, seed);
  const Sample sample(first, candidate);
  return json::Compact(EstimateValue(Unwrap(stats::BootstrapT(sample.values(), options))));
}

Text PairedTText(const Array& first, const std::optional<Array>& candidate, double level) {
  CheckLevel(level);
  const Sample sample(first, candidate);
  const stats::PairedT t = Unwrap(stats::PairedTTest(sample.values(), level));
  return json::Compact({{"mean", EstimateValue(t.mean)},
                        {"standard_error", t.standard_error},
                        {"t", Number(t.t)},
                        {"df", t.df},
                        {"p", t.p},
                        {"p_harm", t.p_harm}});
}

Text SignFlipText(const Array& first, const std::optional<Array>& candidate) {
  const Sample sample(first, candidate);
  const stats::SignFlip s = Unwrap(stats::SignFlipTest(sample.values()));
  return json::Compact({{"sum", s.sum},
                        {"p", s.p},
                        {"midp", s.midp},
                        {"p_harm", s.p_harm},
                        {"p_gain", s.p_gain},
                        {"log10_p", Number(s.log10_p)},
                        {"n", s.n},
                        {"n_nonzero", s.n_nonzero},
                        {"method", s.method}});
}

Text WilcoxonText(const Array& first, const std::optional<Array>& candidate) {
  const Sample sample(first, candidate);
  const stats::WilcoxonSignedRank w = Unwrap(stats::WilcoxonTest(sample.values()));
  return json::Compact({{"w_plus", w.w_plus},
                        {"w_minus", w.w_minus},
                        {"n", w.n},
                        {"n_nonzero", w.n_nonzero},
                        {"exact_p", w.exact_p ? Value(*w.exact_p) : Value(nullptr)},
                        {"normal_p", w.normal_p},
                        {"normal_p_corrected", w.normal_p_corrected},
                        {"pratt_p", w.pratt_p},
                        {"pratt_p_corrected", w.pratt_p_corrected},
                        {"p", w.p}});
}

Text BoundedMeanText(const Array& values, double low, double high, const std::string& method, double level) {
  CheckLevel(level);
  constexpr Named<stats::BoundedMethod> kMethods[] = {
      {"empirical_likelihood", stats::BoundedMethod::kEmpiricalLikelihood},
      {"betting", stats::BoundedMethod::kBetting},
      {"hoeffding", stats::BoundedMethod::kHoeffding}};
  const Sample sample(values, std::nullopt);
  return json::Compact(EstimateValue(Unwrap(
      stats::BoundedMeanInterval(sample.values(), low, high, level, Choose("method", method, kMethods)))));
}

stats::ClusterSums SumsOf(const Sample& sample, const std::vector<std::int64_t>& clusters) {
  return Unwrap(stats::SumClusters(sample.values(), clusters));
}

Text ClusterMeanText(const Array& differences, const std::vector<std::int64_t>& clusters,
                     const std::string& error, double level) {
  CheckLevel(level);
  constexpr Named<stats::ClusterError> kErrors[] = {{"cr0", stats::ClusterError::kCr0},
                                                    {"cr1", stats::ClusterError::kCr1},
                                                    {"cr2", stats::ClusterError::kCr2}};
  const Sample sample(differences, std::nullopt);
  const stats::ClusterMean c =
      Unwrap(stats::ClusterRobustMean(SumsOf(sample, clusters), Choose("error", error, kErrors), level));
  return json::Compact({{"mean", EstimateValue(c.mean)},
                        {"standard_error", c.standard_error},
                        {"t", Number(c.t)},
                        {"df", c.df},
                        {"p", c.p},
                        {"se_cr0", c.se_cr0},
                        {"se_cr1", c.se_cr1},
                        {"se_cr2", c.se_cr2},
                        {"se_independent", c.se_independent},
                        {"design_effect", c.design_effect},
                        {"icc", Number(c.icc)},
                        {"design_effect_icc", c.design_effect_icc},
                        {"n_effective", c.n_effective},
                        {"items", c.items}});
}

Text WildText(const Array& differences, const std::vector<std::int64_t>& clusters, double level,
              std::int64_t replicates, std::uint64_t seed) {
  const stats::BootstrapOptions options = BootstrapOptionsOf(level, replicates, seed);
  const Sample sample(differences, std::nullopt);
  const stats::WildBootstrap w = Unwrap(stats::WildClusterBootstrap(
      SumsOf(sample, clusters),
      {.level = options.level, .replicates = options.replicates, .seed = options.seed}));
  return json::Compact(
      {{"mean", EstimateValue(w.mean)}, {"p", w.p}, {"exact", w.exact}, {"replicates", w.replicates}});
}

// Any statistic by name, in and out as in the cases of `minslice stats`.
Text StatisticText(const std::string& name, const Text& input) {
  const cli::StatsRegistry& registry = cli::StatsFunctions();
  const auto* function = registry.Find(name);
  if (function == nullptr)
    Refuse(fmt::format("there is no statistic {}{}", io::Quoted(name),
                       io::DidYouMean(name, registry.Names(), 0)));
  try {
    return json::Compact((*function)(nlohmann::json::parse(input)));
  } catch (const std::exception& error) {
    Refuse(fmt::format("{}: {}", name, error.what()));
  }
}

std::vector<std::string> StatisticNames() { return cli::StatsFunctions().Names(); }

}  // namespace

stats::PairedCounts CountsOf(const Counts& counts) {
  constexpr std::int64_t kLargest = 1'000'000'000;
  for (const std::int64_t count : counts) {
    if (count < 0 || count > kLargest)
      Refuse(fmt::format("table: expected counts from 0 to 1,000,000,000, found {}", count));
  }
  const stats::PairedCounts table{
      .both = counts[0], .incumbent_only = counts[1], .candidate_only = counts[2], .neither = counts[3]};
  if (table.n() == 0) Refuse("table: all four counts are 0, so there are no pairs");
  return table;
}

void DefineIntervals(nb::module_& m) {
  using Free = nb::call_guard<nb::gil_scoped_release>;
  m.def("count_pairs", &CountsOfColumns, Free(), "incumbent"_a, "candidate"_a,
        "Both, incumbent only, candidate only, neither.");
  m.def("only_zero_one", &OnlyZeroOne, Free(), "scores"_a, "Whether every score is 0, 1 or missing.");
  m.def("paired_interval", &PairedIntervalText, Free(), "table"_a, "method"_a, "level"_a);
  m.def("proportion_interval", &ProportionIntervalText, Free(), "passes"_a, "n"_a, "method"_a, "level"_a);
  m.def("mcnemar", &McNemarText, Free(), "table"_a);
  m.def("non_inferiority", &NonInferiorityText, Free(), "table"_a, "margin"_a);
  m.def("bootstrap_table", &BootstrapTableText, Free(), "table"_a, "level"_a, "replicates"_a, "seed"_a,
        "exact"_a);
  m.def("bootstrap", &BootstrapText, Free(), "first"_a, "candidate"_a.none(), "level"_a, "replicates"_a,
        "seed"_a, "exact"_a);
  m.def("bootstrap_t", &BootstrapTText, Free(), "first"_a, "candidate"_a.none(), "level"_a, "replicates"_a,
        "seed"_a);
  m.def("paired_t", &PairedTText, Free(), "first"_a, "candidate"_a.none(), "level"_a);
  m.def("sign_flip", &SignFlipText, Free(), "first"_a, "candidate"_a.none());
  m.def("wilcoxon", &WilcoxonText, Free(), "first"_a, "candidate"_a.none());
  m.def("bounded_mean", &BoundedMeanText, Free(), "values"_a, "low"_a, "high"_a, "method"_a, "level"_a);
  m.def("cluster_mean", &ClusterMeanText, Free(), "differences"_a, "clusters"_a, "error"_a, "level"_a);
  m.def("wild_cluster_bootstrap", &WildText, Free(), "differences"_a, "clusters"_a, "level"_a, "replicates"_a,
        "seed"_a);
  m.def("statistic", &StatisticText, Free(), "name"_a, "input"_a);
  m.def("statistics", &StatisticNames);
}

}  // namespace minslice::python
