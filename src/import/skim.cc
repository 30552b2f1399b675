#include "import/skim.h"

#include "json/text_scan.h"

namespace minslice::import {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r'; }

// From behind the opening quote to behind the closing one; nullptr: none in this line.
const char* SkipString(const char* at) {
  bool high = false;
  for (;;) {
    at = json::SkipTextBytes(at, high);
    if (*at == '"') return at + 1;
    if (*at != '\\' || static_cast<unsigned char>(at[1]) < 0x20) return nullptr;
    at += 2;
  }
}

// To behind the value: at the comma or bracket that ends it.
const char* SkipValue(const char* at) {
  int depth = 0;
  for (;;) {
    const char c = *at;
    if (c == '"') {
      at = SkipString(at + 1);
      if (at == nullptr) return nullptr;
      continue;
    }
    if (c == '{' || c == '[') {
      if (++depth > kSkimDeepest) return nullptr;
    } else if (c == '}' || c == ']') {
      if (depth-- == 0) return at;
    } else if (c == ',' && depth == 0) {
      return at;
    } else if (static_cast<unsigned char>(c) < 0x20 && !IsSpace(c)) {
      return nullptr;
    }
    ++at;
  }
}

}  // namespace

bool Skim(std::string_view line,
          const std::function<Keep(std::string_view key, std::string_view value)>& keep, std::string& out) {
  out.clear();
  const char* at = line.data();
  const char* end = line.data() + line.size();
  const auto space = [&] {
    while (IsSpace(*at)) ++at;
  };
  space();
  if (*at++ != '{') return false;
  out += '{';
  for (;;) {
    space();
    if (*at++ != '"') return false;
    const char* name = at;
    at = SkipString(at);
    if (at == nullptr) return false;
    const std::string_view key(name, static_cast<std::size_t>(at - 1 - name));
    space();
    if (*at++ != ':') return false;
    space();
    const char* begin = at;
    at = SkipValue(at);
    if (at == nullptr || at == begin) return false;
    const std::string_view value(begin, static_cast<std::size_t>(at - begin));
    if (out.size() > 1) out += ',';
    out.append(name - 1, key.size() + 2).append(1, ':');
    if (keep(key, value) == Keep::kWhole) {
      out += value;
    } else {
      out += "{}";
    }
    if (*at == ',') {
      ++at;
      continue;
    }
    if (*at++ != '}') return false;
    while (at < end && IsSpace(*at)) ++at;
    out += '}';
    return at == end;
  }
}

}  // namespace minslice::import
