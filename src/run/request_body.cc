#include "run/request_body.h"

#include "json/canonical.h"
#include "json/json.h"

namespace minslice::run {

Result<RequestBody> RequestBody::Make(const std::string& model, const std::string& request_json) {
  RequestBody body;
  const Result<json::Value> settings = json::Parse(request_json, "request");
  if (!settings) return tl::unexpected(settings.error());
  if (!settings->is_object()) return Fail("request: expected an object of settings");
  body.head_ = "{\"model\":";
  json::AppendQuoted(model, body.head_);
  std::string system;
  for (const auto& [key, value] : settings->items()) {
    if (key == "stream") {
      body.streams_ = value == true;
      if (!body.streams_) continue;
    }
    if (key == "model" || key == "messages") {
      return Fail("request." + key + ": comes from the target or the case and cannot be set here");
    }
    if (key == "system") {
      if (value.is_string() && !value.get_ref<const std::string&>().empty())
        system = value.get<std::string>();
      continue;
    }
    if (key == "tools") {
      if (value.is_array() && !value.empty()) body.tools_ = json::Compact(value);
      continue;
    }
    std::string member = ",";
    json::AppendQuoted(key, member);
    member += ':';
    member += json::Compact(value);
    (key == "tool_choice" || key == "parallel_tool_calls" ? body.tool_settings_ : body.head_) += member;
  }
  // Without it a streamed answer says nothing of its tokens.
  if (body.streams_ && !settings->contains("stream_options"))
    body.head_ += ",\"stream_options\":{\"include_usage\":true}";
  body.head_ += ",\"messages\":[";
  if (!system.empty()) {
    body.has_system_ = true;
    body.head_ += "{\"role\":\"system\",\"content\":";
    json::AppendQuoted(system, body.head_);
    body.head_ += "}";
  }
  return body;
}

std::string RequestBody::For(const Case& c) const {
  std::string body;
  body.reserve(head_.size() + c.messages_json.size() + c.tools_json.size() + tools_.size() +
               tool_settings_.size() + 32);
  body += head_;
  std::string_view messages(c.messages_json);
  messages.remove_prefix(messages.find('[') + 1);
  if (has_system_ && messages.find_first_not_of(" \t\r\n") != messages.find(']')) body += ',';
  body += messages;  // closes the list
  const std::string& tools = c.tools_json.empty() ? tools_ : c.tools_json;
  if (!tools.empty()) {
    body += ",\"tools\":";
    body += tools;
    body += tool_settings_;
  }
  body += '}';
  return body;
}

}  // namespace minslice::run
