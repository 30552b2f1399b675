// minslice suite sample: a stratified suite from a pool of cases, and what each slice of it could then see.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/common_flags.h"
#include "cli/document.h"
#include "cli/figures.h"
#include "cli/plan_inputs.h"
#include "cli/session.h"
#include "cli/suite_sample.h"
#include "io/file_system.h"
#include "json/json.h"
#include "pair/pair.h"
#include "plan/check.h"
#include "report/escape.h"
#include "suite/sample.h"
#include "suite/suite.h"

namespace minslice::cli {
namespace {

struct SampleFlags {
  std::vector<std::string> pool, pilot;
  std::string by_list;
  std::vector<std::string> by;
  suite::SampleOptions options;
  std::string allocation = "proportional";
  std::string output;
  double psi = 0.10;
  double drop = 15;
  std::string format = "text";
};

Result<std::vector<Case>> ReadPool(const std::vector<std::string>& paths) {
  if (paths.size() == 1 && (paths[0].ends_with(".yaml") || paths[0].ends_with(".yml"))) {
    Result<suite::Suite> suite = suite::LoadSuite(paths[0]);
    if (!suite) return tl::unexpected(suite.error());
    return std::move(suite->cases);
  }
  return suite::LoadCases(paths);
}

// The standard deviation of a pair's difference by stratum, from two logs; half a pair is added on the side
// of disagreement, so that a stratum without any is not taken for certain.
std::map<std::vector<std::string>, double> Deviations(const PairedTable& table,
                                                      const std::vector<std::string>& by) {
  std::vector<const Dimension*> dimensions;
  for (const std::string& name : by) {
    const auto found = std::find_if(table.dimensions.begin(), table.dimensions.end(),
                                    [&](const Dimension& dimension) { return dimension.name == name; });
    dimensions.push_back(found == table.dimensions.end() ? nullptr : &*found);
  }
  struct Sum {
    double n = 0, d = 0, squares = 0;
  };
  std::map<std::vector<std::string>, Sum> sums;
  for (std::size_t i = 0; i < table.n_cases(); ++i) {
    if (!table.complete(i)) continue;
    std::vector<std::string> values;
    for (const Dimension* dimension : dimensions) {
      const std::uint32_t v = dimension == nullptr ? kNoValue : dimension->value_of_case[i];
      values.push_back(v == kNoValue ? "(none)" : dimension->values[v]);
    }
    Sum& sum = sums[std::move(values)];
    const double d = table.candidate.case_mean(i) - table.incumbent.case_mean(i);
    ++sum.n;
    sum.d += d;
    sum.squares += d * d;
  }
  std::map<std::vector<std::string>, double> deviation;
  for (const auto& [values, sum] : sums) {
    const double mean = sum.d / sum.n;
    deviation.emplace(values, std::sqrt(std::max(0.0, (sum.squares + 0.5) / (sum.n + 0.5) - mean * mean)));
  }
  return deviation;
}

std::string Name(const suite::Stratum& stratum) {
  std::string text;
  for (const std::string& value : stratum.values) text += (text.empty() ? "" : " x ") + value;
  return text.empty() ? "all" : text;
}

// The drawn lines as they stand in their files, in the pool's order.
Result<std::string> Lines(const std::vector<Case>& pool, const std::vector<std::size_t>& drawn) {
  std::map<std::string, std::string> bytes;
  std::map<std::string, std::vector<std::string_view>> lines;
  std::string text;
  for (const std::size_t i : drawn) {
    const SourcePosition& where = pool[i].where;
    const auto [file, is_new] = lines.try_emplace(where.file);
    if (is_new) {
      Result<std::string> read = io::RealFileSystem().ReadFile(where.file);
      if (!read) return tl::unexpected(read.error());
      const std::string& kept = bytes.emplace(where.file, std::move(*read)).first->second;
      std::string_view rest = kept;
      while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        file->second.push_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
    }
    if (where.line < 1 || static_cast<std::size_t>(where.line) > file->second.size()) {
      return FailAt(where, "the file changed while it was read");
    }
    std::string_view line = file->second[static_cast<std::size_t>(where.line) - 1];
    if (line.ends_with('\r')) line.remove_suffix(1);
    text.append(line).append(1, '\n');
  }
  return text;
}

// What the slices of the drawn suite see: the check of a policy that gates them, on the cases alone.
CheckReport See(const std::vector<Case>& pool, const suite::Sample& sample, const SampleFlags& flags) {
  std::vector<Case> drawn;
  for (const std::size_t i : sample.cases) drawn.push_back(pool[i]);
  Policy policy;
  policy.goal = Goal::kNonInferiority;
  policy.segments.min_cases = 1;
  for (const std::string& name : flags.by) {
    policy.segments.dimensions.push_back({});
    policy.segments.dimensions.back().key = name;
  }
  return plan::Check(policy, plan::ShapeOfCases("", drawn), plan::GivenPsi(flags.psi),
                     {.drop = flags.drop / 100});
}

void WriteText(const suite::Sample& sample, std::size_t pool, const CheckReport& seen,
               const SampleFlags& flags, std::ostream& out) {
  const auto show = [](const std::string& text) { return report::EscapeTerminal(text); };
  out << fmt::format("{} of {} cases, {} allocation, floor {}, seed {}\n",
                     CountText(static_cast<std::int64_t>(sample.cases.size())),
                     CountText(static_cast<std::int64_t>(pool)), flags.allocation,
                     CountText(flags.options.floor), flags.options.seed);
  std::size_t width = 5;
  for (const suite::Stratum& stratum : sample.strata)
    width = std::max(width, std::min<std::size_t>(40, report::DisplayWidth(show(Name(stratum)))));
  const auto cell = [](const std::string& text, std::size_t columns, bool left = false) {
    const std::size_t used = report::DisplayWidth(text);
    const std::string fill(used < columns ? columns - used : 0, ' ');
    return left ? text + fill : fill + text;
  };
  const bool single = flags.by.size() == 1;
  std::map<std::string, const CheckSlice*> check_of;
  if (single) {
    for (const CheckSlice& slice : seen.slices) check_of[slice.value] = &slice;
  }
  out << '\n'
      << cell("slice", width, true) << cell("pool", 9) << cell("drawn", 8) << cell("share", 8)
      << (single ? cell("sees drop", 11) + cell(fmt::format("n for {:g}", flags.drop), 11) : "") << '\n';
  for (const suite::Stratum& stratum : sample.strata) {
    std::string line =
        cell(report::CutToWidth(show(Name(stratum)), width), width, true) + cell(CountText(stratum.pool), 9) +
        cell(CountText(stratum.drawn), 8) +
        cell(RateText(static_cast<double>(stratum.drawn) / static_cast<double>(sample.cases.size())) + " %",
             8);
    const auto found = check_of.find(Name(stratum));
    if (found != check_of.end()) {
      const CheckSlice& slice = *found->second;
      line += cell(slice.block_mde ? fmt::format("{:.1f}", *slice.block_mde * 100) : "-", 11);
      line += cell(slice.pairs_for_drop ? CountText(*slice.pairs_for_drop) : "-", 11);
      if (slice.block_mde && !slice.sees_drop) line += "  blind";
    }
    if (stratum.pool < flags.options.floor) line += "  the pool has no more";
    out << line << '\n';
  }
  if (!single) {
    for (const CheckSlice& slice : seen.slices) {
      out << Wrapped(show(fmt::format("{} {}: {} cases, sees a drop of {} pt", slice.dimension, slice.value,
                                      CountText(slice.n),
                                      slice.block_mde ? fmt::format("{:.1f}", *slice.block_mde * 100) : "-")),
                     kPlanWidth, "  ")
          << '\n';
    }
  }
  out << '\n'
      << Wrapped(fmt::format("the whole resolves a margin of {} pt; sees drop: points that one slice alone "
                             "may lose before the gate blocks "
                             "it {:.0f} % of the time, at psi {} over all slices (--psi)",
                             seen.goal.resolvable ? SizeText(*seen.goal.resolvable) : "none",
                             seen.power * 100, ShareText(flags.psi)),
                 kPlanWidth, "  ")
      << '\n';
}

json::Value ToJson(const suite::Sample& sample, std::size_t pool, const CheckReport& seen,
                   const SampleFlags& flags) {
  json::Value document;
  document["sample_version"] = 1;
  document["pool"] = pool;
  document["drawn"] = sample.cases.size();
  document["allocation"] = flags.allocation;
  document["floor"] = flags.options.floor;
  document["seed"] = flags.options.seed;
  document["by"] = flags.by;
  document["psi"] = flags.psi;
  document["output"] = flags.output.empty() ? json::Value(nullptr) : json::Value(flags.output);
  document["strata"] = json::Value::array();
  for (const suite::Stratum& stratum : sample.strata) {
    json::Value entry = {{"values", stratum.values},
                         {"pool", stratum.pool},
                         {"weight", stratum.weight},
                         {"drawn", stratum.drawn}};
    if (flags.options.allocation == suite::Allocation::kOptimal) entry["deviation"] = stratum.deviation;
    document["strata"].push_back(std::move(entry));
  }
  document["resolvable_margin"] = OrNull(seen.goal.resolvable);
  document["segments"] = json::Value::array();
  for (const CheckSlice& slice : seen.slices) {
    document["segments"].push_back({{"dimension", slice.dimension},
                                    {"value", slice.value},
                                    {"n_pairs", slice.n},
                                    {"block_mde", OrNull(slice.block_mde)},
                                    {"sees_drop", slice.sees_drop},
                                    {"pairs_for_drop", OrNull(slice.pairs_for_drop)},
                                    {"resolvable_margin", OrNull(slice.resolvable_margin)}});
  }
  return document;
}

void Complain(Session& session, const std::string& message) {
  session.Report(Failure{Failure::Kind::kInput, {{{}, message}}});
}

void RunSample(SampleFlags& flags, Session& session) {
  flags.by = SplitCommas(flags.by_list);
  if (std::any_of(flags.by.begin(), flags.by.end(), [](const std::string& name) { return name.empty(); })) {
    return Complain(session, "--by: expected dimensions separated by commas, found an empty one");
  }
  flags.options.by = flags.by;
  flags.options.allocation = flags.allocation == "sqrt"      ? suite::Allocation::kSquareRoot
                             : flags.allocation == "optimal" ? suite::Allocation::kOptimal
                                                             : suite::Allocation::kProportional;
  if ((flags.allocation == "optimal") != !flags.pilot.empty()) {
    return Complain(session,
                    "--allocation optimal and --pilot INCUMBENT CANDIDATE belong together: it needs to know "
                    "how much each "
                    "slice varies");
  }
  if (!flags.output.empty() && io::RealFileSystem().Exists(flags.output)) {
    return Complain(session, flags.output + ": exists already; nothing is overwritten, give another name");
  }
  const Result<std::vector<Case>> pool = ReadPool(flags.pool);
  if (!pool) session.Report(pool.error());
  std::vector<RunLog> logs;
  const bool good = ReadLogs(flags.pilot, logs, session);
  if (!pool || !good) return;
  if (!logs.empty()) {
    const pair::PairResult paired = pair::Pair(std::span(logs).subspan(0, 1), std::span(logs).subspan(1, 1));
    flags.options.deviation = Deviations(paired.table, flags.by);
    if (flags.options.deviation.empty()) return Complain(session, "no case of the pilot's logs forms a pair");
    // A slice that the pilot has not seen varies as the whole pilot does.
    if (const auto psi = plan::PsiOfTable(paired.table))
      flags.options.other_deviation = std::sqrt(std::max(psi->value, 1e-6));
  }
  const Result<suite::Sample> sample = suite::DrawSample(*pool, flags.options);
  if (!sample) return session.Report(sample.error());
  const CheckReport seen = See(*pool, *sample, flags);
  if (!flags.output.empty()) {
    const Result<std::string> text = Lines(*pool, sample->cases);
    if (!text) return session.Report(text.error());
    if (const Result<void> written = io::RealFileSystem().WriteFile(flags.output, *text); !written) {
      return session.Report(written.error());
    }
  }
  if (flags.format != "text") {
    WriteDocument(ToJson(*sample, pool->size(), seen, flags), flags.format, session.out);
  } else {
    WriteText(*sample, pool->size(), seen, flags, session.out);
  }
  if (!flags.output.empty()) {
    session.Note(fmt::format("{} cases in {}; name it under `cases:` of the suite", sample->cases.size(),
                             flags.output));
  } else {
    session.Note("nothing written: give -o FILE");
  }
}

}  // namespace

void AddSuiteSampleCommand(CLI::App& suite, Session& session) {
  auto flags = std::make_shared<SampleFlags>();
  CLI::App* command =
      suite.add_subcommand("sample", "draw a suite with a floor for every slice from a pool of cases");
  command->add_option("pool", flags->pool, "suite.yaml, or one or several cases.jsonl")
      ->required()
      ->type_name("POOL");
  command
      ->add_option("--by", flags->by_list, "dimensions whose slices are drawn from; several: their crosses")
      ->required()
      ->type_name("DIM,DIM");
  command->add_option("--total", flags->options.total, "cases to draw")
      ->required()
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1000000000}))
      ->type_name("N");
  command->add_option("--floor", flags->options.floor, "least number of cases of a slice")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1000000000}))
      ->type_name("N")
      ->capture_default_str();
  command
      ->add_option("--allocation", flags->allocation,
                   "beyond the floor: in proportion to the pool, its root, or what varies")
      ->check(CLI::IsMember({"proportional", "sqrt", "optimal"}))
      ->capture_default_str();
  command->add_option("--pilot", flags->pilot, "two logs, for --allocation optimal")
      ->expected(2)
      ->type_name("INCUMBENT CANDIDATE");
  command->add_option("--seed", flags->options.seed, "same seed and pool, same cases")
      ->check(WholeNumber())
      ->type_name("N")
      ->capture_default_str();
  command
      ->add_option("--psi", flags->psi,
                   "share of prompts on which two models will disagree, for what each slice sees")
      ->check(Between(1e-6, 1.0))
      ->type_name("RATE")
      ->capture_default_str();
  command->add_option("--drop", flags->drop, "points that one slice may lose before the gate should see it")
      ->check(Between(0.1, 100.0))
      ->type_name("POINTS")
      ->capture_default_str();
  command->add_option("-o,--output", flags->output, "cases.jsonl to write; without it nothing is written")
      ->type_name("FILE");
  AddFormatFlag(*command, flags->format);
  command->footer(
      "Example:\n"
      "  minslice suite sample pool.jsonl --by flow --total 120 --floor 10 \\\n"
      "    --allocation sqrt -o sampled.jsonl");
  command->callback([flags, &session] { RunSample(*flags, session); });
}

}  // namespace minslice::cli
