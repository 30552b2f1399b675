#include "run/answer.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "json/canonical.h"
#include "json/node.h"
#include "run/dialect.h"
#include "run/plain_text.h"
#include "run/retry_after.h"

namespace minslice::run {
namespace {

using simdjson::SUCCESS;
using simdjson::dom::element;

struct ErrorInfo {
  std::string message;
  std::string type;
  std::string code;
};

std::optional<std::string> Text(simdjson::simdjson_result<element> value) {
  std::string_view text;
  if (value.get_string().get(text) != SUCCESS) return std::nullopt;
  return std::string(text);
}

// A code is text with most providers and a number with some.
std::string TextOrNumber(simdjson::simdjson_result<element> value) {
  std::int64_t number = 0;
  if (value.get_int64().get(number) == SUCCESS) return std::to_string(number);
  return Text(value).value_or("");
}

bool Contains(const std::string& text, std::initializer_list<const char*> parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](const char* p) { return text.find(p) != std::string::npos; });
}

// Error bodies: OpenAI's {"error": {...}} (also under Bifrost), {"error": "text"}, Portkey's {"html-message"}
// and
// {"status", "message"}, vLLM's {"object": "error", "message"}, FastAPI's {"detail"}, HTML, plain text.
ErrorInfo ReadError(simdjson::dom::parser& parser, std::string& body) {
  ErrorInfo info;
  const std::size_t size = body.size();
  body.reserve(size + simdjson::SIMDJSON_PADDING);
  element root;
  if (size == 0 || parser.parse(body.data(), size, false).get(root) != SUCCESS || !root.is_object()) {
    info.message = WithoutTags(body);
    return info;
  }
  element error;
  const element* from = &root;
  if (root["error"].get(error) == SUCCESS) {
    if (error.is_object()) {
      from = &error;
    } else if (std::optional<std::string> text = Text(root["error"])) {
      info.message = std::move(*text);
    }
  }
  for (const char* key : {"message", "html-message", "detail"}) {
    if (!info.message.empty()) break;
    std::optional<std::string> text = Text((*from)[key]);
    if (!text && from != &root) text = Text(root[key]);
    if (text) info.message = std::move(*text);
  }
  // Portkey's html-message; LiteLLM and others put the page into the message.
  if (Contains(Lower(info.message), {"<html", "<!doctype", "</"})) info.message = WithoutTags(info.message);
  info.type = TextOrNumber((*from)["type"]);
  info.code = TextOrNumber((*from)["code"]);
  if (info.type.empty()) info.type = TextOrNumber(root["type"]);  // Bifrost: beside the error
  if (info.message.empty()) info.message = simdjson::minify(root);
  return info;
}

std::string Describe(int status, const ErrorInfo& info) {
  std::string text = "HTTP " + std::to_string(status);
  if (!info.code.empty() && info.code != std::to_string(status)) text.append(" ").append(info.code);
  if (!info.message.empty()) text.append(": ").append(info.message);
  return OneLine(text);
}

// The arguments of a call as JSON; nullopt where they are none.
std::optional<std::string> CanonicalArguments(std::string_view arguments) {
  if (arguments.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return "{}";  // some send "" for no arguments
  const Result<json::Node> node = json::ParseNode(arguments, {});
  if (!node) return std::nullopt;
  return json::Canonical(*node);
}

// The content: text, or the text parts of a list.
std::optional<std::string> ContentOf(element message) {
  element content;
  if (message["content"].get(content) != SUCCESS) return std::nullopt;
  std::string_view text;
  if (content.get_string().get(text) == SUCCESS) return std::string(text);
  simdjson::dom::array parts;
  if (content.get_array().get(parts) != SUCCESS) return std::nullopt;
  std::string joined;
  bool any = false;
  for (const element part : parts) {
    if (part["text"].get_string().get(text) != SUCCESS) continue;
    joined += text;
    any = true;
  }
  if (!any) return std::nullopt;
  return joined;
}

bool Blank(const std::optional<std::string>& text) {
  return !text || text->find_first_not_of(" \t\r\n") == std::string::npos;
}

// What a status of 300 and above means; `info` is what the body says.
void Refuse(int status, const ErrorInfo& info, const http::Response& response, std::int64_t unix_now,
            Answer& answer) {
  const std::string message = Lower(info.message);
  const std::string type = Lower(info.type);
  const std::string code = Lower(info.code);
  answer.error = Describe(status, info);
  answer.kind = AnswerKind::kRejected;
  if (status >= 300 && status < 400) {
    answer.kind = AnswerKind::kEndRun;
    answer.end_reason = EndReason::kAddress;
    answer.error = "HTTP " + std::to_string(status) + ": the gateway redirects, which is not followed";
  } else if (status == 402 || code == "insufficient_quota" || type == "insufficient_quota" ||
             code == "budget_exceeded" || type == "budget_exceeded" || type == "key_budget_exceeded" ||
             type == "team_budget_exceeded" ||
             (status == 429 && Contains(message, {"crossed budget", "exceeded your current quota",
                                                  "budget has been exceeded", "exceeded budget"}))) {
    // LiteLLM flattens type and code of a provider's quota refusal: only the words are left.
    answer.kind = AnswerKind::kEndRun;
    answer.end_reason = EndReason::kQuota;
  } else if (code == "upstream_credentials_exhausted" || type == "upstream_credentials_exhausted" ||
             type == "no_db_connection") {
    // Bifrost: every key it has for the provider is dead. LiteLLM without a database: the key is none it
    // knows.
    answer.kind = AnswerKind::kEndRun;
    answer.end_reason = EndReason::kKey;
  } else if (status == 408 || status == 425 || status == 429 || status >= 500) {
    answer.kind = AnswerKind::kRetry;
    answer.retry_after_s = AskedToWait(response, info.message, unix_now);
    answer.pushed_back = status == 429 || status == 529 || (status == 503 && answer.retry_after_s);
  } else if (status == 401) {
    answer.kind = AnswerKind::kEndRun;
    answer.end_reason = EndReason::kKey;
  } else if (status == 403) {
    answer.kind = AnswerKind::kEndRun;
    answer.end_reason = Contains(code + " " + type, {"model"}) ? EndReason::kModel : EndReason::kKey;
  } else if (status == 404) {
    answer.kind = AnswerKind::kEndRun;
    answer.end_reason =
        code == "model_not_found" || Contains(message, {"model"}) ? EndReason::kModel : EndReason::kAddress;
  } else if (code == "context_length_exceeded" || code == "content_filter" ||
             code == "content_policy_violation" ||
             Contains(message, {"context_length_exceeded", "contextwindowexceeded", "maximum context length",
                                "context window", "contentpolicyviolation"})) {
    answer.kind = AnswerKind::kModelError;
  } else if (code == "model_not_found" || Contains(message, {"no healthy deployments for this model"})) {
    answer.kind = AnswerKind::kEndRun;
    answer.end_reason = EndReason::kModel;
  }
}

}  // namespace

struct AnswerReader::Parser {
  simdjson::dom::parser dom;
};

AnswerReader::AnswerReader() : parser_(std::make_unique<Parser>()) {}
AnswerReader::~AnswerReader() = default;

Answer AnswerReader::Read(http::Response& response, std::int64_t unix_now) {
  Answer answer;
  if (response.error != http::TransportError::kNone) {
    answer.kind = AnswerKind::kRetry;
    answer.error = OneLine(response.error_text);
    if (answer.error.empty()) answer.error = http::TransportErrorName(response.error);
    if (response.error == http::TransportError::kTls) {
      answer.kind = AnswerKind::kEndRun;
      answer.end_reason = EndReason::kTls;
      // What OpenSSL calls it when the first bytes are HTTP.
      if (Contains(Lower(answer.error), {"wrong version number", "packet length too long", "http request"})) {
        answer.error = "the port speaks plain HTTP, not TLS: http:// instead of https://";
      }
    }
    return answer;
  }
  const int status = response.status;
  // 246: Portkey's guardrails object, and let it pass.
  if (status >= 200 && status < 300) return ReadCompletion(response, unix_now, std::move(answer));

  Served served = ReadServed(response, nullptr);
  answer.via = std::move(served.facts);
  if (served.cost_usd.value_or(0) > 0) answer.cost_usd = served.cost_usd;  // LiteLLM writes 0 on every error
  const ErrorInfo info = ReadError(parser_->dom, response.body);
  Refuse(status, info, response, unix_now, answer);
  return answer;
}

Answer AnswerReader::ReadCompletion(http::Response& response, std::int64_t unix_now, Answer answer) {
  std::string& body = response.body;
  const std::size_t size = body.size();
  body.reserve(size + simdjson::SIMDJSON_PADDING);
  element root;
  if (size == 0 || parser_->dom.parse(body.data(), size, false).get(root) != SUCCESS) {
    answer.error = size == 0 ? "HTTP 200 with an empty body" : "HTTP 200 with a body that is no JSON";
    return answer;
  }
  Served served = ReadServed(response, &root);
  answer.via = std::move(served.facts);
  answer.cost_usd = served.cost_usd;
  answer.response_model = served.upstream_model ? std::move(served.upstream_model) : Text(root["model"]);
  answer.system_fingerprint = Text(root["system_fingerprint"]);
  std::int64_t tokens = 0;
  if (root["usage"]["prompt_tokens"].get_int64().get(tokens) == SUCCESS) answer.input_tokens = tokens;
  if (root["usage"]["completion_tokens"].get_int64().get(tokens) == SUCCESS) answer.output_tokens = tokens;
  // A prompt has tokens: zero and zero is what LiteLLM writes where the provider counted nothing.
  if (answer.input_tokens == 0 && answer.output_tokens.value_or(0) == 0) {
    answer.input_tokens.reset();
    answer.output_tokens.reset();
  }

  element choice;
  element message;
  simdjson::dom::array choices;
  if (root["choices"].get_array().get(choices) != SUCCESS || choices.at(0).get(choice) != SUCCESS ||
      choice["message"].get(message) != SUCCESS || !message.is_object()) {
    const ErrorInfo info = ReadError(parser_->dom, body);  // some gateways put an error into a 200
    // OpenRouter and others: an error with the status that it should have had.
    int status = 0;
    const char* end = info.code.data() + info.code.size();
    const auto [rest, error] = std::from_chars(info.code.data(), end, status);
    if (error == std::errc() && rest == end && status >= 400 && status < 600) {
      Refuse(status, info, response, unix_now, answer);
    }
    answer.error = OneLine("HTTP 200 without choices: " + info.message);
    return answer;
  }
  if (!served.not_fresh.empty()) {
    answer.kind = AnswerKind::kNotFresh;
    answer.error = "not this model's fresh answer: " + served.not_fresh;
    return answer;
  }
  answer.finish_reason = Text(choice["finish_reason"]);
  const std::string finish = answer.finish_reason.value_or("");
  std::optional<std::string> content = ContentOf(message);
  const auto model_error = [&](const std::string& why) {
    answer.kind = AnswerKind::kModelError;
    answer.error = OneLine(why);
    if (!answer.has_output && content && !content->empty()) {
      answer.output = std::move(*content);
      answer.has_output = true;
    }
    return std::move(answer);
  };

  if (finish == "length") return model_error("cut at max_tokens (finish_reason length)");
  if (finish == "content_filter") return model_error("filtered (finish_reason content_filter)");
  // LiteLLM moves what it does not know of a message.
  for (const auto& refused : {message["refusal"], message["provider_specific_fields"]["refusal"]}) {
    const std::optional<std::string> refusal = Text(refused);
    if (refusal && !refusal->empty()) return model_error("refused: " + *refusal);
  }

  simdjson::dom::array calls;
  const bool has_calls = message["tool_calls"].get_array().get(calls) == SUCCESS && calls.size() > 0;
  // A model may talk while it calls; what it does then is the call.
  if (has_calls && (Blank(content) || finish == "tool_calls")) {
    std::string text;
    for (const element call : calls) {
      std::string_view name;
      std::string_view arguments;
      if (call["function"]["name"].get_string().get(name) != SUCCESS)
        return model_error("a tool call without a name");
      std::optional<std::string> canonical;
      element value;
      if (call["function"]["arguments"].get(value) != SUCCESS) {
        canonical = "{}";
      } else if (value.get_string().get(arguments) == SUCCESS) {
        canonical = CanonicalArguments(arguments);
      } else {  // some servers send the object itself
        canonical = CanonicalArguments(simdjson::minify(value));
      }
      if (!canonical) {
        answer.output = std::string(name).append(" ").append(arguments);
        answer.has_output = true;
        return model_error("the arguments of a tool call are no JSON");
      }
      if (!text.empty()) text += ',';
      text += "{\"arguments\":" + *canonical + ",\"name\":";
      json::AppendQuoted(name, text);
      text += '}';
    }
    answer.kind = AnswerKind::kText;
    answer.output = calls.size() == 1 ? std::move(text) : std::string("[").append(text).append("]");
    answer.has_output = true;
    return answer;
  }
  if (!content) return model_error("no content (finish_reason " + (finish.empty() ? "absent" : finish) + ")");
  answer.kind = AnswerKind::kText;
  answer.output = std::move(*content);
  answer.has_output = true;
  return answer;
}

}  // namespace minslice::run
