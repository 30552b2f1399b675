#include "mock/script.h"

#include <simdjson.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>
#include <numbers>
#include <unordered_map>

#include "io/diagnostics.h"
#include "io/file_system.h"

namespace minslice::mock {
namespace {

std::uint64_t Mix(std::uint64_t x) {  // the finaliser of splitmix64
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9ULL;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

std::uint64_t Combine(std::uint64_t a, std::uint64_t b) { return Mix(a + 0x9e3779b97f4a7c15ULL + Mix(b)); }

std::uint64_t HashText(std::string_view text) {  // FNV-1a, finalised
  std::uint64_t h = 0xcbf29ce484222325ULL;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return Mix(h ^ text.size());
}

// Of a JSON value, whatever the order of its keys; members that are null count as absent, because gateways
// add them.
std::uint64_t HashValue(simdjson::dom::element value) {
  using simdjson::dom::element_type;
  switch (value.type()) {
    case element_type::OBJECT: {
      std::vector<std::pair<std::uint64_t, std::uint64_t>> members;
      const simdjson::dom::object object = value.get_object().value_unsafe();
      for (const auto& [key, member] : object) {
        if (!member.is_null()) members.emplace_back(HashText(key), HashValue(member));
      }
      std::sort(members.begin(), members.end());
      std::uint64_t h = 1;
      for (const auto& [key, member] : members) h = Combine(Combine(h, key), member);
      return h;
    }
    case element_type::ARRAY: {
      std::uint64_t h = 2;
      const simdjson::dom::array array = value.get_array().value_unsafe();
      for (const simdjson::dom::element item : array) h = Combine(h, HashValue(item));
      return h;
    }
    case element_type::STRING:
      return Combine(3, HashText(value.get_string().value_unsafe()));
    case element_type::BOOL:
      return Combine(4, value.get_bool().value_unsafe() ? 1 : 0);
    case element_type::NULL_VALUE:
      return 5;
    default: {  // 1 and 1.0 are the same number
      double number = 0;
      if (value.get_double().get(number) != simdjson::SUCCESS) return 6;
      return Combine(7, static_cast<std::uint64_t>(std::hash<double>{}(number)));
    }
  }
}

// A message; content as one text part is the same as content as text.
std::uint64_t HashMessage(simdjson::dom::element message) {
  simdjson::dom::object object;
  if (message.get_object().get(object) != simdjson::SUCCESS) return HashValue(message);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> members;
  for (const auto& [key, member] : object) {
    if (member.is_null()) continue;
    simdjson::dom::array parts;
    if (key == "content" && member.get_array().get(parts) == simdjson::SUCCESS && parts.size() == 1) {
      std::string_view type;
      std::string_view text;
      if (parts.at(0)["type"].get_string().get(type) == simdjson::SUCCESS && type == "text" &&
          parts.at(0)["text"].get_string().get(text) == simdjson::SUCCESS) {
        members.emplace_back(HashText(key), Combine(3, HashText(text)));
        continue;
      }
    }
    members.emplace_back(HashText(key), HashValue(member));
  }
  std::sort(members.begin(), members.end());
  std::uint64_t h = 8;
  for (const auto& [key, member] : members) h = Combine(Combine(h, key), member);
  return h;
}

std::uint64_t HashOf(const std::vector<std::uint64_t>& messages, std::size_t from) {
  std::uint64_t h = 9;
  for (std::size_t i = from; i < messages.size(); ++i) h = Combine(h, messages[i]);
  return h;
}

std::string JsonString(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string ErrorBody(std::string_view message, std::string_view type, std::string_view code) {
  return "{\"error\":{\"message\":" + JsonString(message) + ",\"type\":" + JsonString(type) +
         ",\"param\":null,\"code\":" + JsonString(code) + "}}";
}

Reply ErrorReply(int status, std::string_view message, std::string_view type, std::string_view code) {
  Reply reply;
  reply.status = status;
  reply.body = ErrorBody(message, type, code);
  return reply;
}

std::int64_t CountTokens(std::size_t bytes) { return static_cast<std::int64_t>((bytes + 3) / 4); }

std::string HttpDate(double seconds_from_now) {
  const std::time_t when = std::time(nullptr) + static_cast<std::time_t>(std::ceil(seconds_from_now));
  std::tm utc{};
  gmtime_r(&when, &utc);
  char text[64];
  const std::size_t n = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return {text, n};
}

std::string Normal(std::string_view text) {
  std::string normal;
  for (const char c : text) {
    if (std::isspace(static_cast<unsigned char>(c)) == 0) {
      normal += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return normal;
}

// "ORD-1182" -> "ORD-1183", "Berlin" -> "Berlin (other)".
std::string OtherText(const std::string& text) {
  std::string other = text;
  for (std::size_t i = other.size(); i-- > 0;) {
    if (std::isdigit(static_cast<unsigned char>(other[i])) != 0) {
      other[i] = other[i] == '9' ? '0' : static_cast<char>(other[i] + 1);
      return other;
    }
  }
  return other + " (other)";
}

void ChangeOneValue(nlohmann::json& value, std::uint64_t salt) {
  switch (value.type()) {
    case nlohmann::json::value_t::object: {
      if (value.contains("arguments") && value["arguments"].is_object() && !value["arguments"].empty()) {
        ChangeOneValue(value["arguments"], salt);
      } else if (value.empty()) {
        value["unknown"] = true;
      } else {
        auto member = value.begin();
        std::advance(member, static_cast<std::ptrdiff_t>(salt % value.size()));
        ChangeOneValue(*member, Mix(salt));
      }
      break;
    }
    case nlohmann::json::value_t::array:
      if (value.empty()) {
        value.push_back(nullptr);
      } else if (value.size() > 1 && salt % 2 == 0) {
        value.erase(value.size() - 1);
      } else {
        ChangeOneValue(value[salt % value.size()], Mix(salt));
      }
      break;
    case nlohmann::json::value_t::string:
      value = OtherText(value.get<std::string>());
      break;
    case nlohmann::json::value_t::boolean:
      value = !value.get<bool>();
      break;
    case nlohmann::json::value_t::number_integer:
    case nlohmann::json::value_t::number_unsigned:
    case nlohmann::json::value_t::number_float:
      value = value.get<double>() + 1;
      break;
    default:
      value = "unknown";
      break;
  }
}

// The tool calls that an output in the form of our graded text stands for; empty if it is none.
std::vector<nlohmann::json> AsToolCalls(const std::string& output) {
  if (output.empty() || (output.front() != '{' && output.front() != '[')) return {};
  nlohmann::json value = nlohmann::json::parse(output, nullptr, false);
  if (value.is_object()) value = nlohmann::json::array({value});
  if (!value.is_array() || value.empty()) return {};
  std::vector<nlohmann::json> calls;
  for (nlohmann::json& call : value) {
    if (!call.is_object() || call.size() != 2 || !call.contains("name") || !call["name"].is_string() ||
        !call.contains("arguments") || !call["arguments"].is_object()) {
      return {};
    }
    calls.push_back(std::move(call));
  }
  return calls;
}

// "mock-perfect", "mock-0.85".
std::optional<ModelConfig> BuiltIn(const std::string& name) {
  if (!name.starts_with("mock-")) return std::nullopt;
  const std::string rest = name.substr(5);
  ModelConfig model;
  model.name = name;
  model.answers_as = name + "-2026-01-01";
  model.seed = HashText(name);
  if (rest == "perfect") return model;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), model.pass_rate);
  if (error != std::errc() || end != rest.data() + rest.size() ||
      !(model.pass_rate >= 0 && model.pass_rate <= 1)) {
    return std::nullopt;
  }
  return model;
}

Result<std::map<std::string, std::string>> ReadOutputs(const std::string& path, const suite::Suite& suite) {
  Result<std::string> text = io::RealFileSystem().ReadFile(path);
  if (!text) return tl::unexpected(text.error());
  std::unordered_map<std::string_view, bool> ids;
  for (const Case& c : suite.cases) ids.emplace(c.id, true);
  std::map<std::string, std::string> outputs;
  io::Diagnostics diagnostics;
  int number = 0;
  for (std::size_t start = 0; start < text->size();) {
    const std::size_t end = std::min(text->find('\n', start), text->size());
    const std::string_view line(text->data() + start, end - start);
    start = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const SourcePosition where{path, number, 1};
    const nlohmann::json row = nlohmann::json::parse(line, nullptr, false);
    if (!row.is_object() || !row.contains("id") || !row["id"].is_string() || !row.contains("output") ||
        !row["output"].is_string()) {
      diagnostics.Add(where, "expected an object {\"id\": text, \"output\": text}");
      continue;
    }
    const auto id = row["id"].get<std::string>();
    if (!ids.contains(id)) {
      diagnostics.Add(where, "no case of the suite has the id \"" + id + "\"");
    } else if (!outputs.emplace(id, row["output"].get<std::string>()).second) {
      diagnostics.Add(where, "a second output for the case \"" + id + "\"");
    }
  }
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  return outputs;
}

}  // namespace

double Draw(std::uint64_t seed, std::string_view model, std::string_view case_id, std::uint64_t call,
            std::string_view what) {
  std::uint64_t h = Combine(seed, HashText(model));
  h = Combine(h, HashText(case_id));
  h = Combine(h, call);
  h = Combine(h, HashText(what));
  return static_cast<double>(h >> 11) * 0x1.0p-53;
}

std::string RightAnswer(const Case& c) {
  const nlohmann::json expected = nlohmann::json::parse(c.expected_json, nullptr, false);
  return expected.is_string() ? expected.get<std::string>() : c.expected_json;
}

std::string WrongAnswer(const suite::Suite& suite, std::size_t case_index, std::uint64_t salt) {
  nlohmann::json expected = nlohmann::json::parse(suite.cases[case_index].expected_json, nullptr, false);
  if (!expected.is_string()) {
    ChangeOneValue(expected, salt);
    return expected.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  const std::string right = Normal(expected.get<std::string>());
  for (std::uint64_t probe = 0; probe < 16; ++probe) {
    const std::string other = RightAnswer(suite.cases[Mix(salt + probe) % suite.cases.size()]);
    if (Normal(other).find(right) == std::string::npos) return other;
  }
  const std::string answer = "I do not know.";
  return Normal(answer).find(right) == std::string::npos ? answer : "";
}

struct Script::Model {
  ModelConfig config;
  bool by_outputs = false;
  std::vector<int> calls;          // requests by case
  std::vector<int> faults;         // faults by case
  std::vector<std::int64_t> sent;  // whole answers by case
  std::int64_t requests = 0;
  std::int64_t answered = 0;
};

struct Script::Parser {
  simdjson::dom::parser parser;
  std::string padded;
};

Script::Script() : parser_(std::make_unique<Parser>()) {}
Script::~Script() = default;

Result<std::unique_ptr<Script>> Script::Make(const MockConfig& config) {
  auto script = std::unique_ptr<Script>(new Script());
  script->config_ = config;
  if (config.suite_path.empty()) return Fail("the mock needs a suite: its models answer by case");
  Result<suite::Suite> suite = suite::LoadSuite(config.suite_path);
  if (!suite) return tl::unexpected(suite.error());
  script->suite_ = std::move(*suite);
  const std::vector<Case>& cases = script->suite_.cases;

  simdjson::dom::parser parser;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    std::vector<std::uint64_t> messages;
    simdjson::dom::array array;
    if (parser.parse(cases[i].messages_json).get_array().get(array) != simdjson::SUCCESS) {
      return FailAt(cases[i].where, "the messages of the case cannot be read");
    }
    for (const simdjson::dom::element message : array) messages.push_back(HashMessage(message));
    script->by_messages_[HashOf(messages, 0)].push_back(static_cast<int>(i));
    std::uint64_t tools = 0;
    simdjson::dom::element element;
    if (!cases[i].tools_json.empty() && parser.parse(cases[i].tools_json).get(element) == simdjson::SUCCESS) {
      tools = HashValue(element);
    }
    script->tools_of_.push_back(tools);
  }

  const bool expected_is_pattern =
      script->suite_.grader.type == "regex" && script->suite_.grader.pattern.empty();
  script->scriptable_ = !expected_is_pattern && std::all_of(cases.begin(), cases.end(), [](const Case& c) {
    return !c.expected_json.empty();
  });

  io::Diagnostics diagnostics;
  for (const ModelConfig& wanted : config.models) {
    auto model = std::make_unique<Model>();
    model->config = wanted;
    if (model->config.answers_as.empty()) model->config.answers_as = wanted.name;
    model->by_outputs = !wanted.outputs_path.empty() || !wanted.outputs.empty();
    if (!wanted.outputs_path.empty()) {
      Result<std::map<std::string, std::string>> outputs = ReadOutputs(wanted.outputs_path, script->suite_);
      if (!outputs) {
        diagnostics.AddAll(outputs.error());
      } else {
        model->config.outputs.merge(*outputs);
      }
    }
    if (!model->by_outputs && !script->scriptable_) {
      diagnostics.Add(
          {},
          "model \"" + wanted.name +
              "\" answers by pass rates, which needs an expected answer in every case (a regex has none): "
              "give it a file of outputs");
    }
    for (const SegmentRate& rate : wanted.pass_rates) {
      const bool known = std::any_of(cases.begin(), cases.end(), [&](const Case& c) {
        return std::find(c.segments.begin(), c.segments.end(), Segment{rate.dimension, rate.value}) !=
               c.segments.end();
      });
      if (!known) {
        diagnostics.Add({}, "model \"" + wanted.name + "\" has a pass rate for " + rate.dimension + "=" +
                                rate.value + ", which no case of the suite carries");
      }
    }
    model->calls.resize(cases.size());
    model->faults.resize(cases.size());
    model->sent.resize(cases.size());
    script->models_.push_back(std::move(model));
  }
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  return script;
}

Script::Model* Script::FindModel(const std::string& name, int* index) {
  for (std::size_t i = 0; i < models_.size(); ++i) {
    if (models_[i]->config.name == name) {
      *index = static_cast<int>(i);
      return models_[i].get();
    }
  }
  std::optional<ModelConfig> built_in = scriptable_ ? BuiltIn(name) : std::nullopt;
  if (!built_in || models_.size() >= 1000) return nullptr;
  auto model = std::make_unique<Model>();
  model->config = std::move(*built_in);
  model->calls.resize(suite_.cases.size());
  model->faults.resize(suite_.cases.size());
  model->sent.resize(suite_.cases.size());
  models_.push_back(std::move(model));
  *index = static_cast<int>(models_.size()) - 1;
  return models_.back().get();
}

int Script::FindCase(const std::vector<std::uint64_t>& messages, bool leading_system,
                     std::uint64_t tools) const {
  for (std::size_t from = 0; from <= (leading_system ? 1U : 0U); ++from) {
    const auto found = by_messages_.find(HashOf(messages, from));
    if (found == by_messages_.end()) continue;
    for (const int index : found->second) {
      if (tools_of_[static_cast<std::size_t>(index)] == tools) return index;
    }
    return found->second.front();  // a gateway may rewrite tool definitions
  }
  return -1;
}

Reply Script::FaultReply(Fault fault, const Faults& faults, const std::string& model) {
  Reply reply;
  const auto retry_after = [&] {
    if (!faults.retry_after_s) return;
    std::string value;
    if (faults.retry_after_date) {
      value = HttpDate(*faults.retry_after_s);
    } else {
      value = nlohmann::json(*faults.retry_after_s).dump();
      if (value.ends_with(".0")) value.resize(value.size() - 2);
    }
    reply.headers += "retry-after: " + value + "\r\n";
  };
  switch (fault) {
    case Fault::kHttp400:
      reply = ErrorReply(400, "The request is malformed.", "invalid_request_error", "bad_request");
      break;
    case Fault::kHttp401:
      reply = ErrorReply(401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key");
      break;
    case Fault::kHttp403:
      reply = ErrorReply(403, "The key may not use the model '" + model + "'.", "permission_error",
                         "key_model_access_denied");
      break;
    case Fault::kHttp404:
      reply = ErrorReply(404, "The model '" + model + "' has been retired.", "invalid_request_error",
                         "model_not_found");
      break;
    case Fault::kHttp408:
      reply = ErrorReply(408, "Request timed out.", "timeout_error", "timeout");
      break;
    case Fault::kHttp429:
      reply = ErrorReply(429, "Rate limit reached for requests.", "requests", "rate_limit_exceeded");
      retry_after();
      break;
    case Fault::kHttp500:
      reply = ErrorReply(500, "The server had an error while processing the request.", "server_error",
                         "server_error");
      break;
    case Fault::kHttp502:
      reply.status = 502;
      reply.content_type = "text/html";
      reply.body =
          "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>";
      break;
    case Fault::kHttp503:
      reply = ErrorReply(503, "The engine is overloaded, try again later.", "server_error", "overloaded");
      retry_after();
      break;
    case Fault::kHttp504:
      reply = ErrorReply(504, "The upstream timed out.", "server_error", "timeout");
      break;
    case Fault::kQuota:
      reply = ErrorReply(429, "You exceeded your current quota, please check your plan and billing details.",
                         "insufficient_quota", "insufficient_quota");
      break;
    case Fault::kBudget:
      reply = ErrorReply(422, "Budget has been exceeded.", "budget_exceeded", "budget_exceeded");
      break;
    case Fault::kPayment:
      reply = ErrorReply(402, "Payment required: budget exceeded.", "budget_exceeded", "budget_exceeded");
      break;
    case Fault::kContextLength:
      reply = ErrorReply(400, "This model's maximum context length is 8192 tokens.", "invalid_request_error",
                         "context_length_exceeded");
      break;
    case Fault::kBadJson:
      reply.body = "{\"id\":\"chatcmpl-1\",\"choices\":[{\"mess\xff oops";
      break;
    case Fault::kReset:
      reply.ending = Reply::Ending::kReset;
      break;
    case Fault::kStall:
      reply.ending = Reply::Ending::kStall;
      reply.delay_ms = faults.stall_s * 1000;
      break;
    case Fault::kTruncate:
    case Fault::kLength:
    case Fault::kContentFilter:
    case Fault::kRefusal:
      break;  // made from the answer, by Complete
  }
  return reply;
}

// In pieces of four bytes or a little more: whole characters.
static std::vector<std::string> TokensOf(const std::string& text) {
  std::vector<std::string> pieces;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(at + 4, text.size());
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) ++end;
    pieces.push_back(text.substr(at, end - at));
    at = end;
  }
  return pieces;
}

Reply Script::Complete(std::string_view body) {
  Parser& p = *parser_;
  p.padded.assign(body);
  p.padded.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  simdjson::dom::element request;
  if (p.parser.parse(p.padded.data(), p.padded.size(), false).get(request) != simdjson::SUCCESS ||
      !request.is_object()) {
    return ErrorReply(400, "The body is no JSON object.", "invalid_request_error", "invalid_json");
  }
  std::string_view model_name;
  simdjson::dom::array messages;
  if (request["model"].get_string().get(model_name) != simdjson::SUCCESS ||
      request["messages"].get_array().get(messages) != simdjson::SUCCESS || messages.size() == 0) {
    return ErrorReply(400, "The fields model and messages are required.", "invalid_request_error",
                      "missing_field");
  }
  bool stream = false;
  if (request["stream"].get_bool().get(stream) != simdjson::SUCCESS) stream = false;
  bool stream_usage = false;
  if (request["stream_options"]["include_usage"].get_bool().get(stream_usage) != simdjson::SUCCESS)
    stream_usage = false;

  std::lock_guard<std::mutex> lock(mutex_);
  ++requests_;
  int model_index = -1;
  Model* model = FindModel(std::string(model_name), &model_index);
  if (model == nullptr) {
    return ErrorReply(
        404, "The model '" + std::string(model_name) + "' does not exist or you do not have access to it.",
        "invalid_request_error", "model_not_found");
  }
  ++model->requests;

  std::vector<std::uint64_t> hashes;
  bool leading_system = false;
  std::size_t prompt_bytes = 0;
  for (const simdjson::dom::element message : messages) {
    std::string_view role;
    if (hashes.empty() && message["role"].get_string().get(role) == simdjson::SUCCESS) {
      leading_system = role == "system" || role == "developer";
    }
    std::string_view content;
    if (message["content"].get_string().get(content) == simdjson::SUCCESS) prompt_bytes += content.size();
    hashes.push_back(HashMessage(message));
  }
  simdjson::dom::element tools;
  const bool has_tools = request["tools"].get(tools) == simdjson::SUCCESS && tools.is_array();
  const int case_index = FindCase(hashes, leading_system, has_tools ? HashValue(tools) : 0);
  if (case_index < 0) {
    return ErrorReply(400, "No case of the mock's suite has these messages.", "invalid_request_error",
                      "unknown_case");
  }
  const auto i = static_cast<std::size_t>(case_index);
  const Case& c = suite_.cases[i];
  const ModelConfig& config = model->config;
  const auto call = static_cast<std::uint64_t>(model->calls[i]++);

  const Latency& latency = config.latency ? *config.latency : config_.latency;
  double delay_ms = latency.ms;
  if (latency.sigma > 0) {
    const double u = 1 - Draw(config.seed, config.name, c.id, call, "latency radius");
    const double angle = 2 * std::numbers::pi * Draw(config.seed, config.name, c.id, call, "latency angle");
    delay_ms *= std::exp(latency.sigma * std::sqrt(-2 * std::log(u)) * std::cos(angle));
  }

  // One draw decides whether and how this request goes wrong.
  const Faults& faults = config.faults ? *config.faults : config_.faults;
  std::optional<Fault> fault;
  const double draw = Draw(faults.seed, config.name, c.id, call, "fault");
  if (!faults.at_most || model->faults[i] < *faults.at_most) {
    double sum = 0;
    for (const auto& [kind, rate] : faults.rates) {
      sum += rate;
      if (draw < sum) {
        fault = kind;
        break;
      }
    }
  }
  if (fault) {
    ++model->faults[i];
    ++faults_sent_[FaultName(*fault)];
    if (*fault != Fault::kTruncate && *fault != Fault::kLength && *fault != Fault::kContentFilter &&
        *fault != Fault::kRefusal) {
      Reply reply = FaultReply(*fault, faults, config.name);
      if (reply.ending != Reply::Ending::kStall) reply.delay_ms = delay_ms;
      return reply;
    }
  }

  std::string output;
  if (model->by_outputs) {
    const auto found = config.outputs.find(c.id);
    if (found == config.outputs.end()) {
      return ErrorReply(400, "The model has no output for the case '" + c.id + "'.", "invalid_request_error",
                        "no_output");
    }
    output = found->second;
  } else {
    double rate = config.pass_rate;
    for (const SegmentRate& r : config.pass_rates) {
      if (std::find(c.segments.begin(), c.segments.end(), Segment{r.dimension, r.value}) !=
          c.segments.end()) {
        rate = r.rate;
        break;
      }
    }
    const bool drawn_anew =
        config.flaky > 0 && Draw(config.seed, config.name, c.id, 0, "flaky") < config.flaky;
    const bool pass = Draw(config.seed, config.name, c.id, drawn_anew ? call + 1 : 0, "pass") < rate;
    output =
        pass ? RightAnswer(c)
             : WrongAnswer(suite_, i, Combine(Combine(config.seed, HashText(config.name)), HashText(c.id)));
  }

  std::string finish = "stop";
  std::string message;
  std::vector<std::string> deltas;  // of a streamed answer, without its role
  const std::vector<nlohmann::json> calls = has_tools ? AsToolCalls(output) : std::vector<nlohmann::json>();
  std::int64_t max_tokens = 0;
  if (request["max_completion_tokens"].get_int64().get(max_tokens) != simdjson::SUCCESS &&
      request["max_tokens"].get_int64().get(max_tokens) != simdjson::SUCCESS) {
    max_tokens = 0;
  }
  if (fault == Fault::kRefusal) {
    message = "{\"role\":\"assistant\",\"content\":null,\"refusal\":\"I cannot help with that.\"}";
    deltas = {"{\"refusal\":\"I cannot help with that.\"}"};
    output.clear();
  } else if (fault == Fault::kContentFilter) {
    message = "{\"role\":\"assistant\",\"content\":null,\"refusal\":null}";
    finish = "content_filter";
    output.clear();
  } else if (!calls.empty() && fault != Fault::kLength) {
    nlohmann::json list = nlohmann::json::array();
    for (std::size_t n = 0; n < calls.size(); ++n) {
      list.push_back(
          {{"id", "call_" + std::to_string(n + 1)},
           {"type", "function"},
           {"function", {{"name", calls[n]["name"]}, {"arguments", calls[n]["arguments"].dump()}}}});
    }
    for (std::size_t n = 0; n < list.size(); ++n) {
      nlohmann::json part = list[n];
      part["index"] = n;
      deltas.push_back(nlohmann::json({{"tool_calls", nlohmann::json::array({part})}})
                           .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    }
    message = "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":" +
              list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "}";
    finish = "tool_calls";
  } else {
    std::size_t keep = output.size();
    if (fault == Fault::kLength) keep = output.size() / 2;
    if (max_tokens > 0 && CountTokens(keep) > max_tokens) keep = static_cast<std::size_t>(max_tokens) * 4;
    if (keep < output.size() || fault == Fault::kLength) {
      while (keep > 0 && (static_cast<unsigned char>(output[keep]) & 0xc0U) == 0x80U)
        --keep;  // whole characters
      output.resize(keep);
      finish = "length";
    }
    message = "{\"role\":\"assistant\",\"content\":" + JsonString(output) + ",\"refusal\":null}";
    if (stream) {
      for (const std::string& piece : TokensOf(output))
        deltas.push_back("{\"content\":" + JsonString(piece) + "}");
    }
  }

  Reply reply;
  reply.delay_ms = delay_ms;
  const std::int64_t input = CountTokens(prompt_bytes);
  const std::int64_t written = CountTokens(output.size());
  const std::string id = std::to_string(++next_id_);
  reply.body = "{\"id\":\"chatcmpl-mock-" + id +
               "\",\"object\":\"chat.completion\",\"created\":" + std::to_string(std::time(nullptr)) +
               ",\"model\":" + JsonString(config.answers_as) +
               ",\"system_fingerprint\":\"fp_mock\",\"choices\":[{\"index\":0,\"message\":" + message +
               ",\"logprobs\":null,\"finish_reason\":\"" + finish +
               "\"}],\"usage\":{\"prompt_tokens\":" + std::to_string(input) +
               ",\"completion_tokens\":" + std::to_string(written) +
               ",\"total_tokens\":" + std::to_string(input + written) + "}}";
  if (stream) {
    const std::string head =
        "data: {\"id\":\"chatcmpl-mock-" + id +
        "\",\"object\":\"chat.completion.chunk\",\"created\":" + std::to_string(std::time(nullptr)) +
        ",\"model\":" + JsonString(config.answers_as) + ",\"system_fingerprint\":\"fp_mock\",\"choices\":[";
    const auto event = [&](const std::string& delta, const std::string& finish_reason) {
      reply.events.push_back(head + "{\"index\":0,\"delta\":" + delta +
                             ",\"logprobs\":null,\"finish_reason\":" + finish_reason + "}]}\n\n");
    };
    event("{\"role\":\"assistant\",\"content\":\"\"}", "null");
    for (const std::string& delta : deltas) event(delta, "null");
    event("{}", "\"" + finish + "\"");
    if (stream_usage) {
      reply.events.push_back(head + "],\"usage\":{\"prompt_tokens\":" + std::to_string(input) +
                             ",\"completion_tokens\":" + std::to_string(written) +
                             ",\"total_tokens\":" + std::to_string(input + written) + "}}\n\n");
    }
    reply.events.emplace_back("data: [DONE]\n\n");
    reply.event_ms = latency.token_ms;
    reply.content_type = "text/event-stream";
    reply.body.clear();
  }
  reply.headers = "x-request-id: req-mock-" + id + "\r\n";
  if (config.cost_usd)
    reply.headers += "x-litellm-response-cost: " + nlohmann::json(*config.cost_usd).dump() + "\r\n";
  if (fault == Fault::kTruncate) {
    reply.ending = Reply::Ending::kTruncate;
  } else {
    reply.model = model_index;
    reply.case_index = case_index;
  }
  return reply;
}

Reply Script::Handle(std::string_view method, std::string_view path, std::string_view authorization,
                     std::string_view body) {
  path = path.substr(0, path.find('?'));
  const bool get = method == "GET";
  Reply reply;
  if (get && path == "/health") {
    reply.body = "{\"status\":\"ok\"}";
    return reply;
  }
  if (get && path == "/mock/stats") {
    reply.body = StatsJson();
    return reply;
  }
  const bool completion = path == "/v1/chat/completions" || path == "/chat/completions";
  if (!completion && path != "/v1/models") {
    return ErrorReply(404, "Unknown request URL: " + std::string(method) + " " + std::string(path),
                      "invalid_request_error", "unknown_url");
  }
  if (!config_.api_key.empty() && authorization != "Bearer " + config_.api_key) {
    return ErrorReply(401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key");
  }
  if (completion) {
    if (method != "POST")
      return ErrorReply(405, "Only POST is allowed.", "invalid_request_error", "method_not_allowed");
    return Complete(body);
  }
  std::vector<std::string> names;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    for (const std::unique_ptr<Model>& model : models_) names.push_back(model->config.name);
  }
  if (names.empty()) names = {"mock-perfect", "mock-0.85"};
  nlohmann::json list = nlohmann::json::array();
  for (const std::string& name : names) {
    list.push_back({{"id", name}, {"object", "model"}, {"created", 0}, {"owned_by", "minslice-mock"}});
  }
  reply.body = nlohmann::json({{"object", "list"}, {"data", list}}).dump();
  return reply;
}

void Script::Sent(const Reply& reply) {
  if (reply.model < 0) return;
  std::lock_guard<std::mutex> lock(mutex_);
  ++answered_;
  Model& model = *models_[static_cast<std::size_t>(reply.model)];
  ++model.answered;
  ++model.sent[static_cast<std::size_t>(reply.case_index)];
}

std::string Script::StatsJson() const {
  std::lock_guard<std::mutex> lock(mutex_);
  nlohmann::json stats = {{"requests", requests_}, {"answered", answered_}};
  stats["faults"] = faults_sent_;
  stats["models"] = nlohmann::json::object();
  for (const std::unique_ptr<Model>& model : models_) {
    nlohmann::json& row = stats["models"][model->config.name];
    row = {{"requests", model->requests}, {"answered", model->answered}, {"cases", nlohmann::json::object()}};
    for (std::size_t i = 0; i < model->sent.size(); ++i) {
      if (model->sent[i] > 0) row["cases"][suite_.cases[i].id] = model->sent[i];
    }
  }
  return stats.dump();
}

}  // namespace minslice::mock
