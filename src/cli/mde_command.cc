// minslice mde: what a suite of a given size can see, and what size it takes.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/common_flags.h"
#include "cli/counts_argument.h"
#include "cli/document.h"
#include "cli/figures.h"
#include "cli/mde_report.h"
#include "cli/open_log_argument.h"
#include "cli/session.h"

namespace minslice::cli {
namespace {

struct MdeFlags : MdeOptions {
  std::vector<std::string> pilot;
  std::string format = "text";
};

Result<MdePilot> ReadPilot(const std::vector<std::string>& paths, Session& session) {
  const auto counts = CountsOf({paths[0]}, {paths.begin() + 1, paths.end()});
  if (!counts) return tl::unexpected(counts.error());
  if (*counts) {
    const Result<CountedSides> sides = OpenCounts(**counts);
    if (!sides) return tl::unexpected(sides.error());
    return PilotOf(sides->incumbent, sides->candidate);
  }
  if (paths.size() < 2) return Fail("--pilot takes two logs, INCUMBENT and CANDIDATE, or the counts of both");
  const auto logs = OpenTwo(paths[0], paths[1], {.columns = true}, session);
  if (!logs) return tl::unexpected(logs.error());
  return PilotOf(logs->incumbent, logs->candidate);
}

std::string Points(double effect) { return fmt::format("{:g} pt", 100 * effect); }

std::string Pairs(std::int64_t n) { return CountText(n) + (n == 1 ? " pair" : " pairs"); }

// What psi is where cases have several runs, clusters or grades, and what fewer or more runs would make of
// it.
template <class Line>
void PilotOfMeans(const MdePilot& pilot, const Line& line) {
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
  line(
      "runs",
      fmt::format(
          "psi {} with one run a side, {} with 3, {} with endlessly many; {}", ShareText(psi_at(1)),
          ShareText(psi_at(3)), ShareText(psi_at(1e12)),
          split.repeats_that_pay > 0
              ? fmt::format(
                    "beyond {} more cases are the better buy",
                    split.repeats_that_pay == 1 ? "1 run" : CountText(split.repeats_that_pay) + " runs")
              : "all of it is noise between runs, so a further run of every case is worth as much as as many "
                "further cases"));
}

std::string Text(const MdeReport& r) {
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
        fmt::format("differences of {} pt or more (McNemar by Connor's formula)", SizeText(*r.mde));
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
    line("", fmt::format("{} pt if psi is at its upper bound", SizeText(*r.mde_upper)));
  if (r.unpaired_mde) {
    line("unpaired",
         fmt::format("two separate groups of {} would see {} pt (base rate {} %, {})", CountText(r.pairs),
                     SizeText(*r.unpaired_mde), RateText(r.base_rate), r.base_rate_from));
  }
  if (r.resolvable) {
    line("certifies", fmt::format("margins of {} pt or more, at a true difference of 0 (one-sided {})",
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
  for (const MdeRow& row : r.table) {
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
         Wrapped(fmt::format("Effects in pt. Pairs needed: Connor, from psi as printed ({}), for {} % "
                             "power. Power, and what a "
                             "significant result then exaggerates the effect by and how often its sign is "
                             "wrong: {} with {}.",
                             ShareText(r.printed_psi), LevelText(r.options.power),
                             r.pairs <= kMdeEnumerateUpTo ? "mid-p test by enumeration" : "Connor's formula",
                             Pairs(r.pairs)),
                 78, "  ");
  return out + '\n';
}

void RunMde(const MdeFlags& flags, const MdeGiven& given, Session& session) {
  const std::vector<Diagnostic> errors = CheckMde(flags, given, !flags.pilot.empty());
  if (!errors.empty()) return session.Report(FailAll(errors).value());
  std::optional<MdePilot> pilot;
  if (!flags.pilot.empty()) {
    const Result<MdePilot> read = ReadPilot(flags.pilot, session);
    if (!read) return session.Report(read.error());
    pilot = *read;
  }
  const Result<MdeReport> report = MakeMdeReport(flags, given, pilot);
  if (!report) return session.Report(report.error());
  if (flags.format == "text") {
    session.out << Text(*report);
  } else {
    WriteDocument(MdeJson(*report), flags.format, session.out);
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
  command
      ->add_option("--pilot", flags->pilot,
                   "two logs, or the counts of both, to take psi (and, without --pairs, N) from")
      ->expected(1, 2)
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
