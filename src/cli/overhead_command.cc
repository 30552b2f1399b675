// minslice overhead: what a gateway costs. The same requests over two ways; quantiles, their difference and
// its interval come from stats.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <csignal>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "cli/common_flags.h"
#include "cli/file_limit.h"
#include "cli/listing.h"
#include "cli/session.h"
#include "http/client.h"
#include "io/clock.h"
#include "io/diagnostics.h"
#include "io/file_system.h"
#include "io/nearest_name.h"
#include "json/json.h"
#include "minslice/stats/quantile.h"
#include "overhead/load.h"
#include "overhead/process_cpu.h"
#include "run/request_body.h"
#include "suite/suite.h"

namespace minslice::cli {
namespace {

using overhead::kDirect;
using overhead::kVia;

struct OverheadFlags {
  std::string direct;
  std::string via;
  std::string model = "mock-perfect";
  std::string suite;
  std::string body;
  std::vector<std::string> headers;
  std::vector<std::string> via_headers;
  std::int64_t requests = 10000;
  std::int64_t block = 500;
  int concurrency = 50;
  double rate = 0;
  double timeout_s = 60;
  double level = 0.95;
  std::vector<int> pids;
  std::string format = "text";
};

std::atomic<int> g_stop{0};
void OnSignal(int) { g_stop.store(1); }

constexpr double kQuantiles[] = {.5, .99, .999};

std::string QuantileName(double q) { return q == .5 ? "p50" : q == .99 ? "p99" : "p99.9"; }

json::Value Number(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? json::Value(std::round(*value * 1e4) / 1e4) : json::Value();
}

std::string Milliseconds(const std::optional<double>& value) {
  if (!value) return "-";
  if (!std::isfinite(*value)) return "failed";
  return fmt::format("{:.3f}", *value);
}

std::string IntervalText(const std::optional<double>& lower, const std::optional<double>& upper) {
  return fmt::format("[{}, {}]", Milliseconds(lower), Milliseconds(upper));
}

// Each side with half the error, so that together they keep the level whatever joins the two.
struct Difference {
  std::optional<double> value, lower, upper;
};
Difference CostOf(std::span<const double> without, std::span<const double> with, double q, double level) {
  const double each = (1 + level) / 2;
  const auto a = stats::BatchedQuantileInterval(without, q, each);
  const auto b = stats::BatchedQuantileInterval(with, q, each);
  Difference difference;
  if (!a || !b) return difference;
  const auto minus = [](std::optional<double> x, std::optional<double> y) -> std::optional<double> {
    if (!x || !y || !std::isfinite(*x) || !std::isfinite(*y)) return std::nullopt;
    return *x - *y;
  };
  difference.value = minus(b->value, a->value);
  difference.lower = minus(b->lower, a->upper);
  difference.upper = minus(b->upper, a->lower);
  return difference;
}

std::vector<double> OddBlocks(const overhead::Series& series, bool odd) {
  std::vector<double> values;
  for (std::size_t i = 0; i < series.latency_ms.size(); ++i) {
    if ((series.odd_block[i] != 0) == odd) values.push_back(series.latency_ms[i]);
  }
  return values;
}

double CpuOf(const std::set<int>& pids) {
  double sum = 0;
  for (const int pid : pids) sum += overhead::CpuSeconds(pid).value_or(0);
  return sum;
}

struct Measured {
  std::string loop;
  overhead::LoadOptions options;
  overhead::LoadResult result;
  std::optional<double> gateway_cpu_s;
};

void AddLoop(const Measured& m, double level, Listing& listing, ListingTable& table) {
  const auto& direct = m.result.ways[kDirect];
  const auto& via = m.result.ways[kVia];
  for (const double q : kQuantiles) {
    const auto a = stats::BatchedQuantileInterval(direct.latency_ms, q, level);
    const auto b = stats::BatchedQuantileInterval(via.latency_ms, q, level);
    if (!a || !b) continue;
    const Difference cost = CostOf(direct.latency_ms, via.latency_ms, q, level);
    const Difference floor = CostOf(OddBlocks(direct, true), OddBlocks(direct, false), q, level);
    const bool above = cost.lower && floor.value && *cost.lower > std::abs(*floor.value);
    table.rows.push_back({m.loop, QuantileName(q), Number(a->value), Number(a->lower), Number(a->upper),
                          Number(b->value), Number(b->lower), Number(b->upper), Number(cost.value),
                          Number(cost.lower), Number(cost.upper), Number(floor.value),
                          above ? json::Value("yes") : json::Value("no")});
    listing.Add(
        "", fmt::format("{} {}", m.loop, QuantileName(q)), json::Value(),
        fmt::format("direct {} {}, via {} {}", Milliseconds(a->value), IntervalText(a->lower, a->upper),
                    Milliseconds(b->value), IntervalText(b->lower, b->upper)));
    listing.Add("", "  costs", json::Value(),
                fmt::format("{} ms {}{}", Milliseconds(cost.value), IntervalText(cost.lower, cost.upper),
                            above || !cost.lower ? "" : ", as direct against direct does"));
  }
  const std::string key = m.loop;
  for (const auto& [name, series] : {std::pair("direct", &direct), std::pair("via", &via)}) {
    const double n = static_cast<double>(series->latency_ms.size());
    const double rate = series->seconds > 0 ? n / series->seconds : 0;
    listing.Add(fmt::format("{}_{}_requests", key, name), "", static_cast<std::int64_t>(n));
    listing.Add(fmt::format("{}_{}_failures", key, name), "", series->failures);
    listing.Add(fmt::format("{}_{}_per_s", key, name), fmt::format("{} {}", key, name), Number(rate),
                fmt::format("{:.0f} requests a second, {} of {:.0f} failed", rate, series->failures, n));
    listing.Add(fmt::format("{}_{}_client_cpu_share", key, name), "",
                Number(series->seconds > 0 ? series->cpu_s / series->seconds : 0));
    if (series->failures > 0)
      listing.notes.push_back(
          fmt::format("{} loop, {}: the first failure was {}", key, name, io::Quoted(series->first_failure)));
    if (series->seconds > 0 && series->cpu_s > 0.7 * series->seconds) {
      listing.notes.push_back(fmt::format(
          "{} loop, {}: minslice itself used {:.0f} % of a core, so its own queue is part of the latency",
          key, name, 100 * series->cpu_s / series->seconds));
    }
  }
  if (m.gateway_cpu_s) {
    const double each_ms = *m.gateway_cpu_s / static_cast<double>(via.latency_ms.size()) * 1000;
    listing.Add(fmt::format("{}_gateway_cpu_ms", key), fmt::format("{} gateway CPU", key), Number(each_ms),
                fmt::format("{:.3f} ms a request", each_ms));
  }
  if (!m.result.lag_ms.empty()) {
    const auto lag = stats::OrderStatisticInterval(m.result.lag_ms, .99, level);
    if (lag) {
      listing.Add(
          "open_lag_p99_ms", "sent late", Number(lag->value),
          fmt::format("p99 {} ms after the time it was due, part of the latency", Milliseconds(lag->value)));
    }
  }
}

Result<std::vector<std::string>> Bodies(const OverheadFlags& flags, const std::string& model) {
  std::vector<std::string> bodies;
  if (!flags.body.empty()) {
    const auto text = io::RealFileSystem().ReadFile(flags.body);
    if (!text) return tl::unexpected(text.error());
    if (const auto parsed = json::Parse(*text, flags.body); !parsed) return tl::unexpected(parsed.error());
    bodies.push_back(*text);
    return bodies;
  }
  if (!flags.suite.empty()) {
    const auto suite = suite::LoadSuite(flags.suite);
    if (!suite) return tl::unexpected(suite.error());
    const auto body = run::RequestBody::Make(model, suite->request_json);
    if (!body) return tl::unexpected(body.error());
    for (const Case& c : suite->cases) bodies.push_back(body->For(c));
    return bodies;
  }
  bodies.push_back(json::Compact(json::Value{
      {"model", model},
      {"temperature", 0},
      {"max_tokens", 16},
      {"messages", json::Value::array({{{"role", "user"}, {"content", "Answer with the word ok."}}})}}));
  return bodies;
}

void SetWay(const std::string& flag, const std::string& raw, const std::vector<std::string>& headers,
            overhead::Way way, overhead::LoadOptions& options, io::Diagnostics& diagnostics) {
  const auto expanded = suite::ExpandEnvironment(raw, {}, flag);
  if (!expanded) return diagnostics.AddAll(expanded.error());
  const auto url = http::ParseUrl(*expanded);
  if (!url) return diagnostics.Add({}, flag + ": " + url.error().diagnostics[0].message);
  std::string path = url->path;
  while (path.ends_with('/')) path.pop_back();
  if (!path.ends_with("/chat/completions")) path += "/chat/completions";
  options.urls[way] = url->Origin() + path;
  http::Headers list = {{"content-type", "application/json"}};
  for (const std::string& header : headers) {
    const std::size_t colon = header.find(':');
    if (colon == std::string::npos || colon == 0) {
      // What stands there may be a secret: it is not repeated.
      diagnostics.Add({}, "--header: expected 'Name: value', found no header name before a colon");
      continue;
    }
    const auto value = suite::ExpandEnvironment(header.substr(colon + 1), {}, "--header");
    if (!value) {
      diagnostics.AddAll(value.error());
      continue;
    }
    const std::size_t first = value->find_first_not_of(' ');
    list.push_back({header.substr(0, colon), first == std::string::npos ? "" : value->substr(first)});
  }
  options.headers[way] = std::make_shared<const http::Headers>(std::move(list));
}

void RunOverhead(const OverheadFlags& flags, Session& session) {
  overhead::LoadOptions options;
  io::Diagnostics diagnostics;
  SetWay("--direct", flags.direct, flags.headers, kDirect, options, diagnostics);
  std::vector<std::string> via_headers = flags.headers;
  via_headers.insert(via_headers.end(), flags.via_headers.begin(), flags.via_headers.end());
  SetWay("--via", flags.via, via_headers, kVia, options, diagnostics);
  auto bodies = Bodies(flags, flags.model);
  if (!bodies) diagnostics.AddAll(bodies.error());
  const std::size_t most = 4096;
  if (const auto raised = RaiseFileLimit(most + 64, true); !raised) diagnostics.AddAll(raised.error());
  if (!diagnostics.empty()) return session.Report(diagnostics.ToFailure());
  options.bodies = std::move(*bodies);
  options.requests = flags.requests;
  options.block = flags.block;
  options.concurrency = flags.concurrency;
  options.timeout_s = flags.timeout_s;

  http::ClientOptions curl;
  curl.max_connections = most;
  const auto client = http::MakeCurlClient(curl);
  if (!client) return session.Report(client.error());

  std::set<int> pids(flags.pids.begin(), flags.pids.end());
  const auto via_url = http::ParseUrl(options.urls[kVia]);
  if (pids.empty() && via_url && via_url->IsLoopback()) {
    const int port = via_url->port != 0 ? via_url->port : 80;
    for (const int pid : overhead::ListeningOn(port)) pids.insert(pid);
  }
  for (const int pid : pids) {
    if (!overhead::CpuSeconds(pid))
      return session.Report({Failure::Kind::kInput, {{{}, fmt::format("--pid {}: no such process", pid)}}});
  }

  g_stop = 0;
  struct sigaction action = {};
  struct sigaction before = {};
  action.sa_handler = &OnSignal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &before);
  const auto measure = [&](const std::string& loop, double rate) {
    Measured m;
    m.loop = loop;
    m.options = options;
    m.options.rate_per_s = rate;
    const double cpu_s = CpuOf(pids);
    m.result = overhead::MeasureLoad(m.options, **client, io::RealClock(), [] { return g_stop.load() != 0; });
    if (!pids.empty()) m.gateway_cpu_s = CpuOf(pids) - cpu_s;
    return m;
  };
  // Connections and caches, so that the first block is as the others.
  overhead::LoadOptions warm = options;
  warm.requests = std::min<std::int64_t>(options.requests, 2L * options.concurrency);
  warm.block = warm.requests;
  session.Note("minslice: closed loop, " + std::to_string(flags.concurrency) + " in flight");
  const auto warmed =
      overhead::MeasureLoad(warm, **client, io::RealClock(), [] { return g_stop.load() != 0; });
  std::vector<Measured> loops;
  std::string unusable;
  for (const auto way : {kDirect, kVia}) {
    const auto& series = warmed.ways[way];
    if (series.failures == static_cast<std::int64_t>(series.latency_ms.size()) && series.failures > 0)
      unusable = fmt::format("{} {}: every request failed: {}", way == kDirect ? "--direct" : "--via",
                             options.urls[way], series.first_failure);
  }
  if (unusable.empty() && !warmed.stopped) {
    loops.push_back(measure("closed", 0));
    const auto& via = loops[0].result.ways[kVia];
    const double rate = flags.rate > 0
                            ? flags.rate
                            : static_cast<double>(via.latency_ms.size()) / std::max(via.seconds, 1e-9) / 2;
    if (!loops[0].result.stopped) {
      session.Note(fmt::format("minslice: open loop, {:.0f} a second", rate));
      loops.push_back(measure("open", rate));
    }
  }
  sigaction(SIGINT, &before, nullptr);
  if (!unusable.empty()) return session.Report({Failure::Kind::kInput, {{{}, unusable}}});
  if (loops.size() < 2 || loops.back().result.stopped) {
    session.err << "minslice: interrupted; nothing is reported of half a measurement\n";
    session.exit_code = kExitInternal;
    return;
  }

  Listing listing;
  listing.Add("direct", "direct", options.urls[kDirect]);
  listing.Add("via", "via", options.urls[kVia]);
  listing.Add("level", "", flags.level);
  listing.Add(
      "requests", "requests", flags.requests,
      fmt::format("{} each way and loop, in blocks of {} that alternate", flags.requests, flags.block));
  listing.Add("open_rate_per_s", "", Number(loops[1].options.rate_per_s));
  listing.Add("concurrency", "", flags.concurrency);
  ListingTable table{"quantiles",
                     {"loop", "quantile", "direct_ms", "direct_low", "direct_high", "via_ms", "via_low",
                      "via_high", "cost_ms", "cost_low", "cost_high", "floor_ms", "above_floor"},
                     {}};
  Listing shown = listing;
  for (const Measured& m : loops) AddLoop(m, flags.level, shown, table);
  if (flags.format == "text") {
    std::erase_if(shown.facts, [](const Listing::Fact& fact) { return fact.label.empty(); });
  } else {
    std::erase_if(shown.facts, [](const Listing::Fact& fact) { return fact.key.empty(); });
    shown.tables.push_back(std::move(table));
  }
  shown.notes.push_back(fmt::format(
      "times in ms, intervals {:g} %: order statistics, with the variance of 20", 100 * flags.level));
  shown.notes.emplace_back("batches in time; a difference takes half the error from each side");
  shown.notes.emplace_back("open loop: latency from the time at which the request was due");
  shown.notes.emplace_back("- : too few requests for this quantile (p99.9 takes some 5,000)");
  Write({shown}, flags.format, session.out);
}

}  // namespace

void AddOverheadCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<OverheadFlags>();
  CLI::App* command = app.add_subcommand("overhead", "what a gateway costs, with intervals");
  command->add_option("--direct", flags->direct, "the provider's base_url, e.g. http://127.0.0.1:8090/v1")
      ->required()
      ->type_name("URL");
  command->add_option("--via", flags->via, "the gateway's base_url")->required()->type_name("URL");
  command->add_option("--model", flags->model, "of the request")->type_name("MODEL");
  command->add_option("--suite", flags->suite, "requests are the suite's cases, one after the other")
      ->type_name("SUITE");
  command->add_option("--body", flags->body, "a request as JSON, sent as it stands")->type_name("FILE");
  command->add_option("--header", flags->headers, "'Name: value', both ways; ${NAME} from the environment")
      ->type_name("'K: V'")
      ->allow_extra_args(false);
  command->add_option("--via-header", flags->via_headers, "the same for the gateway alone")
      ->type_name("'K: V'")
      ->allow_extra_args(false);
  command->add_option("--requests", flags->requests, "each way and loop (default 10000)")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{40}, std::int64_t{10000000}));
  command->add_option("--block", flags->block, "requests of one way before the other's turn (default 500)")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1000000}));
  command->add_option("--concurrency", flags->concurrency, "in flight in the closed loop (default 50)")
      ->type_name("N")
      ->check(CLI::Range(1, 4096));
  command
      ->add_option(
          "--rate", flags->rate,
          "requests a second in the open loop; default: half of what the gateway did in the closed one")
      ->type_name("R")
      ->check(Between(0.001, 1e6));
  command->add_option("--timeout", flags->timeout_s, "of one request, in seconds")
      ->type_name("S")
      ->check(Between(0.001, 86400.0));
  command->add_option("--level", flags->level, "of the intervals (default .95)")
      ->type_name("P")
      ->check(Between(0.5, 0.9999));
  command
      ->add_option("--pid", flags->pids,
                   "processes of the gateway, for their CPU time; default: who listens on its port here")
      ->type_name("PID");
  AddFormatFlag(*command, flags->format);
  command->footer(
      "Requests go both ways in blocks that alternate (direct, via, via, direct),\n"
      "first in a closed loop, then in an open one. A cost that direct against\n"
      "direct shows as well is said to be one. Run it on a machine with nothing\n"
      "else to do.\n\n"
      "Example:\n"
      "  minslice overhead --suite suite.yaml --direct http://127.0.0.1:8090/v1 \\\n"
      "    --via http://127.0.0.1:4000/v1");
  command->callback([flags, &session] { RunOverhead(*flags, session); });
}

}  // namespace minslice::cli
