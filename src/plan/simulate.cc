#include "plan/simulate.h"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <string_view>

#include "gate/rules.h"
#include "plan/cell_swaps.h"
#include "rng/binomial.h"
#include "rng/philox.h"

namespace minslice::plan {
namespace {

// Keeps these streams apart from other uses of the same seed.
constexpr std::uint32_t kPurpose = 0x51A1U;

struct Truth {
  std::string key, text;
  double everywhere = 0;
  double slice = 0;  // replaces `everywhere` in the bad slice where `one` is set
  bool one = false;
};

std::string Points(double d) {
  std::string text = fmt::format("{:+.2f}", d * 100);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text + " pt";
}

std::vector<Truth> Truths(const Policy& policy, bool with_slice) {
  const double margin = policy.margin;
  const double slice = policy.segments.margin;
  std::vector<Truth> truths = {{"no_change", "no change (A/A)", 0, 0, false},
                               {"better", Points(margin) + " everywhere", margin, 0, false},
                               {"at_margin", Points(-margin) + " everywhere (= margin)", -margin, 0, false},
                               {"twice_margin", Points(-2 * margin) + " everywhere", -2 * margin, 0, false}};
  if (!with_slice) return truths;
  const double bad = std::max(-0.95, -3 * slice);
  const double worse = std::max(-0.95, -6 * slice);
  truths.push_back({"slice", fmt::format("one slice {}", Points(bad)), 0, bad, true});
  truths.push_back({"slice_twice", fmt::format("one slice {}", Points(worse)), 0, worse, true});
  truths.push_back({"better_but_slice", fmt::format("{} but one slice {}", Points(margin), Points(bad)),
                    margin, bad, true});
  return truths;
}

// What a cell's pairs are drawn by.
struct CellLaw {
  rng::BinomialSampler broke;
  double fixed_given_not_broke;
  double both_given_concordant;
};

// One thread's copy of what a run fills in.
struct Workspace {
  gate::RuleInput input;
  CellSwaps swaps;
};

void DrawRun(const SuiteShape& shape, const std::vector<CellLaw>& laws, rng::Stream& stream,
             Workspace& work) {
  work.input.aggregate = {};
  for (gate::RuleDimension& dimension : work.input.dimensions) {
    for (gate::RuleValue& value : dimension.values) value.counts = {};
  }
  const auto add = [](stats::PairedCounts& to, const stats::PairedCounts& counts) {
    to.both += counts.both;
    to.incumbent_only += counts.incumbent_only;
    to.candidate_only += counts.candidate_only;
    to.neither += counts.neither;
  };
  for (std::size_t i = 0; i < shape.cells.size(); ++i) {
    const ShapeCell& cell = shape.cells[i];
    stats::PairedCounts counts;
    counts.incumbent_only = laws[i].broke.Draw(stream);
    std::int64_t left = cell.n - counts.incumbent_only;
    counts.candidate_only = rng::BinomialSampler(left, laws[i].fixed_given_not_broke).Draw(stream);
    left -= counts.candidate_only;
    counts.both = rng::BinomialSampler(left, laws[i].both_given_concordant).Draw(stream);
    counts.neither = left - counts.both;
    work.swaps.Set(i, counts);
    add(work.input.aggregate, counts);
    for (std::size_t d = 0; d < cell.value.size(); ++d) {
      gate::RuleDimension& dimension = work.input.dimensions[d];
      const std::size_t v = cell.value[d] == kNoValue ? dimension.values.size() - 1 : cell.value[d];
      add(dimension.values[v].counts, counts);
    }
  }
}

SimulatedBound BoundOn(const std::string& name, const SimulatedRow& row, std::int64_t hits, std::int64_t runs,
                       double bound) {
  SimulatedBound result;
  result.name = name;
  result.truth = row.truth;
  const auto n = static_cast<double>(runs);
  result.rate = static_cast<double>(hits) / n;
  // At least what the bound itself would give, so that 0 of n does not look certain.
  const double p = std::max(result.rate, std::min(bound, 1.0));
  result.standard_error = std::sqrt(p * (1 - p) / n);
  result.bound = bound;
  result.kept = result.rate <= bound + 3 * result.standard_error;
  return result;
}

}  // namespace

PairLaw LawOf(double psi, double d) {
  PairLaw law;
  law.broke = std::fabs(d) <= psi ? (psi - d) / 2 : psi / 2 - d;
  law.fixed = law.broke + d;
  if (law.broke < 0) {
    law.fixed -= law.broke;
    law.broke = 0;
  }
  if (law.fixed < 0) {
    law.broke -= law.fixed;
    law.fixed = 0;
  }
  const double sum = law.broke + law.fixed;
  if (sum > 1) {
    law.broke /= sum;
    law.fixed /= sum;
  }
  return law;
}

Computed<SimulatedTable> Simulate(const Policy& policy, const SuiteShape& suite,
                                  const SimulateOptions& options) {
  const SuiteShape shape = CutShape(policy.segments, ClusterShape(policy, suite));
  if (shape.n == 0) return Undefined("no_cases", "there are no cases");
  const gate::RuleInput template_input = InputOf(policy, shape);
  const gate::Outcome outline = gate::ApplyRules(policy, template_input);

  SimulatedTable table;
  table.name = options.name;
  table.n = shape.n;
  table.psi = options.psi;
  CaseModel model = options.model;
  if (!(model.noise > 0)) model.repeats = 1;  // equal runs are one
  const bool by_case = shape.clusters > 0 || model.repeats > 1;
  table.repeats = model.repeats;
  table.noise = model.repeats > 1 ? model.noise : 0;
  table.clusters = shape.clusters;
  table.icc = shape.clusters > 0 ? model.icc : 0;
  const gate::Slice* bad = nullptr;
  std::int64_t nearest = 0;
  for (const gate::Slice& slice : outline.slices) {
    if (slice.tested()) ++table.slices;
    if (slice.pooled) continue;
    const std::string& dimension = shape.dimensions[slice.dimension].name;
    if (!options.bad_slice.empty()) {
      if (slice.value == options.bad_slice &&
          (options.bad_dimension.empty() || options.bad_dimension == dimension))
        bad = &slice;
      continue;
    }
    if (!slice.tested()) continue;
    const auto distance =
        std::llround(1000 * std::fabs(static_cast<double>(slice.analysis.n) - options.bad_size));
    if (bad == nullptr || distance < nearest) {
      bad = &slice;
      nearest = distance;
    }
  }
  if (bad == nullptr && !options.bad_slice.empty()) {
    return Undefined("no_such_slice", fmt::format("no case carries the slice {}", options.bad_slice));
  }
  if (bad != nullptr) {
    table.bad_dimension = shape.dimensions[bad->dimension].name;
    table.bad_slice = bad->value;
    table.bad_slice_n = bad->analysis.n;
  }

  const std::vector<Truth> truths = Truths(policy, bad != nullptr);
  std::exception_ptr failure;
  for (std::size_t t = 0; t < truths.size(); ++t) {
    const Truth& truth = truths[t];
    std::vector<CellLaw> laws;
    std::vector<CellOutcome> outcomes;
    double flip = 0;
    for (const ShapeCell& cell : shape.cells) {
      bool in_bad = false;
      if (truth.one) {
        const std::uint32_t v = cell.value[bad->dimension];
        in_bad = v == kNoValue ? bad->members.front() == shape.dimensions[bad->dimension].values.size()
                               : v == bad->members.front();
      }
      const double d = in_bad ? truth.slice : truth.everywhere;
      const Latent latent =
          by_case && model.repeats > 1 ? LatentOf(model, options.psi, d) : Latent{0, options.psi, d};
      flip = latent.flip;
      const PairLaw law = LawOf(latent.psi, latent.shift);
      const double concordant = std::max(0.0, 1 - law.broke - law.fixed);
      const double rate = cell.incumbent_rate.value_or(options.incumbent_rate);
      const double both = std::clamp(rate - law.broke, 0.0, concordant);
      outcomes.push_back({law.broke, law.fixed, both});
      laws.push_back({rng::BinomialSampler(cell.n, law.broke),
                      law.broke < 1 ? law.fixed / (1 - law.broke) : 0,
                      concordant > 0 ? std::clamp((rate - law.broke) / concordant, 0.0, 1.0) : 0});
    }
    std::int64_t promote = 0, hold = 0, blocked = 0, inconclusive = 0, suspected = 0, named = 0;
#pragma omp parallel reduction(+ : promote, hold, blocked, inconclusive, suspected, named)
    {
      Workspace work{template_input, CellSwaps(shape, policy.bootstrap_seed)};
      std::optional<CaseDraw> cases;
      if (by_case) cases.emplace(policy, shape, model);
      work.input.swaps = &work.swaps;
#pragma omp for schedule(static)
      for (std::int64_t run = 0; run < options.runs; ++run) {
        try {
          rng::Stream stream(options.seed, static_cast<std::uint64_t>(run),
                             kPurpose + static_cast<std::uint32_t>(t));
          if (!by_case) DrawRun(shape, laws, stream, work);
          const gate::Outcome outcome =
              by_case ? cases->Judge(outcomes, flip, stream) : gate::ApplyRules(policy, work.input);
          promote += outcome.decision == Decision::kPromote ? 1 : 0;
          hold += outcome.decision == Decision::kHold ? 1 : 0;
          blocked += outcome.decision == Decision::kBlocked ? 1 : 0;
          inconclusive += outcome.decision == Decision::kInconclusive ? 1 : 0;
          for (const gate::Slice& slice : outcome.slices) {
            const bool suspect = slice.status == "suspected";
            suspected += suspect ? 1 : 0;
            if (bad != nullptr && !slice.pooled && slice.dimension == bad->dimension &&
                slice.members == bad->members &&
                (suspect || slice.status == "block" || slice.status == "below_floor")) {
              ++named;
            }
          }
        } catch (...) {
#pragma omp critical
          failure = std::current_exception();
        }
      }
    }
    if (failure) std::rethrow_exception(failure);
    table.rows.push_back({truth.text, truth.key, truth.everywhere, truth.one ? truth.slice : truth.everywhere,
                          promote, hold, blocked, inconclusive, suspected, named});
  }

  const ErrorRates& rates = policy.error_rates;
  if (!policy.gating) {
    const SimulatedRow& none = table.rows[0];
    const SimulatedRow& margin = table.rows[2];
    table.bounds.push_back(BoundOn("false block", none, none.blocked, options.runs, rates.alpha_block));
    table.bounds.push_back(
        BoundOn("false promote", margin, margin.promote, options.runs, rates.alpha_promote));
    SimulatedBound holds =
        BoundOn("false holds a run", none, none.suspected, options.runs, rates.max_expected_false_holds);
    // A count of slices: its variance is bounded by its mean where each is rare.
    holds.standard_error =
        std::sqrt(std::max(holds.rate, rates.max_expected_false_holds) / static_cast<double>(options.runs));
    holds.kept = holds.rate <= holds.bound + 3 * holds.standard_error;
    table.bounds.push_back(holds);
  }
  return table;
}

SuiteShape PublishedShape(std::int64_t asked) {
  constexpr int kSlices = 40;
  double total = 0;
  for (int s = 1; s <= kSlices; ++s) total += std::pow(s, -0.7);
  std::vector<std::pair<std::string, std::int64_t>> sizes;
  for (int s = 1; s <= kSlices; ++s) {
    const double share = static_cast<double>(asked - 20 * kSlices) * std::pow(s, -0.7) / total;
    sizes.emplace_back(fmt::format("slice-{:02d}", s), 20 + static_cast<std::int64_t>(std::floor(share)));
  }
  return ShapeOfSizes("slice", sizes);
}

Policy PublishedPolicy() {
  Policy policy;
  policy.goal = Goal::kNonInferiority;
  policy.margin = 0.02;
  policy.segments.dimensions.push_back({});
  policy.segments.dimensions.back().key = "slice";
  return policy;
}

}  // namespace minslice::plan
