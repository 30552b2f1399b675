#include "run/redactor.h"

#include <algorithm>
#include <string_view>

#include "json/canonical.h"

namespace minslice::run {
namespace {

constexpr std::string_view kRedacted = "[redacted]";

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string PercentEncoded(std::string_view text) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += kHex[byte >> 4U];
      encoded += kHex[byte & 15U];
    }
  }
  return encoded;
}

}  // namespace

Redactor::Redactor(const std::vector<std::string>& secrets) {
  for (const std::string& secret : secrets) {
    if (secret.empty()) continue;
    std::string quoted;
    json::AppendQuoted(secret, quoted);
    quoted = quoted.substr(1, quoted.size() - 2);
    const std::string html = Replaced(Replaced(Replaced(secret, "&", "&amp;"), "<", "&lt;"), "\"", "&quot;");
    for (const std::string& form :
         {secret, quoted, Replaced(quoted, "/", "\\/"), html, PercentEncoded(secret)}) {
      forms_.push_back(form);
    }
  }
  std::sort(forms_.begin(), forms_.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  forms_.erase(std::unique(forms_.begin(), forms_.end()), forms_.end());
}

void Redactor::Clean(std::string& text) const {
  for (const std::string& form : forms_) {
    for (std::size_t at = text.find(form); at != std::string::npos;
         at = text.find(form, at + kRedacted.size())) {
      text.replace(at, form.size(), kRedacted);
    }
  }
}

void Redactor::Clean(http::Response& response) const {
  if (forms_.empty()) return;
  Clean(response.body);
  Clean(response.error_text);
  for (http::Header& header : response.headers) Clean(header.value);
}

}  // namespace minslice::run
