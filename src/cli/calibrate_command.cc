// minslice calibrate: the gate on the incumbent against itself, from its own repeats.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "cli/common_flags.h"
#include "cli/document.h"
#include "cli/figures.h"
#include "cli/plan_inputs.h"
#include "cli/session.h"
#include "gate/policy_reader.h"
#include "json/json.h"
#include "pair/pair.h"
#include "plan/calibrate.h"
#include "report/escape.h"

namespace minslice::cli {
namespace {

struct CalibrateFlags {
  std::string policy;
  std::vector<std::string> incumbent;
  std::int64_t draws = 1000;
  std::uint64_t seed = 0;
  std::string format = "text";
};

json::Value ToJson(const CalibratedRates& rates) {
  return {{"runs", rates.runs},
          {"promote", rates.promote},
          {"hold", rates.hold},
          {"blocked", rates.blocked},
          {"inconclusive", rates.inconclusive},
          {"blocked_ci_low", rates.blocked_low},
          {"blocked_ci_high", rates.blocked_high},
          {"alarm_ci_low", rates.alarm_low},
          {"alarm_ci_high", rates.alarm_high},
          {"level", 0.95},
          {"method", "wilson"}};
}

void WriteText(const Calibration& c, bool kept, std::ostream& out) {
  const auto paragraph = [&](const std::string& text) {
    out << Wrapped(report::EscapeTerminal(text), kPlanWidth, "  ") << '\n';
  };
  const auto share = [](std::int64_t hits, std::int64_t runs) {
    return fmt::format("{:.1f}", 100 * static_cast<double>(hits) / static_cast<double>(runs));
  };
  paragraph(
      fmt::format("A/A of {} on suite {}: {} cases with all {} repeats{}; two repeats differ on {} % of them",
                  c.target, c.suite, CountText(c.n), c.repeats,
                  c.left_out > 0 ? fmt::format(", {} left out", CountText(c.left_out)) : "",
                  fmt::format("{:.2f}", c.psi * 100)));
  out << fmt::format("\n{:<22}{:>7}{:>9}{:>7}{:>9}{:>14}\n", "verdicts, %", "runs", "promote", "hold",
                     "blocked", "inconclusive");
  const auto row = [&](const char* name, const CalibratedRates& r) {
    out << fmt::format("{:<22}{:>7}{:>9}{:>7}{:>9}{:>14}\n", name, CountText(r.runs),
                       share(r.promote, r.runs), share(r.hold, r.runs), share(r.blocked, r.runs),
                       share(r.inconclusive, r.runs));
  };
  row("pairs of repeats", c.observed);
  row("random A/A", c.exchanged);
  out << '\n';
  paragraph(fmt::format("false blocks: {} % [{}, {}] of random A/A (95 % Wilson), stated <= {:g} %: {}",
                        share(c.exchanged.blocked, c.exchanged.runs), RateText(c.exchanged.blocked_low),
                        RateText(c.exchanged.blocked_high), c.block_bound * 100, kept ? "kept" : "BROKEN"));
  paragraph(fmt::format("false alarms (blocked or held): {} % [{}, {}] (95 % Wilson)",
                        share(c.exchanged.alarms(), c.exchanged.runs), RateText(c.exchanged.alarm_low),
                        RateText(c.exchanged.alarm_high)));
  paragraph(
      fmt::format("pairs of repeats: {} of {} blocked [{}, {}] % (95 % Wilson); they share repeats, so this "
                  "interval is wide and still too narrow",
                  c.observed.blocked, c.observed.runs, RateText(c.observed.blocked_low),
                  RateText(c.observed.blocked_high)));
  paragraph(
      "random A/A: each case draws two of its repeats for the two sides, so its repeats are taken as "
      "exchangeable; "
      "`minslice repeat` tests that");
  for (const std::string& warning : c.warnings) paragraph("note: " + warning);
}

void RunCalibrate(const CalibrateFlags& flags, Session& session) {
  const Result<Policy> policy = gate::LoadPolicy(flags.policy);
  if (!policy) session.Report(policy.error());
  std::vector<RunLog> logs;
  const bool good = ReadLogs(flags.incumbent, logs, session);
  if (!policy || !good) return;
  const pair::PairResult paired = pair::Pair(logs, logs, policy->metric);
  std::vector<Diagnostic> broken;
  std::vector<std::string> warnings;
  for (const pair::Finding& finding : paired.findings) {
    if (finding.code == "unfinished_log" || finding.code == "budget_exhausted") {
      if (warnings.empty() || warnings.back() != finding.text) warnings.push_back(finding.text);
    } else if (broken.empty() || broken.back().message != finding.text) {
      broken.push_back({{}, finding.text});
    }
  }
  if (!broken.empty()) {
    session.Report(Failure{Failure::Kind::kInput, std::move(broken)});
    return;
  }
  auto calibration = plan::Calibrate(*policy, paired.table, {.draws = flags.draws, .seed = flags.seed});
  if (!calibration) {
    session.Report(Failure{Failure::Kind::kInput, {{{flags.incumbent.front()}, calibration.error().text}}});
    return;
  }
  calibration->target = logs.front().run.target;
  calibration->suite = logs.front().run.suite;
  for (std::string& warning : warnings) calibration->warnings.push_back(std::move(warning));
  // The rate is not shown to be above what is stated.
  const bool kept = calibration->exchanged.blocked_low <= calibration->block_bound;
  session.exit_code = kept ? kExitOk : kExitInvalid;
  if (flags.format != "text") {
    json::Value document;
    document["calibrate_version"] = 1;
    document["exit_code"] = session.exit_code;
    document["target"] = calibration->target;
    document["suite"] = calibration->suite;
    document["repeats"] = calibration->repeats;
    document["n_cases"] = calibration->n;
    document["left_out"] = calibration->left_out;
    document["psi"] = calibration->psi;
    document["pairs_of_repeats"] = ToJson(calibration->observed);
    document["random_aa"] = ToJson(calibration->exchanged);
    document["seed"] = flags.seed;
    document["block_bound"] = calibration->block_bound;
    document["kept"] = kept;
    document["warnings"] = calibration->warnings;
    WriteDocument(document, flags.format, session.out);
  } else {
    WriteText(*calibration, kept, session.out);
  }
}

}  // namespace

void AddCalibrateCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<CalibrateFlags>();
  CLI::App* command =
      app.add_subcommand("calibrate", "the gate's false alarms on the incumbent against itself");
  command->add_option("policy", flags->policy, "policy file (gates/*.yaml)")->required()->type_name("POLICY");
  command->add_option("--incumbent", flags->incumbent, "logs of the model in service, two repeats at least")
      ->required()
      ->type_name("LOG");
  command->add_option("--draws", flags->draws, "random A/A draws")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{10000000}))
      ->type_name("N")
      ->capture_default_str();
  AddSeedFlag(*command, flags->seed);
  AddFormatFlag(*command, flags->format);
  command->footer(
      "Example:\n"
      "  minslice calibrate gates/default.yaml --incumbent three.jsonl\n\n"
      "Ends with 0, or 13 where the gate is shown to block more often than it states; 2 and 1 are failures.");
  command->callback([flags, &session] { RunCalibrate(*flags, session); });
}

}  // namespace minslice::cli
