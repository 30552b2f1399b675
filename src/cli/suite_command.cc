// minslice suite: checks a suite before anything is spent on it.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/common_flags.h"
#include "cli/listing.h"
#include "cli/session.h"
#include "cli/suite_sample.h"
#include "report/format.h"
#include "score/grader.h"
#include "suite/suite.h"

namespace minslice::cli {
namespace {

struct LintFlags {
  std::vector<std::string> suites;
  std::string format = "text";
};

std::string Plural(std::size_t n, const char* one, const char* many) {
  return fmt::format("{} {}", report::Count(static_cast<std::int64_t>(n)), n == 1 ? one : many);
}

// Cases that ask the same thing under several ids: their answers are not independent.
void NoteRepeatedPrompts(const suite::Suite& suite, Listing& listing) {
  std::map<std::string, std::vector<std::string>> ids_of_prompt;
  for (const Case& c : suite.cases) ids_of_prompt[c.prompt_sha256].push_back(c.id);
  std::size_t prompts = 0, cases = 0;
  std::string first;
  for (const auto& [prompt, ids] : ids_of_prompt) {
    if (ids.size() < 2) continue;
    ++prompts;
    cases += ids.size();
    if (first.empty()) first = fmt::format("{} and {}", ids[0], ids[1]);
  }
  listing.Add("repeated_prompts", "", static_cast<std::int64_t>(prompts));
  if (prompts == 0) return;
  listing.notes.push_back(fmt::format(
      "{} under several ids ({}, e.g. {}): such cases are not independent; give them one `cluster`",
      Plural(prompts, "prompt stands", "prompts stand"), Plural(cases, "case", "cases"), first));
}

// Variables that a run will need, by name only: the values are secrets.
void NoteEnvironment(const suite::Suite& suite, Listing& listing) {
  std::vector<std::string> texts = {suite.gateway.base_url};
  for (const auto& [name, value] : suite.gateway.headers) texts.push_back(value);
  std::set<std::string> missing;
  for (const std::string& text : texts) {
    for (std::size_t at = 0; (at = text.find("${", at)) != std::string::npos; at += 2) {
      const std::size_t end = text.find_first_of(":}", at);
      const std::string name = text.substr(at + 2, end - at - 2);
      const bool has_default = text.compare(end, 2, ":-") == 0;
      if (!has_default && std::getenv(name.c_str()) == nullptr) missing.insert(name);
    }
  }
  for (const std::string& name : missing) {
    listing.notes.push_back(
        fmt::format("a run needs the environment variable {}, which is not set here", name));
  }
}

std::optional<Listing> LintOne(const std::string& path, Session& session) {
  const Result<suite::Suite> suite = suite::LoadSuite(path);
  if (!suite) {
    session.Report(suite.error());
    return std::nullopt;
  }
  const auto grader = score::MakeGrader(*suite);
  if (!grader) {
    session.Report(grader.error());
    return std::nullopt;
  }

  Listing listing;
  listing.Add("suite", "suite", suite->name, fmt::format("{} ({})", suite->name, suite->path));
  listing.Add("path", "", suite->path);
  listing.Add("cases", "cases", static_cast<std::int64_t>(suite->cases.size()),
              fmt::format("{} in {}", report::Count(static_cast<std::int64_t>(suite->cases.size())),
                          Plural(suite->case_files.size(), "file", "files")));
  listing.Add("files", "", suite->case_files);
  listing.Add("suite_sha256", "digest", suite->sha256, fmt::format("sha256 {}", suite->sha256));
  std::string grader_text = suite->grader.type;
  if (suite->grader.ignore_case) grader_text += ", ignoring case";
  if (suite->grader.type == "exact_match" && !suite->grader.trim) grader_text += ", white space counts";
  if (!suite->grader.pattern.empty()) grader_text += ", pattern " + suite->grader.pattern;
  listing.Add("grader", "grader", suite->grader.type, grader_text);
  const auto request = json::Parse(suite->request_json, suite->path);
  listing.Add("request", "request", request ? *request : json::Value(), suite->request_json);
  if (!suite->targets.empty()) {
    json::Value targets = json::Value::array();
    std::string text;
    for (const suite::Target& target : suite->targets) {
      targets.push_back({{"name", target.name}, {"model", target.model}});
      if (!text.empty()) text += ", ";
      text += fmt::format("{} = {}", target.name, target.model);
    }
    listing.Add("targets", "targets", std::move(targets), text);
  }
  listing.Add("repeats", "repeats", suite->repeats);

  std::set<std::string> clusters;
  std::size_t in_clusters = 0, weighted = 0, with_tools = 0;
  std::map<std::string, std::map<std::string, std::int64_t>> dimensions;
  for (const Case& c : suite->cases) {
    if (c.cluster) {
      clusters.insert(*c.cluster);
      ++in_clusters;
    }
    if (c.weight != 1) ++weighted;
    if (!c.tools_json.empty()) ++with_tools;
    for (const Segment& segment : c.segments) ++dimensions[segment.dimension][segment.value];
  }
  listing.Add("clusters", clusters.empty() ? "" : "clusters", static_cast<std::int64_t>(clusters.size()),
              fmt::format("{} over {}", report::Count(static_cast<std::int64_t>(clusters.size())),
                          Plural(in_clusters, "case", "cases")));
  listing.Add("cases_with_tools", with_tools == 0 ? "" : "tools", static_cast<std::int64_t>(with_tools),
              fmt::format("in {}", Plural(with_tools, "case", "cases")));
  listing.Add("cases_with_weight", weighted == 0 ? "" : "weights", static_cast<std::int64_t>(weighted),
              fmt::format("in {}", Plural(weighted, "case", "cases")));

  ListingTable table{"segments", {"dimension", "value", "cases"}, {}};
  for (const auto& [dimension, values] : dimensions) {
    std::int64_t total = 0;
    for (const auto& [value, n] : values) {
      table.rows.push_back({dimension, value, n});
      total += n;
    }
    const auto without = static_cast<std::int64_t>(suite->cases.size()) - total;
    if (without > 0) {
      listing.notes.push_back(fmt::format("{} no \"{}\", which the suite does not require",
                                          Plural(static_cast<std::size_t>(without), "case has", "cases have"),
                                          dimension));
    }
  }
  listing.tables.push_back(std::move(table));
  NoteRepeatedPrompts(*suite, listing);
  NoteEnvironment(*suite, listing);
  return listing;
}

void Lint(const LintFlags& flags, Session& session) {
  std::vector<Listing> listings;
  for (const std::string& path : flags.suites) {
    if (std::optional<Listing> listing = LintOne(path, session)) listings.push_back(std::move(*listing));
  }
  if (session.exit_code == kExitOk) Write(listings, flags.format, session.out);
}

}  // namespace

void AddSuiteCommand(CLI::App& app, Session& session) {
  CLI::App* suite = app.add_subcommand("suite", "check suites before anything is spent on them");
  suite->require_subcommand(1);
  suite->footer("Example:\n  minslice suite lint suite.yaml");

  const auto flags = std::make_shared<LintFlags>();
  CLI::App* lint = suite->add_subcommand("lint", "read a suite with all its cases and list what is in it");
  lint->add_option("SUITE", flags->suites, "suite.yaml; several are checked one after another")->required();
  AddFormatFlag(*lint, flags->format);
  lint->footer(
      "Every error of suite.yaml and of all its case files is given at once, with\n"
      "file:line:column, and the exit code is 2.\n"
      "Nothing is sent anywhere.\n\n"
      "Example:\n"
      "  minslice suite lint suite.yaml\n"
      "  minslice suite lint suite.yaml --format json");
  lint->callback([flags, &session] { Lint(*flags, session); });
  AddSuiteSampleCommand(*suite, session);
}

}  // namespace minslice::cli
