#include "cli/mde_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/compare_analysis.h"
#include "gate/case_data.h"
#include "minslice/stats/proportion.h"
#include "minslice/version.h"
#include "pair/canonical_order.h"
#include "pair/pair.h"

namespace minslice::cli {
namespace {

using nlohmann::ordered_json;

constexpr double kTableEffects[] = {0.005, 0.01, 0.02, 0.03, 0.05};
constexpr double kSmallest = 1e-5;  // effect or margin
constexpr std::int64_t kMostPairs = 1'000'000'000;

// The pairs that --effect and --margin take, the larger of them; 0 where there is no such number.
std::int64_t PairsAskedFor(const MdeOptions& flags, const MdeGiven& given, MdeReport& r) {
  double needed = 0;
  const auto take = [&](const Computed<double>& pairs, const char* flag) {
    if (!pairs || !(*pairs > needed)) return;
    needed = *pairs;
    r.pairs_from = flag;
  };
  if (given.effect) take(stats::McNemarPairsNeeded(r.printed_psi, flags.effect, r.options), "--effect");
  if (given.margin)
    take(stats::NonInferiorityPairsNeeded(r.printed_psi, flags.margin, r.options.alpha, r.options.power),
         "--margin");
  return needed > 0 && needed <= static_cast<double>(kMostPairs)
             ? static_cast<std::int64_t>(std::ceil(needed - 1e-9))
             : 0;
}

void Put(ordered_json& object, const std::string& key, const Computed<double>& computed) {
  if (computed) {
    object[key] = *computed;
  } else {
    object[key] = nullptr;
    object[key + "_reason"] = {{"code", computed.error().code}, {"text", computed.error().text}};
  }
}

void PutPairs(ordered_json& object, const std::string& key, const Computed<double>& computed) {
  Put(object, key, computed);
  if (computed && *computed < 9e15) object[key] = static_cast<std::int64_t>(std::ceil(*computed - 1e-9));
}

}  // namespace

std::vector<Diagnostic> CheckMde(const MdeOptions& flags, const MdeGiven& given, bool pilot) {
  std::vector<Diagnostic> errors;
  const auto add = [&](std::string text) { errors.push_back({{}, std::move(text)}); };
  const bool sized = given.pairs || given.effect || given.margin;
  if (!pilot && !(sized && given.discordance)) {
    add("mde needs --discordance PSI with --pairs N, --effect D or --margin M, or --pilot INCUMBENT "
        "CANDIDATE");
  }
  if (pilot && given.discordance) add("--discordance and --pilot both give psi; choose one");
  if (given.pairs && !(flags.pairs >= 1 && flags.pairs <= 1'000'000'000)) {
    add(fmt::format("--pairs: expected 1 to 1,000,000,000, found {}", flags.pairs));
  }
  const auto fraction = [&](const char* name, double value, bool one_allowed, const char* hint) {
    if (!(value > 0 && (value < 1 || (one_allowed && value == 1)))) {
      add(fmt::format("{}: expected a fraction between 0 and 1{}, found {:g}", name, hint, value));
    }
  };
  if (given.discordance)
    fraction("--discordance", flags.discordance, true, " (0.138: 13.8 % of the pairs differ)");
  // Below a thousandth of a point the count of pairs is no number that anybody could run.
  const auto size = [&](const char* name, double value, bool one_allowed) {
    if (value > 0 && value < kSmallest) {
      add(fmt::format("{}: expected at least {:g} (a thousandth of a point), found {:g}", name, kSmallest,
                      value));
    } else {
      fraction(name, value, one_allowed, " (0.02 is two points)");
    }
  };
  if (given.margin) size("--margin", flags.margin, false);
  if (given.effect) size("--effect", flags.effect, true);
  if (given.rate) fraction("--rate", flags.rate, false, "");
  fraction("--power", flags.power, false, "");
  fraction("--alpha", flags.alpha, false, "");
  if (flags.sides != 1 && flags.sides != 2)
    add(fmt::format("--sides: expected 1 or 2, found {}", flags.sides));
  return errors;
}

Result<MdePilot> PilotOf(const RunLog& incumbent, const RunLog& candidate) {
  std::vector<Diagnostic> errors;
  const pair::PairResult paired = pair::Pair({&incumbent, 1}, {&candidate, 1});
  for (const pair::Finding& finding : paired.findings)
    errors.push_back({{}, finding.code + ": " + finding.text});
  if (!errors.empty()) return FailAll(std::move(errors));
  std::vector<std::size_t> complete;
  const std::vector<std::uint32_t> order = pair::CanonicalOrder(paired.table);
  for (const std::uint32_t i : order) {
    if (paired.table.complete(i)) complete.push_back(i);
  }
  if (complete.empty())
    return Fail("--pilot: there are no complete pairs: no case has a score on both sides");
  MdePilot pilot;
  pilot.n = static_cast<std::int64_t>(complete.size());
  pilot.repeats = paired.table.incumbent.repeats;
  if (IsBinaryPairs(paired.table)) {
    pilot.counts = CountCases(paired.table, complete);
    pilot.psi = pilot.counts->psi();
    pilot.psi_upper = stats::WilsonInterval(pilot.counts->discordant(), pilot.n, 0.60)->upper;
    pilot.incumbent_rate =
        static_cast<double>(pilot.counts->both + pilot.counts->incumbent_only) / static_cast<double>(pilot.n);
    return pilot;
  }
  const gate::Analysis analysis = gate::AnalyseTable(Policy{}, paired.table, Policy{}.margin);
  if (!analysis.variance)
    return Fail("--pilot: psi cannot be computed: " +
                (analysis.warnings.empty() ? std::string("no variance") : analysis.warnings.back()));
  pilot.psi = *analysis.variance;
  pilot.incumbent_rate = *analysis.incumbent_rate;
  pilot.clusters = analysis.clusters;
  double sum = 0;
  double squares = 0;
  for (const std::size_t i : complete) {
    const double d = paired.table.candidate.case_mean(i) - paired.table.incumbent.case_mean(i);
    sum += d * d;
    squares += d * d * d * d;
  }
  const auto n = static_cast<double>(pilot.n);
  const double spread = std::sqrt(std::max(0.0, squares / n - (sum / n) * (sum / n)) / n);
  constexpr double kUpper80 = 0.8416212335729143;  // of the normal distribution
  // The clusters' share is scaled along.
  pilot.psi_upper = sum > 0 ? std::min(1.0, pilot.psi * (1 + kUpper80 * spread / (sum / n))) : pilot.psi;
  const std::vector<double> before = pair::ScoresInOrder(paired.table.incumbent, order);
  const std::vector<double> after = pair::ScoresInOrder(paired.table.candidate, order);
  if (const auto split = stats::SplitVariance({before, paired.table.incumbent.repeats},
                                              {after, paired.table.candidate.repeats}))
    pilot.split = *split;
  if (pilot.psi <= 0)
    return Fail("--pilot: no case changed between the sides, so there is nothing to plan an effect by");
  return pilot;
}

Result<MdeReport> MakeMdeReport(const MdeOptions& flags, const MdeGiven& given,
                                const std::optional<MdePilot>& pilot) {
  MdeReport r;
  r.pilot = pilot;
  r.psi = pilot ? pilot->psi : flags.discordance;
  r.printed_psi = stats::PrintedPsi(r.psi);
  r.options = {.alpha = flags.alpha, .sides = flags.sides, .power = flags.power};
  r.pairs = pilot && !given.pairs ? pilot->n : flags.pairs;
  if (!pilot && !given.pairs) r.pairs = PairsAskedFor(flags, given, r);
  if (r.pairs < 1) {
    const bool beyond = !r.pairs_from.empty();
    return Fail(beyond
                    ? "more than 1,000,000,000 pairs would be needed; ask for a larger effect or margin"
                    : fmt::format("no number of pairs shows that: an effect cannot exceed psi, {:g}", r.psi));
  }
  const auto n = static_cast<double>(r.pairs);
  if (given.rate) {
    r.base_rate = flags.rate;
    r.base_rate_from = "--rate";
  } else if (pilot) {
    r.base_rate = std::clamp(pilot->incumbent_rate, 0.001, 0.999);
    r.base_rate_from = "the pilot's incumbent";
  }
  const bool enumerate = r.pairs <= kMdeEnumerateUpTo;
  const auto beyond =
      Undefined("not_enumerated", "more than 100,000 pairs: the formula agrees with the enumeration");
  r.mde = stats::McNemarMde(n, r.psi, r.options);
  r.mde_exact =
      enumerate ? stats::McNemarExactMde(r.pairs, r.psi, stats::McNemarTest::kExact, r.options) : beyond;
  r.mde_midp =
      enumerate ? stats::McNemarExactMde(r.pairs, r.psi, stats::McNemarTest::kMidP, r.options) : beyond;
  r.small = r.pairs < 200 || r.psi * n < 25;
  r.unpaired_mde = stats::UnpairedMde(r.base_rate, n, r.options);
  if (!r.unpaired_mde) r.unpaired_mde = stats::UnpairedMde(r.base_rate, n, r.options, false);
  r.resolvable = stats::ResolvableMargin(n, r.psi, r.options.alpha, r.options.power);
  if (given.effect) {
    r.effect = flags.effect;
    r.effect_pairs = stats::McNemarPairsNeeded(r.printed_psi, flags.effect, r.options);
  }
  if (given.margin) {
    r.margin = flags.margin;
    r.margin_pairs =
        stats::NonInferiorityPairsNeeded(r.printed_psi, flags.margin, r.options.alpha, r.options.power);
    r.margin_power = r.pairs <= 20'000
                         ? stats::NonInferiorityExactPower(r.pairs, r.psi, 0, flags.margin, r.options.alpha)
                         : stats::NonInferiorityPower(n, r.psi, 0, flags.margin, r.options.alpha);
  }
  if (pilot) {
    r.mde_upper = stats::McNemarMde(n, pilot->psi_upper, r.options);
    if (r.effect)
      r.effect_pairs_upper =
          stats::McNemarPairsNeeded(stats::PrintedPsi(pilot->psi_upper), *r.effect, r.options);
  }
  std::vector<double> effects(std::begin(kTableEffects), std::end(kTableEffects));
  if (r.effect && std::none_of(effects.begin(), effects.end(),
                               [&](double e) { return std::abs(e - *r.effect) < 1e-9; })) {
    effects.push_back(*r.effect);
    std::sort(effects.begin(), effects.end());
  }
  for (const double effect : effects) {
    MdeRow row{
        .effect = effect,
        .pairs = stats::McNemarPairsNeeded(r.printed_psi, effect, r.options),
        .power = stats::McNemarPower(n, r.psi, effect, r.options),
        .exact = std::nullopt,
        .unpaired = stats::UnpairedNeeded(
            r.base_rate, r.base_rate + effect <= 1 ? r.base_rate + effect : r.base_rate - effect, r.options)};
    if (enumerate) {
      if (const auto exact =
              stats::McNemarExactPower(r.pairs, r.psi, effect, stats::McNemarTest::kMidP, r.options))
        row.exact = *exact;
    }
    r.table.push_back(row);
  }
  return r;
}

json::Value MdeJson(const MdeReport& r) {
  ordered_json j;
  j["mde_version"] = 1;
  j["minslice"] = kVersion;
  j["pairs"] = r.pairs;
  j["psi"] = r.psi;
  j["psi_printed"] = r.printed_psi;
  j["assumptions"] = {
      {"test", "mcnemar"},        {"method", "connor"},       {"alpha", r.options.alpha},
      {"sides", r.options.sides}, {"power", r.options.power}, {"pairs_needed_psi", "psi_printed"},
      {"margin_alpha_sides", 1},  {"base_rate", r.base_rate}, {"base_rate_from", r.base_rate_from}};
  if (r.pilot) {
    j["pilot"] = {
        {"n_pairs", r.pilot->n}, {"repeats", r.pilot->repeats}, {"psi_upper_80", r.pilot->psi_upper}};
    if (r.pilot->counts) {
      j["pilot"]["incumbent_only"] = r.pilot->counts->incumbent_only;
      j["pilot"]["candidate_only"] = r.pilot->counts->candidate_only;
    }
    if (r.pilot->clusters) j["pilot"]["clusters"] = *r.pilot->clusters;
    if (r.pilot->split) {
      j["pilot"]["omega2"] = r.pilot->split->omega2;
      j["pilot"]["sigma2_incumbent"] = r.pilot->split->sigma2_incumbent;
      j["pilot"]["sigma2_candidate"] = r.pilot->split->sigma2_candidate;
      j["pilot"]["repeats_that_pay"] = r.pilot->split->repeats_that_pay;
    }
  }
  Put(j, "mde", r.mde);
  Put(j, "mde_exact", r.mde_exact);
  Put(j, "mde_midp", r.mde_midp);
  if (r.pilot) Put(j, "mde_at_psi_upper", r.mde_upper);
  Put(j, "unpaired_mde", r.unpaired_mde);
  Put(j, "resolvable_margin", r.resolvable);
  j["believe_enumeration"] = r.small;
  if (r.effect) {
    j["effect"] = *r.effect;
    PutPairs(j, "pairs_needed", r.effect_pairs);
    if (r.pilot) PutPairs(j, "pairs_needed_at_psi_upper", r.effect_pairs_upper);
  }
  if (r.margin) {
    j["margin"] = *r.margin;
    PutPairs(j, "margin_pairs_needed", r.margin_pairs);
    Put(j, "margin_power", r.margin_power);
  }
  j["table"] = ordered_json::array();
  for (const MdeRow& row : r.table) {
    ordered_json line;
    line["effect"] = row.effect;
    Put(line, "pairs_unrounded", row.pairs);
    Put(line, "power_connor", row.power);
    if (row.exact) {
      line["power_midp"] = row.exact->power;
      line["type_m"] =
          std::isnan(row.exact->type_m) ? ordered_json(nullptr) : ordered_json(row.exact->type_m);
      line["type_s"] =
          std::isnan(row.exact->type_s) ? ordered_json(nullptr) : ordered_json(row.exact->type_s);
    }
    Put(line, "unpaired_per_side_unrounded", row.unpaired);
    j["table"].push_back(std::move(line));
  }
  return j;
}

}  // namespace minslice::cli
