#include "gate/sequential_verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <string_view>

#include "gate/sentences.h"
#include "minslice/stats/sequential.h"

namespace minslice::gate {
namespace {

std::vector<std::size_t> OrderOf(const PairedTable& table, const Policy& policy) {
  const std::vector<std::string> ids(table.case_ids.begin(), table.case_ids.end());
  return SequentialOrder(ids, policy.sequential->seed);
}

// The betting confidence sequence of the mean difference at the last pair: it holds at any stopping time.
void PutSequence(const Policy& policy, const PairedTable& table, const std::vector<std::size_t>& order,
                 Analysis& analysis) {
  std::vector<double> x;
  for (const std::size_t i : order) {
    if (table.complete(i)) x.push_back((table.candidate.case_mean(i) - table.incumbent.case_mean(i) + 1) / 2);
  }
  analysis.ci_low = analysis.ci_high = analysis.lower_bound = std::nullopt;
  analysis.method = "betting_sequence";
  const std::int64_t n = static_cast<std::int64_t>(x.size());
  const auto at = [&](double alpha) {
    return stats::BettingSequenceAt(x, std::span(&n, 1), {.alpha = alpha, .theta = 0.5, .trunc_scale = 0.5});
  };
  if (const auto shown = at(1 - analysis.level)) {
    analysis.ci_low = 2 * shown->lower.front() - 1;
    analysis.ci_high = 2 * shown->upper.front() - 1;
  }
  if (const auto bound = at(2 * policy.error_rates.alpha_promote))
    analysis.lower_bound = 2 * bound->lower.front() - 1;
}

RuleReason Reason(Decision decision, const char* code, std::string text) {
  RuleReason found;
  found.reason.code = code;
  found.reason.text = std::move(text);
  found.reason.decision = decision;
  return found;
}

}  // namespace

std::optional<std::int64_t> StoppedTogether(const Policy& policy, std::span<const RunLog> incumbent,
                                            std::span<const RunLog> candidate) {
  std::optional<std::int64_t> least;
  for (const std::span<const RunLog> side : {incumbent, candidate}) {
    if (std::all_of(side.begin(), side.end(), [](const RunLog& log) { return log.end.has_value(); }))
      return {};
    for (const RunLog& log : side) {
      const bool decided = log.stop && log.stop->reason == "decided" && log.stop->sequential &&
                           log.stop->sequential->seed == policy.sequential->seed;
      if (!decided) return {};
      least = std::min(least.value_or(log.stop->sequential->looked_at), log.stop->sequential->looked_at);
    }
  }
  return least;
}

SequentialView ViewSequential(const Policy& policy, const PairedTable& table,
                              std::optional<std::int64_t> most) {
  SequentialView view;
  view.cases = static_cast<std::int64_t>(table.n_cases());
  SequentialTest test(policy);
  std::set<std::string_view> looked;
  const std::vector<std::size_t> order = OrderOf(table, policy);
  for (const std::size_t i : order) {
    const std::size_t cell = i * static_cast<std::size_t>(table.candidate.repeats);
    if (table.candidate.has_row[cell] == 0 || !test.state().decided.empty()) break;
    if (most && static_cast<std::int64_t>(looked.size()) == *most) break;
    looked.emplace(table.case_ids[i]);
    if (table.complete(i)) test.Add(table.candidate.case_mean(i) - table.incumbent.case_mean(i));
  }
  test.Look();
  view.state = test.state();
  // Looks are made in strides; what lies behind the crossing had no part in the decision.
  if (!view.state.decided.empty()) {
    std::int64_t pairs = 0;
    looked.clear();
    for (const std::size_t i : order) {
      if (pairs == view.state.decided_at) break;
      looked.emplace(table.case_ids[i]);
      pairs += table.complete(i) ? 1 : 0;
    }
  }
  for (const std::string_view id : table.case_ids) {
    if (!looked.contains(id)) view.behind.emplace_back(id);
  }
  return view;
}

void AcceptStopped(const Policy& policy, const SequentialView& view, bool together,
                   std::span<const RunLog> candidate, std::vector<VerdictReason>& reasons, Verdict& verdict) {
  VerdictSequential out;
  out.method = policy.goal == Goal::kSuperiority && !policy.scale.graded ? "e_process" : "betting";
  out.decided = view.state.decided;
  out.n_pairs = view.state.decided.empty() ? view.state.n : view.state.decided_at;
  out.cases = view.cases;
  for (const RunLog& log : candidate) out.cases = std::max(out.cases, log.run.cases.value_or(0));
  out.log_e = view.state.log_e;
  out.log_e_harm = view.state.log_e_harm;
  out.p_value = std::min(1.0, std::exp(-view.state.log_e));
  out.stopped = std::any_of(candidate.begin(), candidate.end(), [](const RunLog& log) { return !log.end; });
  const bool decided = !view.state.decided.empty();
  if (decided && out.stopped) {
    std::erase_if(reasons, [&](const VerdictReason& reason) {
      const bool candidates = reason.text.find("the candidate's") != std::string::npos;
      return (reason.code == "unfinished_log" && (candidates || together)) || reason.code == "rows_lost";
    });
  }
  verdict.sequential = std::move(out);
}

void DecideSequential(const Policy& policy, const SequentialView& view, const PairedTable& table,
                      Outcome& outcome) {
  const SequentialState& state = view.state;
  PutSequence(policy, table, OrderOf(table, policy), outcome.aggregate);
  Analysis& a = outcome.aggregate;
  a.p_value = std::min(1.0, std::exp(-state.log_e));
  a.p_harm = std::min(1.0, std::exp(-state.log_e_harm));
  a.min_attainable_p.reset();
  a.non_inferior = state.decided == "non_inferior";
  a.inferior = a.worse = state.decided == "harm";
  a.superior = state.decided == "gain";
  const ErrorRates& rates = policy.error_rates;
  std::string shown =
      a.delta ? fmt::format("aggregate {} after {} of {} cases", Points(*a.delta), a.n, view.cases)
              : std::string("no pair");
  if (a.ci_low)
    shown += fmt::format(" ({:.4g} % confidence sequence {} to {})", a.level * 100, Points(*a.ci_low),
                         Points(*a.ci_high));
  outcome.reasons.clear();
  outcome.decision = Decision::kInconclusive;
  if (state.decided == "harm") {
    outcome.decision = Decision::kBlocked;
    outcome.reasons.push_back(
        Reason(Decision::kBlocked, "aggregate_inferior",
               fmt::format("{}: shown to be worse than the margin of {}, E {:.3g} >= 1/{}", shown,
                           Size(policy.margin), std::exp(state.log_e_harm), Level(rates.alpha_block))));
  } else if (!state.decided.empty()) {
    outcome.decision = Decision::kPromote;
    const bool gain = state.decided == "gain";
    outcome.reasons.push_back(
        Reason(Decision::kPromote, gain ? "superior" : "non_inferior",
               fmt::format("{}: {}, E {:.3g} >= 1/{}", shown,
                           gain ? std::string("a gain is shown") : "non-inferior at " + Size(policy.margin),
                           std::exp(state.log_e), Level(RoundSignificant(rates.alpha_promote, 4)))));
  } else {
    outcome.reasons.push_back(Reason(
        Decision::kInconclusive, "sequential_undecided",
        fmt::format(
            "{}: neither the goal nor harm is shown (E {:.3g} and {:.3g}; {:.4g} and {:.4g} decide); a "
            "policy that does not stop early sees more in as many cases",
            shown, std::exp(state.log_e), std::exp(state.log_e_harm), 1 / rates.alpha_promote,
            1 / rates.alpha_block)));
  }
}

}  // namespace minslice::gate
