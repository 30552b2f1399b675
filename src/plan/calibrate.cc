#include "plan/calibrate.h"

#include <omp.h>

#include <cmath>
#include <exception>
#include <string>
#include <vector>

#include "gate/case_data.h"
#include "gate/cuts.h"
#include "gate/prepare.h"
#include "gate/rules.h"
#include "minslice/stats/nondeterminism.h"
#include "minslice/stats/proportion.h"
#include "rng/philox.h"

namespace minslice::plan {
namespace {

constexpr std::uint32_t kPurpose = 0xCA11U;

// The complete cases alone, one run a side.
PairedTable OneRun(const PairedTable& table, const std::vector<std::size_t>& cases) {
  PairedTable one;
  one.metric = table.metric;
  one.binary = table.binary;
  one.clusters = table.clusters;
  for (const std::size_t i : cases) {
    one.case_ids.push_back(table.case_ids[i]);
    if (!table.cluster_of_case.empty()) one.cluster_of_case.push_back(table.cluster_of_case[i]);
  }
  for (const Dimension& dimension : table.dimensions) {
    Dimension kept;
    kept.name = dimension.name;
    kept.values = dimension.values;
    for (const std::size_t i : cases) kept.value_of_case.push_back(dimension.value_of_case[i]);
    one.dimensions.push_back(std::move(kept));
  }
  for (PairedArm* arm : {&one.incumbent, &one.candidate}) {
    arm->repeats = 1;
    arm->scores.assign(cases.size(), 0);
    arm->has_row.assign(cases.size(), 1);
    arm->model_error.assign(cases.size(), 0);
  }
  return one;
}

Decision Judge(const Policy& policy, const PairedTable& table) {
  const gate::CaseData data(table, policy, gate::Fill::kNone);
  return gate::ApplyRules(policy, data.Input()).decision;
}

void Count(CalibratedRates& rates, Decision decision) {
  ++rates.runs;
  rates.promote += decision == Decision::kPromote ? 1 : 0;
  rates.hold += decision == Decision::kHold ? 1 : 0;
  rates.blocked += decision == Decision::kBlocked ? 1 : 0;
  rates.inconclusive += decision == Decision::kInconclusive ? 1 : 0;
}

void AddIntervals(CalibratedRates& rates) {
  if (const auto blocked = stats::WilsonInterval(rates.blocked, rates.runs, 0.95)) {
    rates.blocked_low = blocked->lower;
    rates.blocked_high = blocked->upper;
  }
  if (const auto alarms = stats::WilsonInterval(rates.alarms(), rates.runs, 0.95)) {
    rates.alarm_low = alarms->lower;
    rates.alarm_high = alarms->upper;
  }
}

}  // namespace

Computed<Calibration> Calibrate(const Policy& policy, const PairedTable& given,
                                const CalibrateOptions& options) {
  // Scores, errors and clusters as the policy takes them; its runs are drawn here, one a side.
  Policy as_run = policy;
  as_run.runs.combine = "mean";
  const gate::PreparedTable prepared(as_run, given);
  if (!prepared.faults().empty())
    return Undefined(prepared.faults().front().code, prepared.faults().front().text);
  const gate::CutTable cut(policy.segments, prepared.table());
  const PairedTable& table = cut.table();
  const PairedArm& arm = table.incumbent;
  const auto k = static_cast<std::size_t>(arm.repeats);
  if (k < 2) {
    return Undefined("repeats",
                     "each case ran once; A/A needs at least 2 repeats of the incumbent, 3 are usual");
  }
  Calibration calibration;
  calibration.repeats = arm.repeats;
  calibration.block_bound = policy.error_rates.alpha_block;
  std::vector<std::size_t> cases;
  for (std::size_t i = 0; i < table.n_cases(); ++i) {
    bool complete = true;
    for (std::size_t r = 0; r < k; ++r) complete = complete && !std::isnan(arm.scores[i * k + r]);
    if (complete) {
      cases.push_back(i);
    } else {
      ++calibration.left_out;
    }
  }
  if (cases.empty()) return Undefined("no_cases", "no case has a score in every repeat");
  calibration.n = static_cast<std::int64_t>(cases.size());
  double disagreement = 0;
  for (const std::size_t i : cases) {
    for (std::size_t r = 0; r < k; ++r) {
      for (std::size_t s = 0; s < r; ++s)
        disagreement += arm.scores[i * k + r] != arm.scores[i * k + s] ? 1 : 0;
    }
  }
  calibration.psi = disagreement / (static_cast<double>(cases.size()) * static_cast<double>(k * (k - 1) / 2));

  PairedTable one = OneRun(table, cases);
  for (std::size_t r = 0; r < k; ++r) {
    for (std::size_t s = 0; s < k; ++s) {
      if (r == s) continue;
      for (std::size_t c = 0; c < cases.size(); ++c) {
        one.incumbent.scores[c] = arm.scores[cases[c] * k + r];
        one.candidate.scores[c] = arm.scores[cases[c] * k + s];
      }
      Count(calibration.observed, Judge(policy, one));
    }
  }
  AddIntervals(calibration.observed);

  std::int64_t promote = 0, hold = 0, blocked = 0, inconclusive = 0;
  std::exception_ptr failure;
#pragma omp parallel reduction(+ : promote, hold, blocked, inconclusive)
  {
    PairedTable mine = one;
#pragma omp for schedule(static)
    for (std::int64_t draw = 0; draw < options.draws; ++draw) {
      try {
        rng::Stream stream(options.seed, static_cast<std::uint64_t>(draw), kPurpose);
        for (std::size_t c = 0; c < cases.size(); ++c) {
          const auto first = static_cast<std::size_t>(stream.Below(k));
          auto second = static_cast<std::size_t>(stream.Below(k - 1));
          if (second >= first) ++second;
          mine.incumbent.scores[c] = arm.scores[cases[c] * k + first];
          mine.candidate.scores[c] = arm.scores[cases[c] * k + second];
        }
        const Decision decision = Judge(policy, mine);
        promote += decision == Decision::kPromote ? 1 : 0;
        hold += decision == Decision::kHold ? 1 : 0;
        blocked += decision == Decision::kBlocked ? 1 : 0;
        inconclusive += decision == Decision::kInconclusive ? 1 : 0;
      } catch (...) {
#pragma omp critical
        failure = std::current_exception();
      }
    }
  }
  if (failure) std::rethrow_exception(failure);
  calibration.exchanged.runs = options.draws;
  calibration.exchanged.promote = promote;
  calibration.exchanged.hold = hold;
  calibration.exchanged.blocked = blocked;
  calibration.exchanged.inconclusive = inconclusive;
  AddIntervals(calibration.exchanged);
  return calibration;
}

}  // namespace minslice::plan
