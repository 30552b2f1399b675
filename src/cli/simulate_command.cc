// minslice simulate: the gate's own error rates on this suite (methods, operating characteristics).
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/common_flags.h"
#include "cli/counts_argument.h"
#include "cli/document.h"
#include "cli/figures.h"
#include "cli/plan_inputs.h"
#include "cli/session.h"
#include "cli/simulate_report.h"
#include "gate/policy_reader.h"
#include "io/clock.h"
#include "io/nearest_name.h"
#include "json/json.h"
#include "minslice/version.h"
#include "pair/pair.h"
#include "plan/check.h"
#include "plan/simulate.h"
#include "report/escape.h"

namespace minslice::cli {
namespace {

struct SimulateFlags : SimulateOptions {
  std::string policy, plan;
  std::vector<std::string> incumbent, candidate;
  std::string psi_list;
  double rate_flag = -1;
  double icc_flag = -1;
  bool published = false;
  std::string format = "text";
};

std::string Share(std::int64_t hits, std::int64_t runs) {
  return fmt::format("{:.1f}", 100 * static_cast<double>(hits) / static_cast<double>(runs));
}

std::string BoundText(const SimulatedBound& bound) {
  if (bound.name == "false holds a run") {
    return fmt::format("false holds a run {:.3f} +- {:.3f}, stated <= {:g}: {} ({})", bound.rate,
                       bound.standard_error, bound.bound, bound.kept ? "kept" : "BROKEN", bound.truth);
  }
  return fmt::format("{} {:.2f} % +- {:.2f}, stated <= {:g} %: {} ({})", bound.name, bound.rate * 100,
                     bound.standard_error * 100, bound.bound * 100, bound.kept ? "kept" : "BROKEN",
                     bound.truth);
}

std::string Setting(const SimulatedTable& table) {
  std::string text = fmt::format("{} pairs, {} gated slice{}, psi {}", CountText(table.n),
                                 CountText(table.slices), table.slices == 1 ? "" : "s", ShareText(table.psi));
  if (table.repeats > 1)
    text += fmt::format(", {} runs a side (two of one side differ on {:.2f} %)", table.repeats,
                        100 * table.noise);
  if (table.clusters > 0)
    text += fmt::format(", {} clusters (icc {:.2f})", CountText(table.clusters), table.icc);
  if (!table.bad_slice.empty())
    text += fmt::format("; the one slice is {} (n = {})", table.bad_slice, table.bad_slice_n);
  return text;
}

void WriteText(const SimulationReport& report, Session& session) {
  std::ostream& out = session.out;
  for (std::size_t t = 0; t < report.tables.size(); ++t) {
    const SimulatedTable& table = report.tables[t];
    if (t > 0) out << '\n';
    out << Wrapped(report::EscapeTerminal(Setting(table)), kPlanWidth, "  ") << '\n';
    out << fmt::format("{:<30}{:>9}{:>8}{:>9}{:>14}{:>9}\n", "truth", "promote", "hold", "blocked",
                       "inconclusive", "+- 1 SE");
    for (const SimulatedRow& row : table.rows) {
      out << fmt::format("{:<30}{:>9}{:>8}{:>9}{:>14}{:>9.1f}\n", row.truth, Share(row.promote, report.runs),
                         Share(row.hold, report.runs), Share(row.blocked, report.runs),
                         Share(row.inconclusive, report.runs), 100 * LargestError(row, report.runs));
    }
    for (const SimulatedBound& bound : table.bounds) {
      out << Wrapped("- " + report::EscapeTerminal(BoundText(bound)), kPlanWidth, "  ") << '\n';
    }
  }
  out << '\n'
      << Wrapped(
             fmt::format(
                 "% of {} runs a row, seed {}; SE: the largest Monte-Carlo standard error of the row, in pt",
                 CountText(report.runs), report.seed),
             kPlanWidth, "")
      << '\n';
}

// One table of all settings, cells "promote/hold/blocked/inconclusive" as methods section 3 has them.
void WriteMarkdown(const SimulationReport& report, std::ostream& out) {
  out << "| truth |";
  for (const SimulatedTable& table : report.tables) out << ' ' << report::MarkdownText(table.name) << " |";
  out << "\n| --- |";
  for (std::size_t t = 0; t < report.tables.size(); ++t) out << " --- |";
  out << '\n';
  for (std::size_t r = 0; r < report.tables.front().rows.size(); ++r) {
    out << "| " << report::MarkdownText(report.tables.front().rows[r].truth) << " |";
    for (const SimulatedTable& table : report.tables) {
      if (r >= table.rows.size()) {
        out << "  |";
        continue;
      }
      const SimulatedRow& row = table.rows[r];
      out << ' ' << Share(row.promote, report.runs) << " / " << Share(row.hold, report.runs) << " / "
          << Share(row.blocked, report.runs) << " / " << Share(row.inconclusive, report.runs) << " |";
    }
    out << '\n';
  }
  out << "\n| setting | what is stated | measured |\n| --- | --- | --- |\n";
  for (const SimulatedTable& table : report.tables) {
    for (const SimulatedBound& bound : table.bounds) {
      const bool count = bound.name == "false holds a run";
      const std::string stated = count ? fmt::format("{} at most {:g}", bound.name, bound.bound)
                                       : fmt::format("{} at most {:g} %", bound.name, bound.bound * 100);
      const std::string measured =
          count ? fmt::format("{:.3f} +- {:.3f}", bound.rate, bound.standard_error)
                : fmt::format("{:.2f} % +- {:.2f}", bound.rate * 100, bound.standard_error * 100);
      out << "| " << report::MarkdownText(table.name) << " | " << report::MarkdownText(stated) << " ("
          << report::MarkdownText(bound.truth) << ") | " << measured << (bound.kept ? "" : " **broken**")
          << " |\n";
    }
  }
}

void RunSimulate(const SimulateFlags& flags, Session& session) {
  SimulationReport report;
  report.runs = flags.runs;
  report.seed = flags.seed;
  if (flags.published) {
    for (const plan::PublishedSetting& setting : plan::kPublishedSettings) {
      plan::SimulateOptions options;
      options.runs = flags.runs;
      options.seed = flags.seed;
      options.psi = setting.psi;
      options.name = setting.name;
      report.tables.push_back(
          *plan::Simulate(plan::PublishedPolicy(), plan::PublishedShape(setting.asked), options));
    }
  } else {
    const Result<Policy> policy = gate::LoadPolicy(flags.policy);
    if (!policy) session.Report(policy.error());
    bool good = policy.has_value();
    std::optional<PlanFile> plan;
    std::vector<RunLog> incumbent;
    std::vector<RunLog> candidate;
    if (!flags.plan.empty()) {
      Result<PlanFile> read = ReadPlanFile(flags.plan);
      if (read) {
        plan = *std::move(read);
      } else {
        session.Report(read.error());
        good = false;
      }
    } else {
      const auto counts = CountsOf(flags.incumbent, flags.candidate);
      if (!counts) return session.Report(counts.error());
      if (*counts) {
        Result<CountedSides> sides = OpenCounts(**counts, true);
        if (!sides) return session.Report(sides.error());
        incumbent.push_back(std::move(sides->incumbent));
        candidate.push_back(std::move(sides->candidate));
      } else {
        good = ReadLogs(flags.incumbent, incumbent, session) && good;
        good = ReadLogs(flags.candidate, candidate, session) && good;
      }
    }
    if (!good) return;
    const Result<SimulateSuite> suite = SimulateSuiteOf(*policy, plan, incumbent, candidate);
    if (!suite) return session.Report(suite.error());
    if (policy->scale.graded)
      session.Note(Wrapped(plan::GradedSentence(*policy) + "; what is drawn passes or fails all the same",
                           kPlanWidth, "  "));
    if (flags.psi.empty()) {
      session.Note(
          Wrapped(fmt::format("psi {}: {}", ShareText(suite->psi.value), suite->psi.text), kPlanWidth, "  "));
    }
    Result<SimulationReport> simulated = SimulatePolicy(*policy, *suite, flags);
    if (!simulated) return session.Report(simulated.error());
    report = *std::move(simulated);
  }
  if (flags.format == "json" || flags.format == "csv") {
    WriteDocument(SimulateJson(report), flags.format, session.out);
  } else if (flags.format == "markdown") {
    if (flags.published) {
      session.out << "# Operating characteristics\n\n"
                  << "Made by `minslice simulate --published --runs " << flags.runs << " --seed "
                  << flags.seed << " --format markdown` (minslice " << kVersion << ", "
                  << io::RealClock().NowRfc3339().substr(0, 10) << ").\n\n"
                  << plan::kPublishedSettingText << "\n\n";
    }
    session.out << "promote / hold / blocked / inconclusive, % of " << CountText(flags.runs)
                << fmt::format(" runs a cell; Monte-Carlo standard error at most {:.1f} pt.\n\n",
                               50 / std::sqrt(static_cast<double>(flags.runs)));
    WriteMarkdown(report, session.out);
  } else {
    WriteText(report, session);
  }
}

}  // namespace

void AddSimulateCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<SimulateFlags>();
  CLI::App* command = app.add_subcommand("simulate", "how often the gate errs on this suite");
  CLI::Option* policy =
      command->add_option("policy", flags->policy, "policy file (gates/*.yaml)")->type_name("POLICY");
  CLI::Option* incumbent =
      command
          ->add_option("--incumbent", flags->incumbent,
                       "logs whose cases and slices are simulated; or counts of both sides")
          ->type_name("LOG");
  command
      ->add_option("--candidate", flags->candidate, "logs that psi is measured on, against the incumbent's")
      ->needs(incumbent)
      ->type_name("LOG");
  CLI::Option* plan =
      command->add_option("--plan", flags->plan, "or: slices of a suite that does not exist yet (plan.yaml)")
          ->excludes(incumbent)
          ->type_name("FILE");
  command
      ->add_option("--psi", flags->psi_list,
                   "share of prompts on which the models disagree; several with commas: a table each")
      ->type_name("RATE");
  command
      ->add_option("--slice", flags->bad_slice,
                   "the slice that falls, as value or dimension:value; else the one nearest 47 pairs")
      ->type_name("SLICE");
  command
      ->add_option("--incumbent-rate", flags->rate_flag,
                   "pass rate where no log says it; matters to absolute floors")
      ->check(Between(0.0, 1.0))
      ->type_name("RATE");
  command
      ->add_option("--icc", flags->icc_flag,
                   "how much alike the cases of one cluster differ (intraclass correlation); 0.1 is assumed")
      ->check(Between(0.0, 1.0))
      ->type_name("RATE");
  command->add_option("--runs", flags->runs, "runs a row")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{10000000}))
      ->type_name("N")
      ->capture_default_str();
  AddSeedFlag(*command, flags->seed);
  command->add_flag("--published", flags->published,
                    "the settings of docs/operating-characteristics.md instead of a suite");
  AddFormatFlag(*command, flags->format);
  command->footer(
      "Example:\n"
      "  minslice simulate gates/default.yaml --incumbent incumbent.jsonl \\\n"
      "    --candidate candidate.jsonl\n"
      "  minslice simulate gates/default.yaml --plan plan.yaml --psi 0.05,0.1\n\n"
      "plan.yaml: {psi: 0.08, dimension: flow, slices: {refund_flow: 47, invoice: 210, other: 943}}");
  command->callback([flags, policy, incumbent, plan, &session] {
    const bool suite = incumbent->count() > 0 || plan->count() > 0;
    if (flags->published ? policy->count() > 0 || suite : policy->count() == 0 || !suite) {
      session.Report(
          Failure{Failure::Kind::kInput,
                  {{{}, "simulate needs POLICY with --incumbent LOG or --plan FILE, or --published alone"}}});
      return;
    }
    if (!flags->psi_list.empty()) {
      for (const std::string& text : SplitCommas(flags->psi_list)) {
        double value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || end != text.data() + text.size() || !(value > 0 && value <= 1)) {
          session.Report(Failure{
              Failure::Kind::kInput,
              {{{}, "--psi: expected rates in (0, 1] separated by commas, found " + io::Quoted(text)}}});
          return;
        }
        flags->psi.push_back(value);
      }
    }
    if (flags->rate_flag >= 0) flags->incumbent_rate = flags->rate_flag;
    if (flags->icc_flag >= 0) flags->icc = flags->icc_flag;
    RunSimulate(*flags, session);
  });
}

}  // namespace minslice::cli
