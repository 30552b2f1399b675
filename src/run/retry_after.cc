#include "run/retry_after.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>
#include <string>

#include "run/plain_text.h"

namespace minslice::run {
namespace {

constexpr std::array<const char*, 2> kPrefixes = {"", "llm_provider-"};

const std::string* Find(const http::Response& response, const std::string& name) {
  for (const char* prefix : kPrefixes) {
    if (const std::string* value = response.FindHeader(prefix + name)) return value;
  }
  return nullptr;
}

std::optional<double> Number(std::string_view text) {
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value) || value < 0) {
    return std::nullopt;
  }
  return value;
}

// A moment, as seconds from now: RFC 3339 in UTC, seconds or milliseconds since 1970, or seconds from now.
std::optional<double> UntilReset(std::string_view value, std::int64_t unix_now) {
  const auto now = static_cast<double>(unix_now);
  if (const std::optional<double> number = Number(value)) {
    if (*number >= 1e11) return std::max(0.0, *number / 1000 - now);
    if (*number >= 1e8) return std::max(0.0, *number - now);
    return number;
  }
  std::tm utc{};
  const std::string text(value);
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
  if (rest != nullptr) {
    if (*rest == '.') {
      do ++rest;
      while (*rest >= '0' && *rest <= '9');
    }
    const std::string_view zone(rest);
    if (zone != "Z" && zone != "+00:00") return std::nullopt;
    return std::max(0.0, static_cast<double>(timegm(&utc)) - now);
  }
  return ParseDuration(value);
}

// Of the limits that are used up (or say nothing of what remains) the one that takes longest.
std::optional<double> LimitsReset(const http::Response& response, std::int64_t unix_now) {
  std::optional<double> longest;
  const auto consider = [&](const std::string& reset, const std::string& remaining) {
    const std::string* value = Find(response, reset);
    if (value == nullptr) return;
    const std::string* left = remaining.empty() ? nullptr : Find(response, remaining);
    if (left != nullptr && Number(*left).value_or(0) > 0) return;
    const std::optional<double> seconds = UntilReset(*value, unix_now);
    if (seconds) longest = std::max(longest.value_or(0), *seconds);
  };
  for (const char* what : {"requests", "tokens", "input-tokens", "output-tokens"}) {
    consider(std::string("x-ratelimit-reset-") + what, std::string("x-ratelimit-remaining-") + what);
    consider(std::string("anthropic-ratelimit-") + what + "-reset",
             std::string("anthropic-ratelimit-") + what + "-remaining");
  }
  consider("x-ratelimit-reset", "x-ratelimit-remaining");
  consider("ratelimit-reset", "ratelimit-remaining");
  consider("x-ratelimit-reset-after", "");
  return longest;
}

std::optional<double> WordsOf(std::string_view message) {
  const std::string text = Lower(message);
  for (const char* words : {"try again in ", "retry after ", "retry in "}) {
    const std::size_t at = text.find(words);
    if (at == std::string::npos) continue;
    const std::string_view rest = std::string_view(text).substr(at + std::string_view(words).size());
    if (const std::optional<double> seconds = ParseDuration(rest)) return seconds;
  }
  return std::nullopt;
}

}  // namespace

std::optional<double> ParseRetryAfter(std::string_view value, std::int64_t unix_now) {
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  while (!value.empty() && value.back() == ' ') value.remove_suffix(1);
  if (value.empty()) return std::nullopt;
  double seconds = 0;
  const auto [end, error] =
      std::from_chars(value.data(), value.data() + value.size(), seconds, std::chars_format::fixed);
  if (error == std::errc() && end == value.data() + value.size()) {
    if (!std::isfinite(seconds) || seconds < 0) return std::nullopt;
    return seconds;
  }
  const std::string text(value);
  // IMF-fixdate, RFC 850, asctime: RFC 9110, 5.6.7.
  for (const char* format :
       {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    std::tm utc{};
    const char* rest = strptime(text.c_str(), format, &utc);
    if (rest != nullptr && *rest == '\0') {
      const auto when = static_cast<std::int64_t>(timegm(&utc));
      return static_cast<double>(std::max<std::int64_t>(0, when - unix_now));
    }
  }
  return std::nullopt;
}

std::optional<double> ParseDuration(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, double>, 11> kUnits = {{{"milliseconds", 0.001},
                                                                                  {"ms", 0.001},
                                                                                  {"minutes", 60},
                                                                                  {"minute", 60},
                                                                                  {"m", 60},
                                                                                  {"seconds", 1},
                                                                                  {"second", 1},
                                                                                  {"s", 1},
                                                                                  {"hours", 3600},
                                                                                  {"hour", 3600},
                                                                                  {"h", 3600}}};
  double total = 0;
  bool any = false;
  std::size_t at = 0;
  while (at < text.size()) {
    double value = 0;
    const auto [end, error] =
        std::from_chars(text.data() + at, text.data() + text.size(), value, std::chars_format::fixed);
    if (error != std::errc() || value < 0 || !std::isfinite(value)) break;
    std::size_t next = static_cast<std::size_t>(end - text.data());
    while (next < text.size() && text[next] == ' ') ++next;
    const auto* const unit = std::find_if(kUnits.begin(), kUnits.end(), [&](const auto& known) {
      return text.substr(next).starts_with(known.first);
    });
    if (unit == kUnits.end()) break;
    total += value * unit->second;
    any = true;
    at = next + unit->first.size();
  }
  if (!any) return std::nullopt;
  return total;
}

std::optional<double> AskedToWait(const http::Response& response, std::string_view message,
                                  std::int64_t unix_now) {
  for (const char* name : {"retry-after-ms", "x-ms-retry-after-ms"}) {
    const std::string* ms = Find(response, name);
    if (ms == nullptr) continue;
    if (const std::optional<double> value = ParseRetryAfter(*ms, unix_now)) return *value / 1000;
  }
  for (const char* name : {"retry-after", "x-retry-after"}) {
    const std::string* value = Find(response, name);
    if (value == nullptr) continue;
    if (const std::optional<double> seconds = ParseRetryAfter(*value, unix_now)) return seconds;
  }
  if (response.status != 429) return std::nullopt;
  if (const std::optional<double> seconds = LimitsReset(response, unix_now)) return seconds;
  return WordsOf(message);
}

}  // namespace minslice::run
