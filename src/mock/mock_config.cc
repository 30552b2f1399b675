#include "mock/mock_config.h"

#include <algorithm>
#include <array>

#include "io/diagnostics.h"
#include "io/file_system.h"
#include "io/nearest_name.h"
#include "yaml/yaml.h"

namespace minslice::mock {
namespace {

constexpr std::array<std::pair<Fault, const char*>, 21> kFaults = {{
    {Fault::kHttp400, "http_400"},  {Fault::kHttp401, "http_401"},
    {Fault::kHttp403, "http_403"},  {Fault::kHttp404, "http_404"},
    {Fault::kHttp408, "http_408"},  {Fault::kHttp429, "http_429"},
    {Fault::kHttp500, "http_500"},  {Fault::kHttp502, "http_502"},
    {Fault::kHttp503, "http_503"},  {Fault::kHttp504, "http_504"},
    {Fault::kQuota, "quota"},       {Fault::kBudget, "budget"},
    {Fault::kPayment, "payment"},   {Fault::kContextLength, "context_length"},
    {Fault::kTruncate, "truncate"}, {Fault::kReset, "reset"},
    {Fault::kStall, "stall"},       {Fault::kBadJson, "bad_json"},
    {Fault::kLength, "length"},     {Fault::kContentFilter, "content_filter"},
    {Fault::kRefusal, "refusal"},
}};

Latency ReadLatency(const yaml::Map& map) {
  Latency latency;
  const std::optional<double> fixed = map.FindDouble("ms", {.min = 0, .max = 3.6e6});
  const std::optional<double> median =
      map.FindDouble("lognormal_median_ms", {.min = 0, .max = 3.6e6, .open_min = true});
  const std::optional<double> sigma = map.FindDouble("sigma", {.min = 0, .max = 5});
  if (fixed && median) map.Error("ms", "either ms or lognormal_median_ms, not both");
  if (sigma && !median) map.Error("sigma", "sigma belongs to lognormal_median_ms, which is missing");
  if (median && !sigma) map.Error("lognormal_median_ms", "lognormal_median_ms needs sigma beside it");
  latency.ms = median.value_or(fixed.value_or(0));
  latency.sigma = median ? sigma.value_or(0) : 0;
  latency.token_ms = map.GetDouble("token_ms", 0, {.min = 0, .max = 3.6e6});
  map.Finish();
  return latency;
}

Faults ReadFaults(const yaml::Map& map) {
  Faults faults;
  double sum = 0;
  for (const auto& [fault, name] : kFaults) {
    const std::optional<double> rate = map.FindDouble(name, {.min = 0, .max = 1});
    if (!rate || *rate == 0) continue;
    faults.rates.emplace_back(fault, *rate);
    sum += *rate;
    if (sum > 1 + 1e-9) {
      map.Error(name, "the rates of the faults add up to more than 1");
      break;
    }
  }
  faults.retry_after_s = map.FindDouble("retry_after_s", {.min = 0, .max = 86400});
  faults.retry_after_date = map.GetBool("retry_after_date", false);
  faults.stall_s = map.GetDouble("stall_s", faults.stall_s, {.min = 0, .max = 86400});
  faults.seed = static_cast<std::uint64_t>(map.GetInt("seed", 0, {.min = 0}));
  const std::optional<std::int64_t> at_most = map.FindInt("at_most", {.min = 0, .max = 1000000});
  if (at_most) faults.at_most = static_cast<int>(*at_most);
  map.Finish();
  return faults;
}

ModelConfig ReadModel(const yaml::Map& map, const std::string& folder) {
  ModelConfig model;
  model.name = map.RequireString("name");
  model.answers_as = map.GetString("answers_as", "");
  model.pass_rate = map.GetDouble("pass_rate", 1, {.min = 0, .max = 1});
  const yaml::Map dimensions = map.GetMap("pass_rates");
  for (const std::string& dimension : dimensions.Keys()) {
    const yaml::Map values = dimensions.GetMap(dimension);
    for (const std::string& value : values.Keys()) {
      model.pass_rates.push_back({dimension, value, values.GetDouble(value, 1, {.min = 0, .max = 1})});
    }
  }
  model.flaky = map.GetDouble("flaky", 0, {.min = 0, .max = 1});
  model.seed = static_cast<std::uint64_t>(map.GetInt("seed", 0, {.min = 0}));
  if (const std::optional<std::string> outputs = map.FindString("outputs")) {
    model.outputs_path = io::JoinPath(folder, *outputs);
    for (const char* other : {"pass_rate", "pass_rates", "flaky"}) {
      if (map.Has(other)) map.Error(other, std::string(other) + " has no meaning beside outputs");
    }
  }
  model.cost_usd = map.FindDouble("cost_usd", {.min = 0, .max = 1e6});
  if (map.Has("latency")) model.latency = ReadLatency(map.GetMap("latency"));
  if (map.Has("faults")) model.faults = ReadFaults(map.GetMap("faults"));
  map.Finish();
  return model;
}

}  // namespace

const char* FaultName(Fault fault) {
  for (const auto& [known, name] : kFaults) {
    if (known == fault) return name;
  }
  return "";
}

std::optional<Fault> FaultFromName(const std::string& name) {
  for (const auto& [fault, known] : kFaults) {
    if (name == known) return fault;
  }
  return std::nullopt;
}

std::vector<std::string> FaultNames() {
  std::vector<std::string> names;
  names.reserve(kFaults.size());
  for (const auto& [fault, name] : kFaults) names.emplace_back(name);
  return names;
}

Result<MockConfig> LoadMockConfig(const std::string& path) {
  Result<std::string> text = io::RealFileSystem().ReadFile(path);
  if (!text) return tl::unexpected(text.error());
  const std::string folder = io::FolderOf(path);
  io::Diagnostics diagnostics;
  const yaml::Map root = yaml::ParseMap(*text, path, diagnostics);
  MockConfig config;
  const std::int64_t version = root.GetInt("version", 1);
  if (version != 1) root.Error("version", "this build reads version 1 of the mock's configuration");
  if (const std::optional<std::string> suite = root.FindString("suite")) {
    config.suite_path = io::JoinPath(folder, *suite);
  }
  config.port = static_cast<int>(root.GetInt("port", 0, {.min = 0, .max = 65535}));
  config.api_key = root.GetString("api_key", "");
  for (const yaml::Node& node : root.GetList("models")) {
    ModelConfig model = ReadModel(node.AsMap(), folder);
    const bool second = std::any_of(config.models.begin(), config.models.end(),
                                    [&](const ModelConfig& other) { return other.name == model.name; });
    if (second) node.Error("a second model with the name " + io::Quoted(model.name));
    config.models.push_back(std::move(model));
  }
  if (root.Has("latency")) config.latency = ReadLatency(root.GetMap("latency"));
  if (root.Has("faults")) config.faults = ReadFaults(root.GetMap("faults"));
  root.Finish();
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  return config;
}

}  // namespace minslice::mock
