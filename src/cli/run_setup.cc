#include "cli/run_setup.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <utility>

#include "http/client.h"
#include "io/clock.h"
#include "io/diagnostics.h"
#include "io/nearest_name.h"
#include "io/sha256.h"
#include "json/json.h"
#include "minslice/version.h"
#include "run/shard_flag.h"
#include "suite/prices.h"

namespace minslice::cli {
namespace {

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string Trim(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool IsHeaderName(const std::string& name) {
  constexpr std::string_view kOther = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || kOther.find(c) != std::string_view::npos;
  });
}

bool NamesASecret(const std::string& header) {
  const std::string name = Lower(header);
  for (const char* part : {"auth", "key", "token", "secret", "cookie", "password"}) {
    if (name.find(part) != std::string::npos) return true;
  }
  return false;
}

void SetTarget(const RunFlags& flags, const std::string& asked, const suite::Suite& suite, Setup& setup,
               io::Diagnostics& diagnostics) {
  std::vector<std::string> names;
  names.reserve(suite.targets.size());
  for (const suite::Target& target : suite.targets) names.push_back(target.name);
  std::string name = asked;
  if (name.empty() && suite.targets.size() == 1) name = names[0];
  if (name.empty() && suite.targets.empty()) name = flags.model;
  if (name.empty()) {
    diagnostics.Add(
        {},
        suite.targets.empty()
            ? suite.path + " has no targets: expected --target NAME --model MODEL, or targets in the suite"
            : "expected --target NAME" + io::DidYouMean("", names));
    return;
  }
  setup.record.target = name;
  setup.record.request_model = flags.model;
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) {
    if (flags.model.empty()) {
      setup.record.request_model = suite.targets[static_cast<std::size_t>(found - names.begin())].model;
    }
  } else if (!suite.targets.empty()) {
    diagnostics.Add(
        {}, "--target " + io::Quoted(name) + " is none of " + suite.path + io::DidYouMean(name, names));
  } else if (flags.model.empty()) {
    diagnostics.Add({}, "--target " + io::Quoted(name) + ": " + suite.path +
                            " has no targets; expected --model MODEL beside it, or targets in the suite");
  }
}

void SetBaseUrl(const RunFlags& flags, const suite::Suite& suite, Setup& setup,
                io::Diagnostics& diagnostics) {
  const bool from_flag = !flags.base_url.empty();
  const std::string& raw = from_flag ? flags.base_url : suite.gateway.base_url;
  const std::string what = from_flag ? "--base-url" : "gateway.base_url";
  const SourcePosition where = from_flag ? SourcePosition{} : suite.gateway.base_url_position;
  if (raw.empty()) {
    diagnostics.Add({}, "expected gateway.base_url in " + suite.path + " or --base-url, found neither");
    return;
  }
  Result<std::string> expanded = suite::ExpandEnvironment(raw, where, what);
  if (!expanded) return diagnostics.AddAll(expanded.error());
  Result<http::Url> parsed = http::ParseUrl(*expanded);
  if (!parsed) {
    diagnostics.Add(where, what + ": " + parsed.error().diagnostics[0].message);
    return;
  }
  if (parsed->path.find('?') != std::string::npos) {
    diagnostics.Add(where, what + ": expected an address without a query (?...)");
    return;
  }
  while (parsed->path.ends_with('/')) parsed->path.pop_back();
  if (parsed->path.ends_with("/chat/completions")) {
    diagnostics.Add(where, what + ": leave off /chat/completions, it is added to every request");
    return;
  }
  // A path that came from the environment may be a secret; scheme, host and port stand in the log.
  const std::string shown =
      raw.find("${") == std::string::npos ? parsed->Origin() + parsed->path : parsed->Origin();
  if (!parsed->path.ends_with("/v1")) {
    setup.warnings.push_back(what + " does not end in /v1; requests go to " + shown + "/chat/completions");
  }
  setup.options.base_url = parsed->Origin() + parsed->path;
  setup.options.gateway_name = shown;
  setup.record.gateway = parsed->Origin();
}

void SetHeaders(const RunFlags& flags, const suite::Suite& suite, Setup& setup,
                io::Diagnostics& diagnostics) {
  const auto add = [&](const std::string& name, const std::string& raw, const SourcePosition& where,
                       const std::string& what) {
    Result<std::string> value = suite::ExpandEnvironment(raw, where, what);
    if (!value) return diagnostics.AddAll(value.error());
    const bool control =
        std::any_of(value->begin(), value->end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
    if (control) {
      diagnostics.Add(where, what + ": the value contains a line break or another control character");
      return;
    }
    if (raw.find("${") != std::string::npos || NamesASecret(name)) {
      const std::size_t space = value->find(' ');  // "Bearer sk-..."
      for (const std::string& secret : {*value, space == std::string::npos ? "" : value->substr(space + 1)}) {
        if (secret.size() >= 6) setup.options.secrets.push_back(secret);
      }
    }
    std::erase_if(setup.options.headers, [&](const http::Header& h) { return Lower(h.name) == Lower(name); });
    setup.options.headers.push_back({name, std::move(*value)});
  };
  for (std::size_t i = 0; i < suite.gateway.headers.size(); ++i) {
    const auto& [name, value] = suite.gateway.headers[i];
    add(name, value, suite.gateway.header_positions[i], "gateway.headers." + name);
  }
  for (const std::string& flag : flags.headers) {
    const std::size_t colon = flag.find(':');
    const std::string name = Trim(flag.substr(0, colon));
    if (colon == std::string::npos || !IsHeaderName(name)) {
      // What stands there may be a secret: it is not repeated.
      diagnostics.Add({}, "--header: expected 'Name: value', found no header name before a colon");
      continue;
    }
    if (flag.find("${") == std::string::npos && NamesASecret(name)) {
      setup.warnings.push_back("--header " + name +
                               ": the value stood in the command line, where a shell keeps it; write "
                               "'" +
                               name + ": ${NAME}'");
    }
    add(name, Trim(flag.substr(colon + 1)), {}, "--header " + name);
  }
}

void SetGateway(const RunFlags& flags, const suite::Suite& suite, Setup& setup,
                io::Diagnostics& diagnostics) {
  run::RunOptions& options = setup.options;
  const std::string& name = flags.gateway.empty() ? suite.gateway.kind : flags.gateway;
  options.gateway = run::GatewayKindFromName(name).value_or(run::GatewayKind::kUnknown);
  if (options.gateway != run::GatewayKind::kUnknown) {
    setup.record.gateway_kind = run::GatewayKindName(options.gateway);
    setup.record.gateway_hides = run::HiddenBy(options.gateway);
  }
  for (const std::string& how : run::Defeats(options.gateway, options.headers, setup.record.request_model)) {
    diagnostics.Add({}, how + "; every answer has to be the model's own and fresh");
  }
  if (suite.gateway.virtual_key.empty()) return;
  const char* header = run::VirtualKeyHeader(options.gateway);
  if (header == nullptr) return;  // the suite says its kind, or it could not be read
  Result<std::string> key = suite::ExpandEnvironment(
      suite.gateway.virtual_key, suite.gateway.virtual_key_position, "gateway.virtual_key");
  if (!key) return diagnostics.AddAll(key.error());
  if (key->size() >= 6) options.secrets.push_back(*key);
  if (std::string_view(header) == "authorization") key->insert(0, "Bearer ");
  const bool set = std::any_of(options.headers.begin(), options.headers.end(),
                               [&](const http::Header& h) { return Lower(h.name) == header; });
  if (!set) options.headers.push_back({header, std::move(*key)});
}

// The suite's limits, each replaced by its flag.
void SetBudget(const RunFlags& flags, const suite::Suite& suite, Setup& setup, io::Diagnostics& diagnostics) {
  run::BudgetOptions& budget = setup.options.budget;
  budget.limits = suite.budget;
  if (flags.budget_usd > 0) budget.limits.usd = flags.budget_usd;
  if (flags.budget_tokens > 0) budget.limits.tokens = flags.budget_tokens;
  if (flags.budget_requests > 0) budget.limits.requests = flags.budget_requests;
  if (flags.budget_wall_s > 0) budget.limits.wall_s = flags.budget_wall_s;
  const std::string& path = flags.prices.empty() ? suite.prices_path : flags.prices;
  const Result<suite::PriceTable> prices =
      path.empty() ? suite::PriceTable::BuiltIn() : suite::PriceTable::WithFile(path);
  if (!prices) return diagnostics.AddAll(prices.error());
  budget.price = prices->Find(setup.record.request_model);
  if (const Result<json::Value> request = json::Parse(suite.request_json, "request"); request) {
    for (const char* key : {"max_completion_tokens", "max_tokens"}) {
      const auto found = request->find(key);
      if (found == request->end() || !found->is_number_integer()) continue;
      budget.max_output_tokens = found->get<std::int64_t>();
      break;
    }
  }
  // A log says by what prices its costs were reckoned: where a budget or the user asks for them.
  if (!budget.price.known()) return;
  setup.record.price_json = json::Compact(json::Value{{"model", budget.price.entry},
                                                      {"input_usd_per_mtok", budget.price.price.input},
                                                      {"output_usd_per_mtok", budget.price.price.output},
                                                      {"as_of", budget.price.as_of}});
}

// Parts that run apart cannot ask each other: each has its share from the start, and the shares add up to the
// whole.
void SplitBudget(const Shard& part, const char* parts, suite::BudgetSpec& limits,
                 io::Diagnostics& diagnostics) {
  if (limits.usd) *limits.usd /= part.of;
  for (const auto& [limit, what] : {std::pair(&limits.tokens, "tokens"), {&limits.requests, "requests"}}) {
    if (!*limit) continue;
    const std::int64_t whole = **limit;
    *limit = whole / part.of + (part.index <= whole % part.of ? 1 : 0);
    if (whole < part.of) {
      diagnostics.Add(
          {}, fmt::format("a budget of {} {} has none for each of {} {}", whole, what, part.of, parts));
    }
  }
}

std::string FileName(std::string name) {
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '.' && c != '_' && c != '-') c = '-';
  }
  if (name.starts_with('.')) name[0] = '-';
  return name;
}

bool ReplaceAll(const std::string& from, const std::string& to, std::string& text) {
  bool any = false;
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
    any = true;
  }
  return any;
}

// A file, a folder (a name that ends in /), or a pattern with {target} and {shard}.
void SetLogPath(const RunFlags& flags, const suite::Suite& suite, Setup& setup,
                io::Diagnostics& diagnostics) {
  const std::string shard = setup.record.shard ? run::ShardName(*setup.record.shard) : "";
  std::string path = flags.log.empty() ? "runs/" : flags.log;
  if (path.ends_with('/')) {
    path += FileName(suite.name) + "-{target}" + (shard.empty() ? "" : ".{shard}") + ".jsonl";
  }
  const bool by_target = ReplaceAll("{target}", FileName(setup.record.target), path);
  const bool by_shard = ReplaceAll("{shard}", shard, path);
  if (!by_target && flags.targets.size() > 1) {
    diagnostics.Add({},
                    "-o: several targets need several logs: expected a folder (ending in /) or {target} in "
                    "the name, found " +
                        io::Quoted(flags.log));
  }
  if (by_shard && shard.empty())
    diagnostics.Add({}, "-o: {shard} stands for the part of --shard, which is not given");
  setup.log_path = path;
}

}  // namespace

Result<Setup> MakeSetup(const RunFlags& flags, const std::string& target, const suite::Suite& suite,
                        const std::optional<Shard>& shard, const CaseCounts& cases) {
  Setup setup;
  io::Diagnostics diagnostics;
  SetTarget(flags, target, suite, setup, diagnostics);
  SetBaseUrl(flags, suite, setup, diagnostics);
  SetHeaders(flags, suite, setup, diagnostics);
  run::RunOptions& options = setup.options;
  options.model = setup.record.request_model;
  options.repeats = flags.repeats > 0 ? flags.repeats : suite.repeats;
  const int concurrency = flags.concurrency > 0 ? flags.concurrency : suite.concurrency;
  const auto targets = static_cast<int>(std::max<std::size_t>(flags.targets.size(), 1));
  options.concurrency = std::max(1, concurrency / targets);
  options.timeout_s = flags.timeout_s > 0 ? flags.timeout_s : suite.timeout_s;
  options.max_attempts = suite.max_attempts;
  SetGateway(flags, suite, setup, diagnostics);
  SetBudget(flags, suite, setup, diagnostics);
  if (shard) SplitBudget(*shard, "shards", options.budget.limits, diagnostics);
  const auto place = std::find(flags.targets.begin(), flags.targets.end(), target) - flags.targets.begin();
  SplitBudget({std::min(static_cast<int>(place) + 1, targets), targets}, "targets", options.budget.limits,
              diagnostics);
  options.seed = std::hash<std::string>{}(setup.record.target);
  setup.record.suite = suite.name;
  setup.record.suite_sha256 = suite.sha256;
  setup.record.request_json = suite.request_json;
  setup.record.repeats = options.repeats;
  setup.record.cases = cases.run;
  if (shard) {
    setup.record.shard = shard;
    setup.record.suite_cases = cases.suite;
  }
  setup.record.started_at = io::RealClock().NowRfc3339();
  setup.record.minslice = kVersion;
  options.run_id =
      "minslice-" +
      io::Sha256Hex(setup.record.target + setup.record.started_at + std::to_string(getpid())).substr(0, 12);
  SetLogPath(flags, suite, setup, diagnostics);
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  return setup;
}

}  // namespace minslice::cli
