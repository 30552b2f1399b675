// minslice stats: any statistic by name, cases in the form of tests/data/golden/stats.json.
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/common_flags.h"
#include "cli/session.h"
#include "cli/stats_registry.h"
#include "io/file_system.h"
#include "io/nearest_name.h"
#include "json/json.h"

namespace minslice::cli {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

struct StatsOptions {
  std::string cases;
  std::string format = "text";
  bool list = false;
};

constexpr const char* kForms = R"(a golden file {"cases": [...]}, an array of cases, or one case a line)";

// One JSON document a line. The line of each case is kept for its diagnostics.
Result<json> ParseLines(std::string_view text, const std::string& path) {
  json cases = json::array();
  std::vector<Diagnostic> diagnostics;
  int line = 0;
  while (!text.empty()) {
    ++line;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (one.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const Result<minslice::json::Node> node = minslice::json::ParseNode(one, {path, line, 1});
    if (!node) {
      diagnostics.insert(diagnostics.end(), node.error().diagnostics.begin(), node.error().diagnostics.end());
      continue;
    }
    cases.push_back(json(minslice::json::ToValue(*node)));
  }
  if (!diagnostics.empty()) return FailAll(std::move(diagnostics));
  return cases;
}

// The cases of any of the three forms as an array.
Result<json> ReadCases(const std::string& path) {
  const Result<std::string> text = io::RealFileSystem().ReadFile(path);
  if (!text) return tl::unexpected(text.error());
  const Result<minslice::json::Value> whole = minslice::json::Parse(*text, path);
  if (!whole) {
    // Perhaps lines: then the first line is a document of its own.
    std::string_view lines = *text;
    if (lines.starts_with("\xEF\xBB\xBF"))
      lines.remove_prefix(3);  // a byte order mark, as some editors write
    const std::string_view first = lines.substr(0, lines.find('\n'));
    if (!first.starts_with('{') || !minslice::json::Parse(first, path)) return tl::unexpected(whole.error());
    return ParseLines(lines, path);
  }
  json document(*whole);
  if (document.is_array()) return document;
  if (document.is_object() && document.contains("cases") && document["cases"].is_array())
    return json(document["cases"]);
  if (document.is_object() && document.contains("fn")) return json::array({document});
  return FailAt({path, 1, 1}, fmt::format("expected {}", kForms));
}

std::string TextOf(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? "" : value.dump();
}

void RunStats(const StatsOptions& options, Session& session) {
  const StatsRegistry& registry = StatsFunctions();
  if (options.list) {
    if (options.format == "json") {
      session.out << minslice::json::Pretty(ordered_json(registry.Names()));
    } else {
      for (const std::string& name : registry.Names()) session.out << name << '\n';
    }
    return;
  }
  if (options.cases.empty()) return session.Report(Fail("stats: --cases FILE (or --list) is needed").value());
  Result<json> read = ReadCases(options.cases);
  if (!read) return session.Report(read.error());
  json& cases = *read;
  ResolveDatasets(cases);

  std::vector<ordered_json> results;
  std::set<std::string> unknown;
  std::map<std::string, int> times;  // that an id stands in the file
  std::size_t unknown_cases = 0;
  std::size_t failed = 0;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const json& item = cases[i];
    ordered_json result;
    const bool is_case = item.is_object() && item.contains("fn") && item["fn"].is_string();
    result["id"] = is_case && item.contains("id") ? ordered_json(item["id"])
                                                  : ordered_json(fmt::format("case {}", i + 1));
    result["fn"] = is_case ? ordered_json(item["fn"]) : ordered_json(nullptr);
    if (is_case && item.contains("id")) ++times[TextOf(item["id"])];
    if (!is_case) {
      result["error"] = R"(expected an object with "id", "fn" and "in")";
      ++failed;
    } else if (const auto name = item["fn"].get<std::string>(); registry.Find(name) == nullptr) {
      result["error"] = fmt::format("there is no function {}{}", io::Quoted(name),
                                    io::DidYouMean(name, registry.Names(), 0));
      unknown.insert(name);
      ++unknown_cases;
    } else if (!item.contains("in") || !item["in"].is_object()) {
      result["error"] = R"(expected an object under "in")";
      ++failed;
    } else {
      try {
        result["result"] = (*registry.Find(name))(item["in"]);
      } catch (const std::exception& error) {
        // An input that the function cannot use is data about this case, not the end of the others.
        result["error"] = error.what();
        ++failed;
      }
    }
    results.push_back(std::move(result));
  }

  if (options.format == "json") {
    session.out << "[";
    for (std::size_t i = 0; i < results.size(); ++i) {
      session.out << (i == 0 ? "\n" : ",\n") << minslice::json::Compact(results[i]);
    }
    session.out << "\n]\n";
  } else {
    for (const ordered_json& result : results) {
      session.out << TextOf(json(result["id"])) << "  " << TextOf(json(result["fn"]));
      if (result.contains("error")) {
        session.out << "  error: " << result["error"].get<std::string>();
      } else {
        for (const auto& [key, value] : result["result"].items())
          session.out << "  " << key << ' ' << TextOf(json(value));
      }
      session.out << '\n';
    }
  }
  const auto twice = std::find_if(times.begin(), times.end(), [](const auto& id) { return id.second > 1; });
  if (twice != times.end()) {
    session.err << fmt::format(
        "minslice: {}: warning: the id {} stands {} times; results are in the file's order\n", options.cases,
        io::Quoted(twice->first), twice->second);
  }
  if (!unknown.empty()) {
    std::string names;
    for (const std::string& name : unknown) names += (names.empty() ? "" : ", ") + name;
    session.err << fmt::format(
        "minslice: {}: {} of {} cases ask for functions that do not exist: {}; see: minslice stats --list\n",
        options.cases, unknown_cases, cases.size(), names);
    session.exit_code = kExitUsage;
  }
  if (failed > 0) {
    session.err << fmt::format(
        "minslice: {}: {} of {} cases could not be computed; each says why under \"error\"\n", options.cases,
        failed, cases.size());
    session.exit_code = kExitUsage;
  }
}

}  // namespace

void AddStatsCommand(CLI::App& app, Session& session) {
  auto options = std::make_shared<StatsOptions>();
  CLI::App* command = app.add_subcommand("stats", "any statistic by name, from a file of cases");
  command->add_option("--cases", options->cases, fmt::format("file of cases {{id, fn, in}}: {}", kForms))
      ->type_name("FILE");
  command->add_flag("--list", options->list, "print the names of all functions");
  AddFormatFlag(*command, options->format, {"text", "json"});
  command->footer(
      "Example:\n"
      "  minslice stats --cases tests/data/golden/stats.json --format json\n\n"
      "Where \"in\" only names a \"dataset\" (or \"name\"), the data of the first case with that name are "
      "taken.\n"
      "Numbers that JSON has not are the texts NaN, Infinity and -Infinity. Exit 2 if a case could not be "
      "computed.");
  command->callback([options, &session] { RunStats(*options, session); });
}

}  // namespace minslice::cli
