// minslice mde: what a suite of a given size can see, and what size it takes. Every figure stands beside its
// assumptions.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/common_flags.h"
#include "cli/compare_analysis.h"
#include "cli/document.h"
#include "cli/figures.h"
#include "cli/open_log_argument.h"
#include "cli/session.h"
#include "gate/case_data.h"
#include "json/json.h"
#include "minslice/stats/power.h"
#include "minslice/stats/proportion.h"
#include "minslice/stats/repeats.h"
#include "minslice/version.h"
#include "pair/pair.h"

namespace minslice::cli {
namespace {

using nlohmann::ordered_json;

constexpr double kTableEffects[] = {0.005, 0.01, 0.02, 0.03, 0.05};
// Enumeration costs some milliseconds up to here; beyond, the formulas agree with it to the printed digits.
constexpr std::int64_t kEnumerateUpTo = 100'000;
constexpr double kSmallest = 1e-5;  // effect or margin
constexpr std::int64_t kMostPairs = 1'000'000'000;

struct MdeFlags {
  std::int64_t pairs = 0;
  double discordance = -1;
  std::vector<std::string> pilot;
  double margin = -1;
  double effect = -1;
  double power = 0.80;
  double alpha = 0.05;
  int sides = 2;
  double rate = -1;
  std::string format = "text";
};

struct Given {
  bool pairs, discordance, margin, effect, rate;
};

// psi is the share of pairs that changed where each case ran once. Where cases ran several times, share
// clusters or are graded, it is what takes its place in every formula: n Var(mean d) + (mean d)^2, d the
// difference of a case's means, with the clusters' design effect in the variance.
struct Pilot {
  std::int64_t n = 0;
  double psi = 0;
  double psi_upper = 0;  // one-sided 80 % bound: Wilson, or normal for the mean of d^2
  double incumbent_rate = 0;
  std::optional<stats::PairedCounts> counts;  // one run a side, 0 and 1, no clusters
  int repeats = 1;
  std::optional<std::int64_t> clusters;
  std::optional<stats::VarianceSplit> split;  // several runs a side
};

struct PlanRow {
  double effect = 0;
  Computed<double> pairs = 0.0;
  Computed<double> power = 0.0;  // of the pairs at hand, mid-p by enumeration where small enough, else Connor
  std::optional<stats::ExactPower> exact;
  Computed<double> unpaired = 0.0;
};

struct PlanReport {
  std::int64_t pairs = 0;
  std::string pairs_from;  // where they were asked for by what they should see
  double psi = 0, printed_psi = 0;
  stats::PowerOptions options;
  std::optional<Pilot> pilot;
  double base_rate = 0.5;
  const char* base_rate_from = "assumed, the worst case; see --rate";
  Computed<double> mde = 0.0, mde_exact = 0.0, mde_midp = 0.0;
  bool small = false;  // enumeration is to be believed, not the formula
  Computed<double> unpaired_mde = 0.0;
  Computed<double> resolvable = 0.0;
  std::optional<double> effect, margin;
  Computed<double> effect_pairs = 0.0, margin_pairs = 0.0, margin_power = 0.0;
  Computed<double> effect_pairs_upper = 0.0, mde_upper = 0.0;  // at the pilot's upper psi
  std::vector<PlanRow> table;
};

std::vector<Diagnostic> Check(const MdeFlags& flags, const Given& given) {
  std::vector<Diagnostic> errors;
  const auto add = [&](std::string text) { errors.push_back({{}, std::move(text)}); };
  const bool sized = given.pairs || given.effect || given.margin;
  if (flags.pilot.empty() && !(sized && given.discordance)) {
    add("mde needs --discordance PSI with --pairs N, --effect D or --margin M, or --pilot INCUMBENT "
        "CANDIDATE");
  }
  if (!flags.pilot.empty() && given.discordance) add("--discordance and --pilot both give psi; choose one");
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

Result<Pilot> ReadPilot(const std::vector<std::string>& paths) {
  Result<RunLog> incumbent = OpenLogArgument(paths[0]);
  Result<RunLog> candidate = OpenLogArgument(paths[1]);
  std::vector<Diagnostic> errors;
  if (!incumbent) errors = incumbent.error().diagnostics;
  if (!candidate)
    errors.insert(errors.end(), candidate.error().diagnostics.begin(), candidate.error().diagnostics.end());
  if (!errors.empty()) return FailAll(std::move(errors));
  const pair::PairResult paired = pair::Pair({&*incumbent, 1}, {&*candidate, 1});
  for (const pair::Finding& finding : paired.findings)
    errors.push_back({{}, finding.code + ": " + finding.text});
  if (!errors.empty()) return FailAll(std::move(errors));
  std::vector<std::size_t> complete;
  for (std::size_t i = 0; i < paired.table.n_cases(); ++i) {
    if (paired.table.complete(i)) complete.push_back(i);
  }
  if (complete.empty())
    return Fail("--pilot: there are no complete pairs: no case has a score on both sides");
  Pilot pilot;
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
    const double d = paired.table.candidate.case_mean[i] - paired.table.incumbent.case_mean[i];
    sum += d * d;
    squares += d * d * d * d;
  }
  const auto n = static_cast<double>(pilot.n);
  const double spread = std::sqrt(std::max(0.0, squares / n - (sum / n) * (sum / n)) / n);
  constexpr double kUpper80 = 0.8416212335729143;  // of the normal distribution
  // The clusters' share is scaled along.
  pilot.psi_upper = sum > 0 ? std::min(1.0, pilot.psi * (1 + kUpper80 * spread / (sum / n))) : pilot.psi;
  if (const auto split =
          stats::SplitVariance({paired.table.incumbent.scores, paired.table.incumbent.repeats},
                               {paired.table.candidate.scores, paired.table.candidate.repeats}))
    pilot.split = *split;
  if (pilot.psi <= 0)
    return Fail("--pilot: no case changed between the sides, so there is nothing to plan an effect by");
  return pilot;
}

// The pairs that --effect and --margin take, the larger of them; 0 where there is no such number.
std::int64_t PairsAskedFor(const MdeFlags& flags, const Given& given, PlanReport& r) {
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

PlanReport MakeReport(const MdeFlags& flags, const Given& given, const std::optional<Pilot>& pilot) {
  PlanReport r;
  r.pilot = pilot;
  r.psi = pilot ? pilot->psi : flags.discordance;
  r.printed_psi = stats::PrintedPsi(r.psi);
  r.options = {.alpha = flags.alpha, .sides = flags.sides, .power = flags.power};
  r.pairs = pilot && !given.pairs ? pilot->n : flags.pairs;
  if (!pilot && !given.pairs) r.pairs = PairsAskedFor(flags, given, r);
  const auto n = static_cast<double>(r.pairs);
  if (given.rate) {
    r.base_rate = flags.rate;
    r.base_rate_from = "--rate";
  } else if (pilot) {
    r.base_rate = std::clamp(pilot->incumbent_rate, 0.001, 0.999);
    r.base_rate_from = "the pilot's incumbent";
  }
  const bool enumerate = r.pairs <= kEnumerateUpTo;
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
    PlanRow row{
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

std::string Points(double effect) {
  const std::string number = fmt::format("{:g}", 100 * effect);
  return number + (number == "1" ? " point" : " points");
}

std::string Pairs(std::int64_t n) { return CountText(n) + (n == 1 ? " pair" : " pairs"); }

// What psi is where cases have several runs, clusters or grades, and what fewer or more runs would make of
// it.
template <class Line>
void PilotOfMeans(const Pilot& pilot, const Line& line) {
  std::string text = fmt::format("{} cases", CountText(pilot.n));
  if (pilot.repeats > 1) text += fmt::format(", {} runs a side", pilot.repeats);
  if (pilot.clusters) text += fmt::format(", {} clusters", CountText(*pilot.clusters));
  line(
      "pilot",
      text + fmt::format(": the difference of a case's means varies as that of single runs with psi {}; 80 % "
                         "upper bound {}",
                         ShareText(pilot.psi), ShareText(pilot.psi_upper)));
  if (!pilot.split) return;
  const stats::VarianceSplit& split = *pilot.split;
  const auto psi_at = [&](double runs) {
    return split.omega2 + (split.sigma2_incumbent + split.sigma2_candidate) / runs + split.mean * split.mean;
  };
  line("runs",
       fmt::format("psi {} with one run a side, {} with 3, {} with endlessly many; beyond {} runs more cases "
                   "are the better buy",
                   ShareText(psi_at(1)), ShareText(psi_at(3)), ShareText(psi_at(1e12)),
                   split.repeats_that_pay > 0 ? CountText(split.repeats_that_pay) : "any number of"));
}

std::string Text(const PlanReport& r) {
  std::string out;
  const std::string sides = r.options.sides == 2 ? "two-sided" : "one-sided";
  const auto line = [&](std::string_view label, const std::string& text) {
    const std::string body = Wrapped(text, 66, "");
    out += fmt::format("  {:<12}", label);
    for (const char ch : body) {
      out += ch;
      if (ch == '\n') out += "              ";
    }
    out += '\n';
  };
  out += fmt::format("{}{}, psi {}: {} alpha {}, power {} %\n\n", Pairs(r.pairs),
                     r.pairs_from.empty() ? "" : " (what " + r.pairs_from + " takes)",
                     ShareText(r.printed_psi), sides, AlphaText(r.options.alpha), LevelText(r.options.power));
  if (r.pilot && !r.pilot->counts) PilotOfMeans(*r.pilot, line);
  if (r.pilot && r.pilot->counts) {
    const stats::PairedCounts& c = *r.pilot->counts;
    line("pilot", fmt::format("{} of {} pairs discordant ({} broke, {} fixed); 80 % upper bound of psi {}",
                              CountText(c.discordant()), CountText(c.n()), CountText(c.incumbent_only),
                              CountText(c.candidate_only), ShareText(r.pilot->psi_upper)));
  }
  if (r.mde) {
    std::string sees =
        fmt::format("differences of {} points or more (McNemar by Connor's formula)", SizeText(*r.mde));
    if (r.mde_midp && r.mde_exact) {
      sees += fmt::format("; by enumeration {} with the mid-p test, {} with the exact test",
                          SizeText(*r.mde_midp), SizeText(*r.mde_exact));
    }
    line("sees", sees);
  } else {
    line("sees", "nothing with this power: " + r.mde.error().text);
  }
  if (r.small) line("", "fewer than 200 pairs or 25 discordant: believe the enumeration");
  if (r.pilot && r.mde_upper)
    line("", fmt::format("{} points if psi is at its upper bound", SizeText(*r.mde_upper)));
  if (r.unpaired_mde) {
    line("unpaired",
         fmt::format("two separate groups of {} would see {} points (base rate {} %, {})", CountText(r.pairs),
                     SizeText(*r.unpaired_mde), RateText(r.base_rate), r.base_rate_from));
  }
  if (r.resolvable) {
    line("certifies", fmt::format("margins of {} points or more, at a true difference of 0 (one-sided {})",
                                  SizeText(*r.resolvable), AlphaText(r.options.alpha)));
  }
  if (r.effect) {
    line("effect", r.effect_pairs
                       ? fmt::format("{}: {} pairs needed", Points(*r.effect), PairsText(*r.effect_pairs))
                       : fmt::format("{}: {}", Points(*r.effect), r.effect_pairs.error().text));
    if (r.pilot && r.effect_pairs_upper)
      line("", fmt::format("{} if psi is at its upper bound", PairsText(*r.effect_pairs_upper)));
  }
  if (r.margin) {
    line("margin",
         r.margin_pairs
             ? fmt::format("{}: {} pairs needed at a true difference of 0 (one-sided {})", Points(*r.margin),
                           PairsText(*r.margin_pairs), AlphaText(r.options.alpha))
             : fmt::format("{}: {}", Points(*r.margin), r.margin_pairs.error().text));
    if (r.margin_power) {
      line("", fmt::format("certified by {} with probability {:.1f} % ({})", Pairs(r.pairs),
                           100 * *r.margin_power,
                           r.pairs <= 20'000 ? "every table summed, Tango's test" : "normal formula"));
    }
  }
  out += fmt::format("\n  {:<9}{:>12}{:>16}{:>14}{:>12}{:>15}\n", "effect", "pairs needed", "power of these",
                     "exaggeration", "wrong sign", "unpaired, side");
  for (const PlanRow& row : r.table) {
    const auto cell = [](const Computed<double>& value) {
      return value ? PairsText(*value) : std::string("-");
    };
    std::string power = row.power ? fmt::format("{:.1f} %", 100 * *row.power) : "-";
    std::string exaggeration = "-";
    std::string wrong = "-";
    if (row.exact) {
      power = fmt::format("{:.1f} %", 100 * row.exact->power);
      if (!std::isnan(row.exact->type_m)) exaggeration = fmt::format("x {:.2f}", row.exact->type_m);
      if (!std::isnan(row.exact->type_s))
        wrong = row.exact->type_s < 0.0005 ? "0.0 %" : fmt::format("{:.1f} %", 100 * row.exact->type_s);
    }
    out += fmt::format("  {:<9}{:>12}{:>16}{:>14}{:>12}{:>15}\n", fmt::format("{:g}", 100 * row.effect),
                       cell(row.pairs), power, exaggeration, wrong, cell(row.unpaired));
  }
  out += "\n  " +
         Wrapped(fmt::format("Effects in points. Pairs needed: Connor, from psi as printed ({}), for {} % "
                             "power. Power, and what a "
                             "significant result then exaggerates the effect by and how often its sign is "
                             "wrong: {} with {}.",
                             ShareText(r.printed_psi), LevelText(r.options.power),
                             r.pairs <= kEnumerateUpTo ? "mid-p test by enumeration" : "Connor's formula",
                             Pairs(r.pairs)),
                 80, "  ");
  return out + '\n';
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

ordered_json Json(const PlanReport& r) {
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
  for (const PlanRow& row : r.table) {
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

void RunMde(const MdeFlags& flags, const Given& given, Session& session) {
  const std::vector<Diagnostic> errors = Check(flags, given);
  if (!errors.empty()) return session.Report(FailAll(errors).value());
  std::optional<Pilot> pilot;
  if (!flags.pilot.empty()) {
    const Result<Pilot> read = ReadPilot(flags.pilot);
    if (!read) return session.Report(read.error());
    pilot = *read;
  }
  const PlanReport report = MakeReport(flags, given, pilot);
  if (report.pairs < 1) {
    const bool beyond = !report.pairs_from.empty();
    return session.Report(
        Fail(beyond ? "more than 1,000,000,000 pairs would be needed; ask for a larger effect or margin"
                    : fmt::format("no number of pairs shows that: an effect cannot exceed psi, {:g}",
                                  report.psi))
            .value());
  }
  if (flags.format == "text") {
    session.out << Text(report);
  } else {
    WriteDocument(Json(report), flags.format, session.out);
  }
}

}  // namespace

void AddMdeCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<MdeFlags>();
  CLI::App* command = app.add_subcommand("mde", "what a suite of this size can see, and what size it takes");
  CLI::Option* pairs =
      command->add_option("--pairs", flags->pairs, "cases that both sides answer")->type_name("N");
  CLI::Option* discordance =
      command
          ->add_option("--discordance", flags->discordance, "psi, the share of cases where the sides differ")
          ->type_name("PSI");
  command->add_option("--pilot", flags->pilot, "two logs to take psi (and, without --pairs, N) from")
      ->expected(2)
      ->type_name("INCUMBENT CANDIDATE");
  CLI::Option* margin =
      command->add_option("--margin", flags->margin, "pairs needed to certify \"worse by less than M\"")
          ->type_name("M");
  CLI::Option* effect =
      command->add_option("--effect", flags->effect, "pairs needed to see a difference of D")->type_name("D");
  command->add_option("--power", flags->power, "probability to see it [0.80]")->type_name("P");
  command->add_option("--alpha", flags->alpha, "level of the test [0.05]")->type_name("A");
  command->add_option("--sides", flags->sides, "1 or 2 [2]")->type_name("S");
  CLI::Option* rate =
      command->add_option("--rate", flags->rate, "incumbent's pass rate, for the unpaired contrast only")
          ->type_name("R");
  AddFormatFlag(*command, flags->format);
  command->footer(
      "Fractions, not points: 0.02 is two points.\n"
      "Without --pairs, the pairs that --effect and --margin take.\n"
      "\nExamples:\n"
      "  minslice mde --pairs 840 --discordance 0.138 --effect 0.02 --margin 0.02\n"
      "  minslice mde --pilot incumbent.jsonl candidate.jsonl --margin 0.02");
  command->callback([=, &session] {
    RunMde(*flags,
           {.pairs = pairs->count() > 0,
            .discordance = discordance->count() > 0,
            .margin = margin->count() > 0,
            .effect = effect->count() > 0,
            .rate = rate->count() > 0},
           session);
  });
}

}  // namespace minslice::cli
