#include "gate/integrity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "gate/sentences.h"
#include "minslice/stats/mcnemar.h"
#include "pair/answers.h"

namespace minslice::gate {
namespace {

struct MissingRows {
  std::int64_t rows = 0;
  std::int64_t missing = 0;
};

MissingRows CountMissing(const PairedArm& arm) {
  MissingRows count;
  count.rows = static_cast<std::int64_t>(arm.scores.size());
  for (const double score : arm.scores) count.missing += std::isnan(score) ? 1 : 0;
  return count;
}

}  // namespace

VerdictReason InvalidReason(std::string code, std::string text, std::string dimension, std::string value) {
  VerdictReason reason;
  reason.code = std::move(code);
  reason.text = std::move(text);
  reason.dimension = std::move(dimension);
  reason.value = std::move(value);
  reason.decision = Decision::kInvalid;
  return reason;
}

bool AnyMissing(const PairedTable& table) {
  return CountMissing(table.incumbent).missing > 0 || CountMissing(table.candidate).missing > 0;
}

void CheckMissing(const Policy& policy, const PairedTable& table, const Outcome& outcome,
                  std::vector<VerdictReason>& reasons) {
  const auto add = [&](const char* code, std::string text, std::string dimension = "",
                       std::string value = "") {
    reasons.push_back(InvalidReason(code, std::move(text), std::move(dimension), std::move(value)));
  };
  const std::array<std::pair<const char*, const PairedArm*>, 2> arms = {
      {{"incumbent", &table.incumbent}, {"candidate", &table.candidate}}};
  for (const auto& [side, arm] : arms) {
    const MissingRows count = CountMissing(*arm);
    if (static_cast<double>(count.missing) > policy.missing.cap * static_cast<double>(count.rows) + kSlack) {
      add("missing_cap",
          fmt::format("the {} misses {} of {} rows ({}), more than the cap of {}", side, count.missing,
                      count.rows,
                      Percent(static_cast<double>(count.missing) / static_cast<double>(count.rows)),
                      Percent(policy.missing.cap)));
    }
  }
  // By slice, where the slice is tested: a handful of cases under min_cases decides nothing alone.
  const std::size_t n = table.n_cases();
  for (std::size_t d = 0; d < table.dimensions.size(); ++d) {
    const Dimension& dimension = table.dimensions[d];
    for (const auto& [side, arm] : arms) {
      const auto k = static_cast<std::size_t>(arm->repeats);
      std::vector<MissingRows> by_value(dimension.values.size() + 1);
      for (std::size_t i = 0; i < n; ++i) {
        const std::uint32_t value = dimension.value_of_case[i];
        MissingRows& count = by_value[value == kNoValue ? dimension.values.size() : value];
        count.rows += static_cast<std::int64_t>(k);
        for (std::size_t r = 0; r < k; ++r) count.missing += std::isnan(arm->scores[i * k + r]) ? 1 : 0;
      }
      for (const Slice& slice : outcome.slices) {
        if (slice.dimension != d || (!slice.gate && !slice.required)) continue;
        MissingRows sum;
        for (const std::uint32_t v : slice.members) {
          sum.rows += by_value[v].rows;
          sum.missing += by_value[v].missing;
        }
        if (sum.rows < static_cast<std::int64_t>(k) * policy.segments.min_cases) continue;
        if (static_cast<double>(sum.missing) >
            policy.missing.slice_cap * static_cast<double>(sum.rows) + kSlack) {
          add("slice_missing_cap",
              fmt::format("the {} misses {} of {} rows of segment {} ({}), more than the slice cap of {}",
                          side, sum.missing, sum.rows, slice.value,
                          Percent(static_cast<double>(sum.missing) / static_cast<double>(sum.rows)),
                          Percent(policy.missing.slice_cap)),
              dimension.name, slice.value);
        }
      }
    }
  }
  // Whether a run of a case is missing should not depend on the side.
  const auto any_missing = [](const PairedArm& arm, std::size_t i) {
    const auto first =
        arm.scores.begin() + static_cast<std::ptrdiff_t>(i * static_cast<std::size_t>(arm.repeats));
    return std::any_of(first, first + arm.repeats, [](double score) { return std::isnan(score); });
  };
  stats::PairedCounts flags;
  for (std::size_t i = 0; i < n; ++i) {
    const bool incumbent = any_missing(table.incumbent, i);
    const bool candidate = any_missing(table.candidate, i);
    ++(incumbent ? (candidate ? flags.both : flags.incumbent_only)
                 : (candidate ? flags.candidate_only : flags.neither));
  }
  const double p = stats::McNemarMidP(flags).p;
  if (p < 0.01) {
    add("differential_missingness", fmt::format("{} cases lack a run only in the incumbent's logs and {} "
                                                "only in the candidate's (mid-p {} < .01): what is missing "
                                                "depends on the side",
                                                flags.incumbent_only, flags.candidate_only, PText(p)));
  }
}

Answered WhoAnswered(std::span<const RunLog> logs) {
  Answered answered;
  for (const RunLog& log : logs) {
    const AnswerCounts answers = pair::CountAnswers(log);
    answered.unknown += answers.unnamed();
    answered.rows += answers.answered();
    answered.cached += answers.cached();
    for (const AnsweredBy& by : answers.models()) answered.by_model[by.name] += by.rows;
  }
  return answered;
}

VerdictArm ArmOf(std::span<const RunLog> logs, int repeats, const Answered& answered) {
  VerdictArm arm;
  arm.repeats = repeats;
  if (!logs.empty()) {
    arm.target = logs.front().run.target;
    arm.request_model = logs.front().run.request_model;
  }
  for (const auto& [model, count] : answered.by_model) arm.response_models.push_back(model);
  return arm;
}

std::optional<VerdictRepeats> RepeatsOf(const PairedArm& arm, std::size_t n) {
  if (arm.repeats < 2) return std::nullopt;
  VerdictRepeats repeats;
  repeats.repeats = arm.repeats;
  const auto k = static_cast<std::size_t>(arm.repeats);
  std::vector<double> sum(k, 0);
  std::vector<std::int64_t> count(k, 0);
  for (std::size_t i = 0; i < n; ++i) {
    double low = 2;
    double high = -1;
    for (std::size_t r = 0; r < k; ++r) {
      const double score = arm.scores[i * k + r];
      if (std::isnan(score)) continue;
      sum[r] += score;
      ++count[r];
      low = std::min(low, score);
      high = std::max(high, score);
    }
    if (high > low && high >= 0) ++repeats.flaky;
  }
  double low = 2;
  double high = -1;
  for (std::size_t r = 0; r < k; ++r) {
    const double rate = count[r] > 0 ? sum[r] / static_cast<double>(count[r]) : kMissing;
    repeats.rates.push_back(rate);
    if (count[r] == 0) continue;
    low = std::min(low, rate);
    high = std::max(high, rate);
  }
  repeats.spread = high >= low ? high - low : 0;
  return repeats;
}

}  // namespace minslice::gate
