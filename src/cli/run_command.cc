// minslice run: settings of the suite and the flags are put together and checked as a whole before anything
// is sent.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>

#include "cli/file_limit.h"
#include "cli/process_privacy.h"
#include "cli/session.h"
#include "cli/store_flag.h"
#include "http/client.h"
#include "io/clock.h"
#include "io/diagnostics.h"
#include "io/file_system.h"
#include "io/nearest_name.h"
#include "io/sha256.h"
#include "json/json.h"
#include "log/done_file.h"
#include "log/shard.h"
#include "minslice/version.h"
#include "run/open_log.h"
#include "run/runner.h"
#include "run/shard_flag.h"
#include "score/grader.h"
#include "suite/prices.h"
#include "suite/suite.h"

namespace minslice::cli {
namespace {

struct RunFlags {
  std::string suite;
  std::vector<std::string> targets;
  std::string model;
  std::string base_url;
  std::string log;
  std::vector<std::string> headers;
  int repeats = 0;
  int concurrency = 0;
  double timeout_s = 0;
  std::string gateway;
  double budget_usd = 0;
  std::int64_t budget_tokens = 0;
  std::int64_t budget_requests = 0;
  double budget_wall_s = 0;
  std::string prices;
  bool resume = false;
  std::string shard;
  std::string store;
};

std::atomic<int> g_stop{0};
static_assert(std::atomic<int>::is_always_lock_free);

void OnSignal(int) { g_stop.fetch_add(1); }

// While the run lasts: the first SIGINT or SIGTERM drains, the second stops. A closed connection must not
// kill us.
class Signals {
 public:
  Signals() {
    g_stop = 0;
    struct sigaction action = {};
    action.sa_handler = &OnSignal;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, &interrupt_);
    sigaction(SIGTERM, &action, &terminate_);
    struct sigaction ignore = {};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, &pipe_);
    sigaction(SIGXFSZ, &ignore, &file_size_);  // a limit of file sizes is a full disk, not a death
  }
  ~Signals() {
    sigaction(SIGINT, &interrupt_, nullptr);
    sigaction(SIGTERM, &terminate_, nullptr);
    sigaction(SIGPIPE, &pipe_, nullptr);
    sigaction(SIGXFSZ, &file_size_, nullptr);
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  struct sigaction interrupt_ = {};
  struct sigaction terminate_ = {};
  struct sigaction pipe_ = {};
  struct sigaction file_size_ = {};
};

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

struct Setup {
  run::RunOptions options;
  RunRecord record;
  std::string log_path;
  std::vector<std::string> warnings;
};

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

Result<Setup> MakeSetup(const RunFlags& flags, const std::string& target, const suite::Suite& suite,
                        const std::optional<Shard>& shard, std::int64_t suite_cases) {
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
  setup.record.cases = static_cast<std::int64_t>(suite.cases.size());
  if (shard) {
    setup.record.shard = shard;
    setup.record.suite_cases = suite_cases;
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

std::string Duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

// A bar that is drawn over itself on a terminal, a line every ten seconds elsewhere.
class ProgressLine {
 public:
  explicit ProgressLine(Session& session) : session_(session) {}

  void Show(const run::Progress& p) {
    if (session_.quiet) return;
    const double every_s = session_.err_is_terminal ? 0.1 : 10;
    if (p.elapsed_s - shown_at_s_ < every_s) return;
    shown_at_s_ = p.elapsed_s;
    const std::string figures = Figures(p);
    if (!session_.err_is_terminal) {
      session_.err << figures << '\n' << std::flush;
      return;
    }
    constexpr int kCells = 24;
    const auto filled = p.total == 0 ? 0 : static_cast<int>(kCells * p.counts.total() / p.total);
    std::string line = "[" + std::string(static_cast<std::size_t>(filled), '#') +
                       std::string(static_cast<std::size_t>(kCells - filled), '.') + "] " + figures;
    const auto width = static_cast<std::size_t>(std::max(20, session_.width - 1));
    if (line.size() > width) line.resize(width);
    session_.err << '\r' << line << "\x1b[K" << std::flush;
    drawn_ = true;
  }

  void Clear() {
    if (drawn_) session_.err << "\r\x1b[K" << std::flush;
    drawn_ = false;
  }

 private:
  static std::string Figures(const run::Progress& p) {
    const double rate = p.elapsed_s > 0 ? static_cast<double>(p.asked) / p.elapsed_s : 0;
    std::string text = fmt::format("{}/{}", p.counts.total(), p.total);
    if (p.total > 0)
      text += fmt::format(" {:.0f}%",
                          100.0 * static_cast<double>(p.counts.total()) / static_cast<double>(p.total));
    text += fmt::format("  {:.1f}/s", rate);
    if (rate > 0) text += "  ETA " + Duration(static_cast<double>(p.to_ask - p.asked) / rate);
    text += fmt::format("  {} fail", p.counts.fail);
    if (p.counts.model_error > 0) text += fmt::format("  {} model_error", p.counts.model_error);
    if (p.counts.infra_error > 0) text += fmt::format("  {} infra_error", p.counts.infra_error);
    if (p.retries > 0) text += fmt::format("  {} retries", p.retries);
    if (p.waiting > 0) text += fmt::format("  {} waiting", p.waiting);
    if (p.any_cost) text += fmt::format("  {:.4f} USD", p.spent_usd);
    return text;
  }

  Session& session_;
  double shown_at_s_ = 0;
  bool drawn_ = false;
};

void PrintSummary(Session& session, const Setup& setup, const run::Summary& summary,
                  const suite::Suite& suite) {
  const run::Progress& p = summary.progress;
  session.out << fmt::format("{} ({}): {} of {} answered: {} pass, {} fail, {} model_error; {} infra_error\n",
                             setup.record.target, setup.record.request_model, p.counts.answered(), p.total,
                             p.counts.pass, p.counts.fail, p.counts.model_error, p.counts.infra_error);
  if (!summary.response_models.empty()) {
    std::string models;
    std::int64_t named = 0;
    for (const auto& [model, rows] : summary.response_models) {
      models += fmt::format("{}{} ({})", models.empty() ? "" : ", ", io::Quoted(model), rows);
      named += rows;
    }
    if (named < p.counts.answered()) models += fmt::format(", no name ({})", p.counts.answered() - named);
    session.out << "answered by " << models << '\n';
  }
  session.out << fmt::format("{:.1f} s, {:.1f} rows/s, {} requests, {} retries", p.elapsed_s,
                             p.elapsed_s > 0 ? static_cast<double>(p.asked) / p.elapsed_s : 0.0, p.requests,
                             p.retries);
  if (p.any_cost) session.out << fmt::format(", {:.6g} USD", p.spent_usd);
  session.out << "\nlog " << setup.log_path << "  suite " << suite.sha256.substr(0, 12) << '\n';
}

void NoteGateway(Session& session, const Setup& setup, const run::Summary& summary) {
  if (summary.gateway != run::GatewayKind::kUnknown && setup.options.gateway == run::GatewayKind::kUnknown) {
    session.Note(
        fmt::format("minslice: note: the gateway is {}; with gateway: {{kind: {}}} its cache, retries and "
                    "fallbacks are turned "
                    "off from the first request on",
                    run::GatewayKindName(summary.gateway), run::GatewayKindName(summary.gateway)));
  }
  if (summary.not_fresh > 0) {
    session.Note(
        fmt::format("minslice: note: {} answers came from the gateway's cache, a fallback or a retry of its "
                    "own; none of them "
                    "was graded",
                    summary.not_fresh));
  }
  if (summary.pauses > 0 || summary.narrowest < static_cast<std::size_t>(setup.options.concurrency)) {
    session.Note(fmt::format(
        "minslice: note: the gateway pushed back: {} pauses, at the narrowest {} of {} requests in flight",
        summary.pauses, summary.narrowest, setup.options.concurrency));
  }
}

// One target's part of the command.
struct Job {
  Setup setup;
  run::OpenedLog log;
  bool done = false;  // nothing to ask
};

// The receipt of a shard that is complete.
void WriteDone(Session& session, const Setup& setup) {
  if (!setup.record.shard) return;
  const Result<log::LogSummary> done = log::DescribeDone(setup.log_path);
  if (!done) return session.Report(done.error());
  const std::string path = log::DonePath(setup.log_path);
  if (const Result<void> written = io::RealFileSystem().WriteFile(path, log::DoneJson(*done, setup.log_path));
      !written)
    return session.Report(written.error());
  session.Note("minslice: done file " + path);
}

void PrintKnown(Session& session, const Job& job, const suite::Suite& suite) {
  run::Summary summary;
  summary.progress.counts = job.log.plan.counts;
  summary.progress.total = job.log.plan.counts.total();
  summary.progress.spent_usd = job.log.plan.spent_usd;
  summary.progress.any_cost = job.log.plan.any_cost;
  summary.response_models = job.log.plan.response_models;
  session.Note("minslice: " + job.setup.log_path + " is complete: nothing to ask");
  PrintSummary(session, job.setup, summary, suite);
}

void PrintEnd(Session& session, Job& job, const run::Summary& summary, const suite::Suite& suite) {
  const Setup& setup = job.setup;
  PrintSummary(session, setup, summary, suite);
  const run::Counts& counts = summary.progress.counts;
  if (summary.cost_assumed && !setup.options.budget.price.known()) {
    session.Note(fmt::format(
        "minslice: note: a budget in USD is set, but for some answers neither the gateway nor a price table "
        "names "
        "a cost: {:g} and {:g} USD a million tokens were assumed; --prices FILE names the model's own",
        setup.options.budget.price.price.input, setup.options.budget.price.price.output));
  }
  NoteGateway(session, setup, summary);
  if (summary.end == run::End::kComplete) {
    if (counts.infra_error > 0) {
      session.Note(fmt::format(
          "minslice: note: {} of {} rows are infra_error and say nothing about the model; --resume asks "
          "them again",
          counts.infra_error, summary.progress.total));
    }
    return WriteDone(session, setup);
  }
  const bool refused = summary.end == run::End::kRefused || summary.end == run::End::kRejected;
  if (!job.log.resumed && (summary.progress.asked == 0 || (refused && counts.answered() == 0))) {
    // A log without an answer could be continued by the same wrong model alone.
    std::remove(setup.log_path.c_str());
    session.err << fmt::format("minslice: {}; 0 of {} answered; no log was left\n", summary.why,
                               summary.progress.total);
  } else {
    session.err << fmt::format("minslice: {}; {} of {} answered; {} can be completed with --resume\n",
                               summary.why, counts.answered(), summary.progress.total, setup.log_path);
  }
  const int code = summary.end == run::End::kInterrupted ? kExitInternal : kExitUsage;
  session.exit_code = std::max(session.exit_code, code);
}

run::Progress Sum(const std::vector<run::Progress>& parts) {
  run::Progress sum;
  for (const run::Progress& p : parts) {
    sum.total += p.total;
    sum.asked += p.asked;
    sum.to_ask += p.to_ask;
    sum.requests += p.requests;
    sum.retries += p.retries;
    sum.in_flight += p.in_flight;
    sum.waiting += p.waiting;
    sum.counts.Add(p.counts);
    sum.spent_usd += p.spent_usd;
    sum.any_cost = sum.any_cost || p.any_cost;
    sum.elapsed_s = std::max(sum.elapsed_s, p.elapsed_s);
  }
  return sum;
}

// What the logs hold now, whole or not: a run that is resumed is stored again.
void StoreLogs(const std::optional<store::Address>& store, const std::vector<Job>& jobs, Session& session) {
  if (!store) return;
  std::vector<std::string> logs;
  for (const Job& job : jobs) logs.push_back(job.setup.log_path);
  RecordInStore(*store, logs, nullptr, session);
}

void RunSuite(const RunFlags& flags, Session& session) {
  std::optional<store::Address> store;
  if (!flags.store.empty()) {
    Result<store::Address> address = ReadStoreFlag(flags.store);
    if (!address) return session.Report(address.error());
    store = std::move(*address);
  }
  Result<suite::Suite> suite = suite::LoadSuite(flags.suite);
  if (!suite) return session.Report(suite.error());
  io::Diagnostics diagnostics;
  std::optional<Shard> shard;
  if (!flags.shard.empty()) {
    const Result<Shard> read =
        run::ReadShard(flags.shard, [](const char* name) { return std::getenv(name); });
    if (!read) return session.Report(read.error());
    shard = *read;
  }
  const auto suite_cases = static_cast<std::int64_t>(suite->cases.size());
  if (shard) {
    std::erase_if(suite->cases,
                  [&](const Case& c) { return log::ShardOf(suite->name, c.id, shard->of) != shard->index; });
  }
  const Result<std::unique_ptr<score::Grader>> grader = score::MakeGrader(*suite);
  if (!grader) diagnostics.AddAll(grader.error());
  std::vector<std::string> names = flags.targets;
  if (names.empty()) names.emplace_back();
  std::vector<Job> jobs;
  std::size_t connections = 0;
  for (const std::string& name : names) {
    Result<Setup> setup = MakeSetup(flags, name, *suite, shard, suite_cases);
    if (!setup) {
      diagnostics.AddAll(setup.error());
      if (!flags.targets.empty() && !suite->targets.empty())
        continue;  // what is wrong with the next one, too
      break;
    }
    for (const Job& other : jobs) {
      if (other.setup.record.target == setup->record.target)
        diagnostics.Add({}, "--target " + io::Quoted(name) + " is given twice");
    }
    connections += static_cast<std::size_t>(setup->options.concurrency);
    jobs.push_back({std::move(*setup), {}, false});
  }
  if (flags.targets.size() > 1 && !flags.model.empty())
    diagnostics.Add({}, "--model goes with one target; with several, the suite names their models");
  // A socket a request, and some for the log, the terminal and libcurl.
  if (const Result<void> raised = RaiseFileLimit(connections + 64); !raised)
    diagnostics.AddAll(raised.error());
  if (!diagnostics.empty()) return session.Report(diagnostics.ToFailure());
  for (const std::string& warning : jobs.front().setup.warnings) session.Note("minslice: note: " + warning);

  http::CurlOptions curl;
  curl.max_connections = connections;
  Result<std::unique_ptr<http::Client>> client = http::MakeCurlClient(curl);
  if (!client) return session.Report(client.error());

  std::vector<run::Progress> progress(jobs.size());
  std::vector<std::size_t> running;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    Job& job = jobs[i];
    const Setup& setup = job.setup;
    if (flags.log.empty() || flags.log.ends_with('/')) {
      if (const Result<void> made = io::RealFileSystem().MakeDirectories(io::FolderOf(setup.log_path)); !made)
        return session.Report(made.error());
    }
    if (shard && flags.resume) {
      const std::string done = log::DonePath(setup.log_path);
      if (const Result<void> valid = log::CheckDone(setup.log_path, setup.record); valid) {
        session.Note("minslice: " + done + " is valid: nothing to ask");
        job.done = true;
        continue;
      } else if (io::RealFileSystem().Exists(done)) {
        session.Note("minslice: note: " + valid.error().diagnostics[0].ToString() +
                     "; the shard is completed anew");
        std::remove(done.c_str());
      }
    }
    Result<run::OpenedLog> log = run::OpenLog(setup.log_path, flags.resume, setup.record, *suite);
    if (!log) return session.Report(log.error());
    job.log = std::move(*log);
    for (const std::string& note : job.log.notes) session.Note("minslice: note: " + note);
    if (job.log.writer == nullptr) {
      PrintKnown(session, job, *suite);
      WriteDone(session, setup);
      job.done = true;
      continue;
    }
    if (job.log.resumed) {
      session.Note(fmt::format("minslice: {} holds {} answers of {}; the rest is asked", setup.log_path,
                               job.log.plan.counts.total(), job.log.plan.done.size()));
    }
    running.push_back(i);
  }
  if (running.empty()) return StoreLogs(store, jobs, session);

  ProgressLine line(session);
  std::vector<run::TargetRun> targets;
  for (const std::size_t i : running) {
    Job& job = jobs[i];
    job.setup.options.stop = &g_stop;
    job.setup.options.on_progress = [&progress, &line, i](const run::Progress& p) {
      progress[i] = p;
      line.Show(Sum(progress));
    };
    targets.push_back({&job.log.plan, &job.setup.options, job.log.writer.get()});
  }
  Result<std::vector<run::Summary>> summaries = [&] {
    const Signals signals;
    std::optional<ProcessPrivacy> privacy;
    if (!jobs.front().setup.options.secrets.empty()) privacy.emplace();
    return run::RunTargets(*suite, **grader, targets, **client, io::RealClock());
  }();
  line.Clear();
  for (const std::size_t i : running) jobs[i].log.writer.reset();
  if (!summaries) {
    session.Report(summaries.error());
    for (const std::size_t i : running) {
      const std::string& path = jobs[i].setup.log_path;
      if (io::RealFileSystem().Exists(path))
        session.err << "minslice: " << path << " holds what was written; --resume completes it\n";
    }
    return;
  }
  for (std::size_t k = 0; k < running.size(); ++k) {
    PrintEnd(session, jobs[running[k]], (*summaries)[k], *suite);
  }
  StoreLogs(store, jobs, session);
}

}  // namespace

void AddRunCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<RunFlags>();
  CLI::App* command = app.add_subcommand("run", "a suite through the gateway, every prompt logged");
  command->add_option("suite", flags->suite, "suite.yaml")->required()->type_name("SUITE");
  command
      ->add_option("--target", flags->targets,
                   "which of the suite's targets; any name where the suite has none. Several, each with its "
                   "flag, are asked in turn, row by row")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command->add_option("--model", flags->model, "model to ask for instead of the target's")
      ->type_name("MODEL");
  command
      ->add_option("-o,--output", flags->log,
                   "log to write, or a folder (ending in /), or a name with {target} and {shard}; default "
                   "runs/<suite>-<target>.jsonl")
      ->type_name("LOG");
  command
      ->add_option("--shard", flags->shard,
                   "i/K: the cases of the i-th of K parts alone, from 1; auto: as the Slurm array or the "
                   "Kubernetes Indexed Job says")
      ->type_name("i/K");
  AddStoreFlag(*command, flags->store,
               "keep the run and its rows: sqlite:FILE, or postgres://USER@HOST/DATABASE");
  command->add_flag("--resume", flags->resume,
                    "complete an existing log: only what has no answer yet is asked");
  command->add_option("--repeats", flags->repeats, "how often each case is asked")
      ->type_name("K")
      ->check(CLI::Range(1, 1000));
  command
      ->add_option("--base-url", flags->base_url,
                   "gateway, e.g. http://127.0.0.1:4000/v1; ${NAME} is read from the environment")
      ->type_name("URL");
  command
      ->add_option(
          "--header", flags->headers,
          "'Name: value', any number; replaces the suite's; ${NAME} is read from the environment (quote it)")
      ->type_name("'K: V'")
      ->allow_extra_args(false);
  command->add_option("--concurrency", flags->concurrency, "requests in flight")
      ->type_name("N")
      ->check(CLI::Range(1, 10000));
  command->add_option("--timeout", flags->timeout_s, "of one request, in seconds")
      ->type_name("S")
      ->check(Between(0.001, 86400.0));
  command
      ->add_option(
          "--gateway", flags->gateway,
          "openai, litellm, portkey or bifrost; recognised by its answers where neither this nor the suite "
          "says it")
      ->type_name("KIND")
      ->check(CLI::IsMember({"openai", "litellm", "portkey", "bifrost"}));
  command
      ->add_option("--budget-usd", flags->budget_usd,
                   "send nothing that could cost more than this, what is in flight included")
      ->type_name("X")
      ->check(Between(1e-9, 1e12));
  command->add_option("--budget-tokens", flags->budget_tokens, "the same for tokens of prompts and answers")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 52));
  command->add_option("--budget-requests", flags->budget_requests, "requests at most, retries included")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 52));
  command->add_option("--budget-wall", flags->budget_wall_s, "seconds at most, from the first request on")
      ->type_name("S")
      ->check(Between(0.001, 1e9));
  command
      ->add_option("--prices", flags->prices,
                   "price table for models whose gateway names no cost, over the built-in one")
      ->type_name("FILE");
  command->footer(
      "Retries (429, 408, 5xx, lost connections) always go to the same model. A killed run loses nothing "
      "that was answered:\n"
      "--resume goes on. The first Ctrl-C waits for what is in flight, the second does not. A log that is "
      "not complete gives\n"
      "exit code 2 (interrupted: 1) and never a verdict.\n\n"
      "Examples:\n"
      "  minslice run suite.yaml --target candidate\n"
      "  minslice run suite.yaml --target candidate --repeats 3 -o three.jsonl \\\n"
      "    --header 'x-bf-vk: ${EVAL_VK}'\n"
      "  minslice run suite.yaml --target candidate -o candidate.jsonl --resume\n"
      "  minslice run suite.yaml --target incumbent --target candidate -o both/\n"
      "  minslice run suite.yaml --target candidate --shard 3/16 --resume \\\n"
      "    -o 'runs/{target}.{shard}.jsonl'");
  command->callback([flags, &session] { RunSuite(*flags, session); });
}

}  // namespace minslice::cli
