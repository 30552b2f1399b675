#include "gate/nondeterminism.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <iterator>
#include <utility>

#include "gate/integrity.h"
#include "gate/repeat_check.h"
#include "minslice/stats/repeats.h"
#include "pair/answers.h"
#include "pair/canonical_order.h"

namespace minslice::gate {
namespace {

constexpr std::size_t kWorthAThread = 20000;  // cases

struct SideOfRun {
  const char* name;
  std::span<const RunLog> logs;
  const PairedArm& arm;
  int asked;
};

void CheckCount(const SideOfRun& side, int runs, const char* key, std::vector<VerdictReason>& reasons) {
  if (runs >= side.asked) return;
  const std::string target = side.logs.empty() ? side.name : side.logs.front().run.target;
  reasons.push_back(InvalidReason(
      "too_few_runs",
      fmt::format("the policy asks for {} runs of each case ({}) and the {}'s log has {}: minslice run SUITE "
                  "--target {} --repeats {} -o LOG, or ask for {}",
                  side.asked, key, side.name, runs, target, side.asked, runs)));
}

void Fill(const RepeatCheck& check, VerdictRepeats& out) {
  out.verdict = RepeatVerdictName(check.verdict);
  out.why = check.why;
  for (const RepeatCause& cause : check.causes) out.causes.push_back(cause.text);
  if (!check.noise) return;
  const stats::Nondeterminism& noise = *check.noise;
  out.n = noise.n;
  out.expected_spread = noise.expected_spread;
  out.spread_95 = noise.spread_limit;
  if (noise.flipped > 0) {
    out.cochran_q = noise.cochran_q;
    out.cochran_p = noise.cochran_p;
  }
  out.flip_rate = noise.flip_rate.value;
  out.flip_low = noise.flip_rate.lower;
  out.flip_high = noise.flip_rate.upper;
}

std::optional<VerdictRepeats> JudgeSide(const Policy& policy, const SideOfRun& side, std::size_t n_cases,
                                        const char* key, std::vector<VerdictReason>& reasons,
                                        std::vector<std::string>& warnings) {
  const NondeterminismPolicy& rule = policy.nondeterminism;
  int runs = side.arm.repeats;
  // The usual log has nothing to compare.
  if (side.logs.size() == 1 && side.logs.front().run.repeats == 1 &&
      pair::HighestRepeat(side.logs.front()) <= 1) {
    CheckCount(side, 1, key, reasons);
    return RepeatsOf(side.arm, n_cases);
  }
  const auto checks =
      CheckRepeats(side.logs, {.max_spread = rule.max_spread, .q_level = rule.cochran_q, .level = 0.95});
  if (checks && checks->size() == 1) runs = checks->front().repeats;
  CheckCount(side, runs, key, reasons);
  std::optional<VerdictRepeats> repeats = RepeatsOf(side.arm, n_cases);
  if (runs < 2 || !checks) return repeats;
  for (const RepeatCheck& check : *checks) {
    if (check.repeats < 2) continue;
    // The other side may have run its cases once: the check is of all of this side's runs all the same.
    if (!repeats) {
      repeats.emplace();
      repeats->repeats = check.repeats;
      repeats->rates = check.rates;
      repeats->spread = check.noise ? check.noise->spread : 0;
      repeats->flaky = static_cast<std::int64_t>(check.flips.size());
    }
    Fill(check, *repeats);
    if (check.no_runs) {
      Follow(
          rule.on_fail, "nondeterministic",
          fmt::format("the {}'s {} runs show nothing of its noise: {}", side.name, check.repeats, check.why),
          reasons, warnings);
    }
    if (check.verdict != RepeatVerdict::kNondeterministic) continue;
    std::string text = fmt::format("the {} is no deterministic model over its {} runs: {}", side.name,
                                   check.repeats, check.why);
    if (!check.causes.empty()) text += "; likely cause: " + check.causes.front().text;
    Follow(rule.on_fail, "nondeterministic", std::move(text), reasons, warnings);
  }
  return repeats;
}

}  // namespace

void Follow(Consequence consequence, const char* code, std::string text, std::vector<VerdictReason>& reasons,
            std::vector<std::string>& warnings) {
  switch (consequence) {
    case Consequence::kIgnore:
      return;
    case Consequence::kWarn:
      warnings.push_back(std::move(text));
      return;
    case Consequence::kInvalid:
    case Consequence::kHold:
      reasons.push_back(InvalidReason(code, std::move(text)));
      if (consequence == Consequence::kHold) reasons.back().decision = Decision::kHold;
      return;
  }
}

std::optional<VerdictNondeterminism> JudgeRepeats(const Policy& policy, const PairedTable& table,
                                                  std::span<const RunLog> incumbent,
                                                  std::span<const RunLog> candidate,
                                                  std::vector<VerdictReason>& reasons,
                                                  std::vector<std::string>& warnings) {
  const RunsPolicy& runs = policy.runs;
  const int both = policy.nondeterminism.runs;
  const auto key = [&](int asked, const char* own) { return asked >= both ? own : "nondeterminism.runs"; };
  VerdictNondeterminism noise;
  // Both sides at once where there is enough to do.
  std::vector<VerdictReason> of_incumbent;
  std::vector<std::string> warnings_of_incumbent;
  auto judged =
      std::async(table.n_cases() >= kWorthAThread ? std::launch::async : std::launch::deferred, [&] {
        return JudgeSide(policy, {"incumbent", incumbent, table.incumbent, std::max(runs.incumbent, both)},
                         table.n_cases(), key(runs.incumbent, "runs.incumbent"), of_incumbent,
                         warnings_of_incumbent);
      });
  std::vector<VerdictReason> of_candidate;
  std::vector<std::string> warnings_of_candidate;
  noise.candidate =
      JudgeSide(policy, {"candidate", candidate, table.candidate, std::max(runs.candidate, both)},
                table.n_cases(), key(runs.candidate, "runs.candidate"), of_candidate, warnings_of_candidate);
  noise.incumbent = judged.get();
  for (auto* found : {&of_incumbent, &of_candidate})
    std::move(found->begin(), found->end(), std::back_inserter(reasons));
  for (auto* said : {&warnings_of_incumbent, &warnings_of_candidate})
    std::move(said->begin(), said->end(), std::back_inserter(warnings));
  if (!noise.incumbent && !noise.candidate) return std::nullopt;
  const std::vector<std::uint32_t> order = pair::CanonicalOrder(table);
  const std::vector<double> before = pair::ScoresInOrder(table.incumbent, order);
  const std::vector<double> after = pair::ScoresInOrder(table.candidate, order);
  if (const auto split =
          stats::SplitVariance({before, table.incumbent.repeats}, {after, table.candidate.repeats})) {
    noise.noise_share = split->noise_share;
    noise.repeats_that_pay = split->repeats_that_pay;
  }
  return noise;
}

}  // namespace minslice::gate
