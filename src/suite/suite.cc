#include "suite/suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "io/diagnostics.h"
#include "io/file_system.h"
#include "io/looks_like.h"
#include "io/nearest_name.h"
#include "json/canonical.h"
#include "json/json.h"
#include "minslice/version.h"
#include "suite/case_files.h"
#include "yaml/yaml.h"

namespace minslice::suite {
namespace {

// An alias may stand in many places, so a small file can name a huge value.
constexpr int kMaxRequestNodes = 100000;

json::Value ToJson(const yaml::Node& node, int& budget) {
  if (--budget < 0) return nullptr;
  switch (node.kind()) {
    case yaml::Kind::kAbsent:
    case yaml::Kind::kNull:
      return nullptr;
    case yaml::Kind::kBool:
      return node.Bool().value_or(false);  // always there, by its kind
    case yaml::Kind::kInt:
      return node.Int().value_or(0);
    case yaml::Kind::kDouble:
      return node.Double().value_or(0);
    case yaml::Kind::kText:
      return node.text();
    case yaml::Kind::kList: {
      json::Value list = json::Value::array();
      for (const yaml::Node& item : node.Items()) list.push_back(ToJson(item, budget));
      return list;
    }
    case yaml::Kind::kMap: {
      json::Value object = json::Value::object();
      const yaml::Map map = node.AsMap();
      for (const std::string& key : map.Keys()) object[key] = ToJson(map.Get(key), budget);
      return object;
    }
  }
  return nullptr;
}

// Reads the settings of the requests: known keys with their types; what is not set is not sent, except
// temperature 0.
json::Value ReadRequest(const yaml::Map& request) {
  json::Value settings = json::Value::object();
  int budget = kMaxRequestNodes;
  settings["temperature"] = 0;
  const auto number = [&](const char* key, yaml::Range range) {
    if (const auto value = request.FindDouble(key, range)) settings[key] = *value;
  };
  const auto integer = [&](const char* key, yaml::Range range) {
    if (const auto value = request.FindInt(key, range)) settings[key] = *value;
  };
  const auto text = [&](const char* key) {
    if (const auto value = request.FindString(key)) settings[key] = *value;
  };
  const auto flag = [&](const char* key) {
    if (const auto value = request.FindBool(key)) settings[key] = *value;
  };
  const auto of_kind = [&](const char* key, const char* what, std::initializer_list<yaml::Kind> kinds) {
    const yaml::Node node = request.Get(key);
    if (!node.present() || node.kind() == yaml::Kind::kNull) return;
    if (std::find(kinds.begin(), kinds.end(), node.kind()) == kinds.end()) {
      node.Error(fmt::format("request.{}: expected {}, found {}", key, what, node.Describe()));
      return;
    }
    settings[key] = ToJson(node, budget);
  };
  number("temperature", {.min = 0, .max = 2});
  // Some models refuse any temperature: an explicit null sends none.
  if (request.Get("temperature").kind() == yaml::Kind::kNull) settings.erase("temperature");
  integer("max_tokens", {.min = 1});
  integer("max_completion_tokens", {.min = 1});
  text("system");
  number("top_p", {.min = 0, .max = 1, .open_min = true});
  integer("top_k", {.min = -1});
  number("min_p", {.min = 0, .max = 1});
  number("presence_penalty", {.min = -2, .max = 2});
  number("frequency_penalty", {.min = -2, .max = 2});
  number("repetition_penalty", {.min = 0, .open_min = true});
  integer("seed", {});
  of_kind("stop", "a text or a list of texts", {yaml::Kind::kText, yaml::Kind::kList});
  of_kind("response_format", "a map", {yaml::Kind::kMap});
  of_kind("tools", "a list of tools", {yaml::Kind::kList});
  of_kind("tool_choice", "a text or a map", {yaml::Kind::kText, yaml::Kind::kMap});
  flag("parallel_tool_calls");
  flag("logprobs");
  flag("stream");
  integer("top_logprobs", {.min = 0, .max = 20});
  of_kind("logit_bias", "a map", {yaml::Kind::kMap});
  text("reasoning_effort");
  text("service_tier");
  text("user");
  of_kind("chat_template_kwargs", "a map", {yaml::Kind::kMap});
  if (budget < 0)
    request.Error("tools", "request: too large (more than 100,000 values, aliases counted each time)");
  for (const yaml::Node& item : request.Get("stop").kind() == yaml::Kind::kList ? request.GetList("stop")
                                                                                : std::vector<yaml::Node>()) {
    if (item.kind() != yaml::Kind::kText)
      item.Error("request.stop: expected a list of texts, found " + item.Describe());
  }
  request.Finish();
  return settings;
}

GraderSpec ReadGrader(const yaml::Map& map) {
  GraderSpec grader;
  grader.where = map.where();
  if (!map.present()) return grader;
  static const std::vector<std::string> kTypes = {"exact_match", "json_match", "contains", "regex"};
  if (!map.Has("type")) map.Error("type", "grader: required key \"type\" is missing");
  grader.type = map.GetChoice("type", grader.type, kTypes);
  grader.ignore_case = map.GetBool("ignore_case", false);
  grader.trim = map.GetBool("trim", true);
  grader.pattern = map.GetString("pattern", "");
  map.Finish();
  const auto only = [&](const char* key, bool applies, const char* where) {
    if (map.Has(key) && !applies) map.Error(key, fmt::format("grader.{}: only {} has it", key, where));
  };
  only("ignore_case", grader.type != "json_match", "exact_match, contains or regex");
  only("trim", grader.type == "exact_match", "exact_match");
  only("pattern", grader.type == "regex", "regex");
  if (map.Has("pattern") && grader.type == "regex" && grader.pattern.empty()) {
    map.Error("pattern", "grader.pattern: expected a pattern, found an empty one");
  }
  return grader;
}

void CheckBaseUrl(const yaml::Map& gateway, const std::string& url, io::Diagnostics& diagnostics) {
  const SourcePosition where = gateway.ValuePosition("base_url");
  if (const auto checked = CheckExpansion(url, where, "gateway.base_url"); !checked) {
    return diagnostics.AddAll(checked.error());
  }
  if (url.rfind("${", 0) == 0) return;  // known only at run time
  const std::size_t scheme = url.find("://");
  if (url.rfind("http://", 0) != 0 && url.rfind("https://", 0) != 0) {
    diagnostics.Add(where, "gateway.base_url: expected an http:// or https:// address that ends in /v1");
    return;
  }
  const std::string_view authority =
      std::string_view(url).substr(scheme + 3, url.find('/', scheme + 3) - scheme - 3);
  if (authority.empty())
    diagnostics.Add(where, "gateway.base_url: expected a host after " + url.substr(0, scheme + 3));
  // Not quoted: it may hold a password.
  if (authority.find('@') != std::string_view::npos) {
    diagnostics.Add(where,
                    "gateway.base_url: credentials in an address reach logs; put them into gateway.headers");
  }
  static constexpr std::string_view kPath = "/chat/completions";
  const std::string_view trimmed = std::string_view(url).substr(0, url.find_last_not_of('/') + 1);
  if (trimmed.size() >= kPath.size() && trimmed.substr(trimmed.size() - kPath.size()) == kPath) {
    diagnostics.Add(where, "gateway.base_url: leave off /chat/completions, it is added to every request");
  }
  if (url.find_first_of("?# \t") != std::string::npos) {
    diagnostics.Add(where, "gateway.base_url: expected an address without spaces, query or fragment");
  }
}

bool IsHeaderName(std::string_view name) {
  static constexpr std::string_view kOther = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOther.find(c) != std::string_view::npos;
  });
}

GatewaySpec ReadGateway(const yaml::Map& map, io::Diagnostics& diagnostics) {
  GatewaySpec gateway;
  if (!map.present()) return gateway;
  static const std::vector<std::string> kKinds = {"openai", "litellm", "portkey", "bifrost"};
  gateway.kind = map.GetChoice("kind", "", kKinds);
  gateway.virtual_key = map.GetString("virtual_key", "");
  gateway.virtual_key_position = map.ValuePosition("virtual_key");
  if (map.Has("virtual_key")) {
    if (gateway.virtual_key.find("${") == std::string::npos) {
      // Not quoted: it may be the key.
      map.Error("virtual_key", "gateway.virtual_key: expected ${NAME}: a key comes from the environment");
    } else if (const auto checked =
                   CheckExpansion(gateway.virtual_key, gateway.virtual_key_position, "gateway.virtual_key");
               !checked) {
      diagnostics.AddAll(checked.error());
    }
    if (!map.Has("kind")) {
      map.Error("virtual_key",
                "gateway.virtual_key: needs gateway.kind beside it, which says in what header it goes");
    }
  }
  gateway.base_url = map.GetString("base_url", "");
  gateway.base_url_position = map.ValuePosition("base_url");
  if (map.Has("base_url")) CheckBaseUrl(map, gateway.base_url, diagnostics);
  const yaml::Map headers = map.GetMap("headers");
  for (const std::string& name : headers.Keys()) {
    const std::string what = fmt::format("gateway.headers.{}", name);
    const std::string value = headers.GetString(name, "");
    if (!IsHeaderName(name)) {
      diagnostics.Add(headers.KeyPosition(name),
                      fmt::format("{} is no name of an HTTP header", io::Quoted(name)));
    }
    if (value.find_first_of("\r\n") != std::string::npos) {
      diagnostics.Add(headers.ValuePosition(name), what + ": a header must stand in one line");
    }
    if (const auto checked = CheckExpansion(value, headers.ValuePosition(name), what); !checked) {
      diagnostics.AddAll(checked.error());
    }
    gateway.headers.emplace_back(name, value);
    gateway.header_positions.push_back(headers.ValuePosition(name));
  }
  map.Finish();
  return gateway;
}

// budget: {usd, tokens, requests, wall_s}, or budget_usd alone.
BudgetSpec ReadBudget(const yaml::Map& root) {
  const yaml::Range above = {.min = 0, .open_min = true};
  BudgetSpec budget;
  const yaml::Map map = root.GetMap("budget");
  budget.usd = map.FindDouble("usd", above);
  budget.tokens = map.FindInt("tokens", {.min = 1});
  budget.requests = map.FindInt("requests", {.min = 1});
  budget.wall_s = map.FindDouble("wall_s", above);
  map.Finish();
  if (const std::optional<double> usd = root.FindDouble("budget_usd", above)) {
    if (budget.usd) root.Error("budget_usd", "budget_usd: budget.usd says the same; keep one of them");
    budget.usd = usd;
  }
  return budget;
}

std::vector<Target> ReadTargets(const yaml::Map& root) {
  std::vector<Target> targets;
  std::vector<SourcePosition> places;
  for (const yaml::Node& item : root.GetList("targets")) {
    const yaml::Map map = item.AsMap();
    if (item.kind() != yaml::Kind::kMap) continue;
    Target target{map.RequireString("name"), map.RequireString("model")};
    map.Finish();
    for (const auto& [key, value] : {std::pair("name", &target.name), std::pair("model", &target.model)}) {
      if (value->find("${") != std::string::npos) {
        map.Error(key, fmt::format("targets: ${{...}} is read in gateway.base_url and gateway.headers only, "
                                   "because {} is written "
                                   "to the log",
                                   key));
      }
    }
    for (std::size_t i = 0; i < targets.size(); ++i) {
      if (targets[i].name != target.name || target.name.empty()) continue;
      map.Error("name", fmt::format("target {} stands twice, first at line {}", io::Quoted(target.name),
                                    places[i].line));
    }
    targets.push_back(std::move(target));
    places.push_back(item.where());
  }
  return targets;
}

// A list of distinct, non-empty texts, or one text alone.
std::vector<std::string> ReadNames(const yaml::Map& root, const std::string& key, const char* what) {
  std::vector<std::string> names;
  const yaml::Node node = root.Get(key);
  const std::vector<yaml::Node> items =
      node.kind() == yaml::Kind::kText ? std::vector<yaml::Node>{node} : node.Items();
  for (const yaml::Node& item : items) {
    const auto name = item.String();
    if (!name) continue;
    if (name->empty()) {
      item.Error(fmt::format("{}: expected the name of a {}, found an empty one", key, what));
    } else if (std::find(names.begin(), names.end(), *name) != names.end()) {
      item.Error(fmt::format("{}: {} {} stands twice", key, what, io::Quoted(*name)));
    } else {
      names.push_back(*name);
    }
  }
  return names;
}

}  // namespace

Result<Suite> LoadSuite(const std::string& path) { return LoadSuite(path, io::RealFileSystem()); }

Result<Suite> LoadSuite(const std::string& path, io::FileSystem& files) {
  std::vector<Case> cases;
  const auto hold = [&](const Suite&, Case&& c) {
    cases.push_back(std::move(c));
    return false;
  };
  Result<OpenedSuite> opened = OpenSuite(path, hold, files);
  if (!opened) return tl::unexpected(opened.error());
  opened->suite.cases = std::move(cases);
  return std::move(opened->suite);
}

Result<OpenedSuite> OpenSuite(const std::string& path, const KeepCase& keep, io::FileSystem& files) {
  const auto bytes = files.ReadFile(path);
  if (!bytes) return tl::unexpected(bytes.error());

  io::Diagnostics diagnostics;
  Suite suite;
  suite.path = path;
  if (const std::string wrong = io::WrongKind(*bytes, "a suite", {"a policy", io::kLooksLikeLog});
      !wrong.empty()) {
    return FailAt({path, 1, 0}, wrong);
  }
  const yaml::Map root = yaml::ParseMap(*bytes, path, diagnostics);
  if (root.Has("version")) {
    const auto version = root.Get("version").Int();
    if (version && *version != kSuiteVersion) {
      // Another version may mean anything by its keys: nothing else is said about it.
      return FailAt(root.ValuePosition("version"),
                    fmt::format("expected version {}, found {}: written for another version of "
                                "minslice",
                                kSuiteVersion, *version));
    }
  } else if (diagnostics.empty()) {
    root.Error("version", "required key \"version\" is missing (version: 1)");
  }
  suite.name = root.RequireString("name");
  if (!root.Has("cases")) root.Error("cases", "required key \"cases\" is missing");
  suite.case_files = ReadNames(root, "cases", "file");
  if (root.Has("cases") && suite.case_files.empty() && diagnostics.empty()) {
    root.Error("cases", "cases: expected at least one file, found none");
  }
  suite.segments = ReadNames(root, "segments", "dimension");
  std::sort(suite.segments.begin(), suite.segments.end());
  suite.grader = ReadGrader(root.GetMap("grader"));
  suite.request_json = json::Canonical(ReadRequest(root.GetMap("request")));
  suite.gateway = ReadGateway(root.GetMap("gateway"), diagnostics);
  suite.targets = ReadTargets(root);
  suite.repeats = static_cast<int>(root.GetInt("repeats", suite.repeats, {.min = 1, .max = 1000}));
  suite.concurrency =
      static_cast<int>(root.GetInt("concurrency", suite.concurrency, {.min = 1, .max = 10000}));
  suite.timeout_s = root.GetDouble("timeout_s", suite.timeout_s, {.min = 0, .max = 86400, .open_min = true});
  suite.max_attempts =
      static_cast<int>(root.GetInt("max_attempts", suite.max_attempts, {.min = 1, .max = 100}));
  suite.budget = ReadBudget(root);
  if (const std::optional<std::string> prices = root.FindString("prices")) {
    suite.prices_path = io::JoinPath(io::FolderOf(path), *prices);
  }
  root.Finish();

  CaseRules rules;
  rules.segments = suite.segments;
  rules.expected_required = !(suite.grader.type == "regex" && !suite.grader.pattern.empty());
  auto cases = std::make_unique<CaseFiles>(std::move(rules), files);
  const std::vector<yaml::Node> places =
      root.Get("cases").kind() == yaml::Kind::kList ? root.GetList("cases") : std::vector<yaml::Node>();
  for (const std::string& file : suite.case_files) {
    const std::string case_path = io::JoinPath(io::FolderOf(path), file);
    const Result<void> added =
        cases->Add(case_path, diagnostics, [&](Case&& c) { return keep(suite, std::move(c)); });
    if (added) continue;
    SourcePosition where = root.ValuePosition("cases");
    for (const yaml::Node& place : places) {
      if (place.text() == file) where = place.where();
    }
    diagnostics.Add(where, fmt::format("cases: {}", added.error().diagnostics[0].ToString()));
  }
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  Result<std::string> digest = cases->Finish();
  if (!digest) return tl::unexpected(digest.error());
  suite.sha256 = std::move(*digest);
  return OpenedSuite{std::move(suite), std::move(cases)};
}

}  // namespace minslice::suite
