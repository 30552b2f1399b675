// The module minslice._core. Functions take what python/minslice has made of the caller's arguments and give
// the JSON text that the command prints; they compute without the GIL. The public functions, their types and
// their documentation are in python/minslice.
#include <nanobind/nanobind.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/compare_logs.h"
#include "cli/compare_render.h"
#include "cli/gate_context.h"
#include "cli/mde_report.h"
#include "cli/open_log_argument.h"
#include "cli/session.h"
#include "cli/simulate_report.h"
#include "gate/policy_reader.h"
#include "json/json.h"
#include "minslice/version.h"
#include "pair/pair.h"
#include "python/failure.h"
#include "python/intervals.h"
#include "python/sides.h"
#include "report/report.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace minslice::python {
namespace {

using Text = std::string;
using Texts = std::vector<std::string>;

// A policy: a path, or text with the name that stands for it in messages.
struct PolicySource {
  std::optional<std::string> path;
  std::string text, name;

  Result<Policy> Load() const { return path ? gate::LoadPolicy(*path) : gate::ParsePolicy(text, name); }
};

PolicySource PolicyOf(const std::string& path_or_name, const std::optional<std::string>& text) {
  if (text) return {.path = std::nullopt, .text = *text, .name = path_or_name};
  return {.path = path_or_name, .text = "", .name = ""};
}

ColumnSide MakeSide(const Array& scores, const std::string& name, Texts ids,
                    std::vector<std::pair<std::string, Texts>> segments, Texts clusters, std::string suite) {
  return {.scores = Unwrap(Column::Of(scores, name, true)),
          .ids = std::move(ids),
          .segments = std::move(segments),
          .clusters = std::move(clusters),
          .suite = std::move(suite)};
}

struct Logs {
  std::vector<RunLog> incumbent, candidate;
};

// What commands report, thrown where there is anything.
class Reports {
 public:
  cli::Session& session() { return session_; }
  void Add(const std::vector<Diagnostic>& diagnostics) {
    if (!diagnostics.empty()) session_.Report({Failure::Kind::kInput, diagnostics});
  }
  void ThrowIfAny() {
    if (!failure_.diagnostics.empty()) throw FailureError(std::move(failure_));
  }

 private:
  Failure failure_;
  std::ostringstream unused_;
  cli::Session session_{.out = unused_, .err = unused_, .failure = &failure_};
};

// Both sides, with the errors of both, and those found before, at once. `only_figures`: rows are not needed.
Logs ReadBoth(const std::optional<Side>& incumbent, const std::optional<Side>& candidate,
              const std::string& metric, const std::vector<Diagnostic>& errors = {},
              bool only_figures = false) {
  Logs logs;
  Reports reports;
  reports.Add(errors);
  const auto* first = incumbent ? std::get_if<Texts>(&*incumbent) : nullptr;
  const auto* second = candidate ? std::get_if<Texts>(&*candidate) : nullptr;
  if (first != nullptr && second != nullptr) {
    cli::ReadSides(*first, *second, logs.incumbent, logs.candidate, reports.session(),
                   {.columns = only_figures});
  } else {
    const auto read = [&](const std::optional<Side>& side, const char* name, std::vector<RunLog>& into) {
      if (!side) return;
      if (const auto* paths = std::get_if<Texts>(&*side)) {
        cli::ReadLogs(*paths, into, reports.session());
        return;
      }
      Result<RunLog> log = LogOf(std::get<ColumnSide>(*side), name, metric);
      if (log) {
        into.push_back(*std::move(log));
      } else {
        reports.session().Report(log.error());
      }
    };
    read(incumbent, "incumbent", logs.incumbent);
    read(candidate, "candidate", logs.candidate);
  }
  reports.ThrowIfAny();
  return logs;
}

// The policy with the logs that it is for; a policy that cannot be read does not keep the logs' errors back.
std::pair<Policy, Logs> ReadAll(const PolicySource& source, const std::optional<Side>& incumbent,
                                const std::optional<Side>& candidate, bool only_figures = false) {
  const Result<Policy> policy = source.Load();
  Logs logs = ReadBoth(incumbent, candidate, policy ? policy->metric : "pass",
                       policy ? std::vector<Diagnostic>() : policy.error().diagnostics, only_figures);
  return {*policy, std::move(logs)};
}

Text GateText(const std::string& policy, const std::optional<Text>& policy_text, const Side& incumbent,
              const Side& candidate) {
  const auto [rules, logs] = ReadAll(PolicyOf(policy, policy_text), incumbent, candidate, true);
  const pair::PairResult paired = pair::Pair(logs.incumbent, logs.candidate, rules.metric);
  Reports reports;
  cli::GateContext context;
  std::optional<Verdict> verdict;
  if (cli::LoadContext(rules, reports.session(), context))
    verdict =
        cli::DecideWithLedger(rules, paired, logs.incumbent, logs.candidate, reports.session(), context);
  if (verdict) cli::AppendToLedger(*verdict, logs.candidate, reports.session(), context);
  reports.ThrowIfAny();
  return report::VerdictJson(*verdict);
}

cli::CompareOptions CompareOptionsOf(double level, std::optional<double> margin, std::uint64_t seed,
                                     std::int64_t replicates) {
  const cli::CompareOptions options{.level = level, .margin = margin, .seed = seed, .replicates = replicates};
  std::vector<Diagnostic> errors = cli::CheckCompareOptions(options);
  if (!errors.empty()) throw FailureError({Failure::Kind::kInput, std::move(errors)});
  return options;
}

Text CompareTableText(const Counts& table, double level, std::optional<double> margin, std::uint64_t seed,
                      std::int64_t replicates) {
  cli::CompareDocument document;
  document.figures = cli::Compare(CountsOf(table), CompareOptionsOf(level, margin, seed, replicates));
  return cli::CompareJson(document);
}

Text CompareText(const Side& incumbent, const Side& candidate, const Texts& by, const std::string& metric,
                 double level, std::optional<double> margin, std::uint64_t seed, std::int64_t replicates) {
  const cli::CompareOptions options = CompareOptionsOf(level, margin, seed, replicates);
  const Logs logs = ReadBoth(incumbent, candidate, metric);
  return cli::CompareJson(
      Unwrap(cli::CompareLogs(logs.incumbent.front(), logs.candidate.front(), metric, by, options)));
}

Text MdeText(std::optional<std::int64_t> pairs, std::optional<double> discordance,
             const std::optional<Side>& incumbent, const std::optional<Side>& candidate,
             std::optional<double> margin, std::optional<double> effect, double power, double alpha,
             int sides, std::optional<double> rate) {
  cli::MdeOptions options;
  const cli::MdeGiven given{.pairs = pairs.has_value(),
                            .discordance = discordance.has_value(),
                            .margin = margin.has_value(),
                            .effect = effect.has_value(),
                            .rate = rate.has_value()};
  options.pairs = pairs.value_or(options.pairs);
  options.discordance = discordance.value_or(options.discordance);
  options.margin = margin.value_or(options.margin);
  options.effect = effect.value_or(options.effect);
  options.rate = rate.value_or(options.rate);
  options.power = power;
  options.alpha = alpha;
  options.sides = sides;
  std::vector<Diagnostic> errors = cli::CheckMde(options, given, incumbent.has_value());
  if (!errors.empty()) throw FailureError({Failure::Kind::kInput, std::move(errors)});
  std::optional<cli::MdePilot> pilot;
  if (incumbent) {
    const Logs logs = ReadBoth(incumbent, candidate, "pass");
    pilot = Unwrap(cli::PilotOf(logs.incumbent.front(), logs.candidate.front()));
  }
  return json::Pretty(cli::MdeJson(Unwrap(cli::MakeMdeReport(options, given, pilot))));
}

Text SimulateText(const std::string& policy, const std::optional<Text>& policy_text,
                  const std::optional<Side>& incumbent, const std::optional<Side>& candidate,
                  const std::optional<Text>& plan, const std::optional<Text>& plan_text,
                  const std::vector<double>& psi, const std::string& bad_slice,
                  std::optional<double> incumbent_rate, std::int64_t runs, std::uint64_t seed) {
  cli::SimulateOptions options;
  options.psi = psi;
  options.bad_slice = bad_slice;
  options.incumbent_rate = incumbent_rate;
  options.runs = runs;
  options.seed = seed;
  std::vector<Diagnostic> errors = cli::CheckSimulate(options);
  if (!errors.empty()) throw FailureError({Failure::Kind::kInput, std::move(errors)});
  const PolicySource source = PolicyOf(policy, policy_text);
  std::optional<cli::PlanFile> plan_file;
  if (plan) {
    Result<cli::PlanFile> read = plan_text ? cli::ParsePlanFile(*plan_text, *plan) : cli::ReadPlanFile(*plan);
    if (read) {
      plan_file = *std::move(read);
    } else {
      errors = read.error().diagnostics;
      if (const auto loaded = source.Load(); !loaded)
        errors.insert(errors.begin(), loaded.error().diagnostics.begin(), loaded.error().diagnostics.end());
      throw FailureError({Failure::Kind::kInput, std::move(errors)});
    }
  }
  const auto [rules, logs] = ReadAll(source, incumbent, candidate);
  const cli::SimulateSuite suite =
      Unwrap(cli::SimulateSuiteOf(rules, plan_file, logs.incumbent, logs.candidate));
  return json::Pretty(cli::SimulateJson(Unwrap(cli::SimulatePolicy(rules, suite, options))));
}

Text VerdictText(const Text& json, int width) {
  return report::VerdictText(Unwrap(report::ParseVerdictJson(json, "verdict")),
                             {.width = width, .verdict_path = ""});
}

Text VerdictMarkdown(const Text& json) {
  return report::VerdictMarkdown(Unwrap(report::ParseVerdictJson(json, "verdict")));
}

// minslice._errors has the classes; a failure becomes an instance with its diagnostics as tuples.
void Translate(const std::exception_ptr& pointer, void*) {
  try {
    std::rethrow_exception(pointer);
  } catch (const FailureError& error) {
    const nb::object errors = nb::module_::import_("minslice._errors");
    nb::list diagnostics;
    for (const Diagnostic& d : error.failure.diagnostics)
      diagnostics.append(nb::make_tuple(d.where.file, d.where.line, d.where.column, d.message, d.ToString()));
    const bool input = error.failure.kind == Failure::Kind::kInput;
    const nb::object type = errors.attr(input ? "InputError" : "InternalError");
    PyErr_SetObject(type.ptr(), type(diagnostics).ptr());
  } catch (const UndefinedError& error) {
    const nb::object type = nb::module_::import_("minslice._errors").attr("Undefined");
    PyErr_SetObject(type.ptr(), type(error.reason.code, error.reason.text).ptr());
  }
}

}  // namespace

NB_MODULE(_core, m) {
  m.doc() = "What the package minslice is made of; import minslice instead.";
  m.attr("version") = kVersion;
  nb::register_exception_translator(&Translate);

  using Free = nb::call_guard<nb::gil_scoped_release>;
  nb::class_<ColumnSide>(m, "Columns", "One side's scores with what belongs to each case.");
  m.def("columns", &MakeSide, "scores"_a, "name"_a, "ids"_a, "segments"_a, "clusters"_a, "suite"_a,
        "Columns from an array of one score a case (or a row of runs a case).");
  m.def("gate", &GateText, Free(), "policy"_a, "policy_text"_a.none(), "incumbent"_a, "candidate"_a,
        "verdict.json as the command writes it.");
  m.def("compare_table", &CompareTableText, Free(), "table"_a, "level"_a, "margin"_a.none(), "seed"_a,
        "replicates"_a, "The JSON of minslice compare --table.");
  m.def("compare", &CompareText, Free(), "incumbent"_a, "candidate"_a, "by"_a, "metric"_a, "level"_a,
        "margin"_a.none(), "seed"_a, "replicates"_a, "The JSON of minslice compare.");
  m.def("mde", &MdeText, Free(), "pairs"_a.none(), "discordance"_a.none(), "incumbent"_a.none(),
        "candidate"_a.none(), "margin"_a.none(), "effect"_a.none(), "power"_a, "alpha"_a, "sides"_a,
        "rate"_a.none(), "The JSON of minslice mde.");
  m.def("simulate", &SimulateText, Free(), "policy"_a, "policy_text"_a.none(), "incumbent"_a.none(),
        "candidate"_a.none(), "plan"_a.none(), "plan_text"_a.none(), "psi"_a, "slice"_a,
        "incumbent_rate"_a.none(), "runs"_a, "seed"_a, "The JSON of minslice simulate.");
  m.def("verdict_text", &VerdictText, Free(), "json"_a, "width"_a, "The text report of a verdict.json.");
  m.def("verdict_markdown", &VerdictMarkdown, Free(), "json"_a, "The Markdown report of a verdict.json.");
  DefineIntervals(m);
}

}  // namespace minslice::python
