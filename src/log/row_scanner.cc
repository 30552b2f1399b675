#include "log/row_scanner.h"

#include <simdjson.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "json/text_scan.h"

namespace minslice::log {
namespace {

enum Key : unsigned {
  kRecord,
  kCaseId,
  kRepeat,
  kOutcome,
  kScores,
  kSegments,
  kCluster,
  kPromptSha256,
  kResponseModel,
  kSystemFingerprint,
  kFinishReason,
  kInputTokens,
  kOutputTokens,
  kCostUsd,
  kLatencyMs,
  kDueLatencyMs,
  kTtftMs,
  kTokensPerS,
  kAttempts,
  kOutput,
  kError,
  kKeys,
};

// In the order in which they are written, so that the next key is nearly always the next of the list.
constexpr std::array<std::string_view, kKeys> kKeyTexts = {
    "record\"",         "case_id\"",      "repeat\"",        "outcome\"",        "scores\"",
    "segments\"",       "cluster\"",      "prompt_sha256\"", "response_model\"", "system_fingerprint\"",
    "finish_reason\"",  "input_tokens\"", "output_tokens\"", "cost_usd\"",       "latency_ms\"",
    "due_latency_ms\"", "ttft_ms\"",      "tokens_per_s\"",  "attempts\"",       "output\"",
    "error\""};

// The first eight bytes of each key, so that one comparison tells nearly all of them apart.
struct KeyStart {
  std::uint64_t bytes = 0, mask = 0;
};
constexpr std::array<KeyStart, kKeys> kKeyStarts = [] {
  static_assert(std::endian::native == std::endian::little);
  std::array<KeyStart, kKeys> starts{};
  for (std::size_t k = 0; k < kKeys; ++k) {
    for (std::size_t i = 0; i < 8 && i < kKeyTexts[k].size(); ++i) {
      starts[k].bytes |= std::uint64_t{static_cast<unsigned char>(kKeyTexts[k][i])} << (8 * i);
      starts[k].mask |= std::uint64_t{0xff} << (8 * i);
    }
  }
  return starts;
}();

class Scanner {
 public:
  Scanner(std::string_view line, RowFields& row)
      : at_(line.data()), end_(line.data() + line.size()), line_(line), row_(row) {}

  bool Run() {
    if (!Take('{')) return false;
    unsigned next = 0;
    do {
      Space();
      if (!Take('"')) return false;
      unsigned key = kKeys;
      std::uint64_t start = 0;
      std::memcpy(&start, at_, sizeof start);
      for (unsigned i = 0; i < kKeys; ++i) {
        const unsigned candidate = next + i < kKeys ? next + i : next + i - kKeys;
        const std::string_view text = kKeyTexts[candidate];
        // The slack behind the line makes the comparison safe at its end.
        if ((start & kKeyStarts[candidate].mask) != kKeyStarts[candidate].bytes) continue;
        if (text.size() <= 8 || std::memcmp(at_ + 8, text.data() + 8, text.size() - 8) == 0) {
          key = candidate;
          break;
        }
      }
      if (key == kKeys || (seen_ & 1U << key) != 0) return false;
      seen_ |= 1U << key;
      next = key + 1 < kKeys ? key + 1 : 0;
      at_ += kKeyTexts[key].size();
      Space();
      if (!Take(':')) return false;
      Space();
      if (!Value(static_cast<Key>(key))) return false;
      Space();
    } while (Take(','));
    if (!Take('}') || at_ != end_) return false;
    constexpr unsigned kNeeded = 1U << kRecord | 1U << kCaseId | 1U << kOutcome;
    if ((seen_ & kNeeded) != kNeeded) return false;
    return !high_ || simdjson::validate_utf8(line_.data(), line_.size());
  }

 private:
  bool Take(char c) {
    if (*at_ != c) return false;
    ++at_;
    return true;
  }
  void Space() {
    if (*at_ == ' ') ++at_;
  }
  bool Literal(std::string_view text) {
    if (std::memcmp(at_, text.data(), text.size()) != 0) return false;
    at_ += text.size();
    return true;
  }
  bool Null() { return *at_ == 'n' && Literal("null"); }

  void SkipText() { at_ = json::SkipTextBytes(at_, high_); }

  // Without escapes: the text is its bytes.
  bool PlainText(std::string_view& text) {
    if (!Take('"')) return false;
    const char* begin = at_;
    SkipText();
    text = {begin, static_cast<std::size_t>(at_ - begin)};
    return Take('"');
  }
  bool PlainOrNull(std::optional<std::string_view>& text) {
    if (Null()) return true;
    std::string_view view;
    if (!PlainText(view)) return false;
    text = view;
    return true;
  }
  // With the escapes of one letter; \u is left to the parser.
  bool PassText() {
    if (Null()) return true;
    if (!Take('"')) return false;
    for (;;) {
      SkipText();
      if (Take('"')) return true;
      if (!Take('\\')) return false;
      switch (*at_) {
        case '"':
        case '\\':
        case '/':
        case 'b':
        case 'f':
        case 'n':
        case 'r':
        case 't':
          ++at_;
          break;
        default:
          return false;
      }
    }
  }

  bool Digits(std::size_t most) {
    const char* begin = at_;
    while (*at_ >= '0' && *at_ <= '9') ++at_;
    const auto n = static_cast<std::size_t>(at_ - begin);
    return n >= 1 && n <= most;
  }
  // -?(0|[1-9][0-9]*)
  bool Whole() {
    if (*at_ == '-') ++at_;
    const char first = *at_;
    const char* begin = at_;
    return Digits(18) && (first != '0' || at_ - begin == 1);
  }
  bool Count(std::optional<std::int64_t>& value) {
    if (Null()) return true;
    const char* begin = at_;
    if (!Whole() || *at_ == '.' || *at_ == 'e' || *at_ == 'E') return false;
    std::int64_t number = 0;
    std::from_chars(begin, at_, number);
    value = number;
    return true;
  }
  bool Amount(std::optional<double>& value) {
    if (Null()) return true;
    const char* begin = at_;
    double number = 0;
    if (!Number() || std::from_chars(begin, at_, number).ec != std::errc()) return false;
    value = number;
    return true;
  }
  bool Number() {
    if (!Whole()) return false;
    if (Take('.') && !Digits(30)) return false;
    if (*at_ == 'e' || *at_ == 'E') {
      ++at_;
      if (*at_ == '+' || *at_ == '-') ++at_;
      if (!Digits(2)) return false;
    }
    return true;
  }
  bool Between(int low, int high, int& value) {
    const char* begin = at_;
    if (!Whole() || at_ - begin > 9 || *at_ == '.' || *at_ == 'e' || *at_ == 'E') return false;
    std::from_chars(begin, at_, value);
    return value >= low && value <= high;
  }

  bool Scores() {
    if (Null()) return true;
    if (!Take('{')) return false;
    if (Take('}')) return true;
    do {
      Space();
      std::string_view name;
      if (!PlainText(name)) return false;
      Space();
      if (!Take(':')) return false;
      Space();
      if (Null()) return false;  // rare: left to the parser
      const char* begin = at_;
      if (!Number()) return false;
      double value = 0;
      if (at_ - begin == 1) {
        value = *begin - '0';
      } else if (std::from_chars(begin, at_, value).ec != std::errc()) {
        return false;
      }
      if (!row_.scores.empty() && row_.scores.back().first >= name) return false;  // ascending, each once
      row_.scores.emplace_back(name, value);
      Space();
    } while (Take(','));
    return Take('}');
  }

  bool Segments() {
    if (Null()) return true;
    if (!Take('{')) return false;
    if (Take('}')) return true;
    do {
      Space();
      std::string_view dimension, value;
      if (!PlainText(dimension)) return false;
      Space();
      if (!Take(':')) return false;
      Space();
      if (!PlainText(value)) return false;
      if (!row_.segments.empty() && row_.segments.back().first >= dimension) return false;
      row_.segments.emplace_back(dimension, value);
      Space();
    } while (Take(','));
    return Take('}');
  }

  bool ReadOutcome() {
    static constexpr std::array<std::pair<std::string_view, Outcome>, 4> kOutcomes = {
        {{"\"pass\"", Outcome::kPass},
         {"\"fail\"", Outcome::kFail},
         {"\"model_error\"", Outcome::kModelError},
         {"\"infra_error\"", Outcome::kInfraError}}};
    for (const auto& [text, outcome] : kOutcomes) {
      if (!Literal(text)) continue;
      row_.outcome = outcome;
      return true;
    }
    return false;
  }

  bool Value(Key key) {
    int ignored = 0;
    switch (key) {
      case kRecord:
        return Literal("\"case\"");
      case kCaseId:
        return PlainText(row_.case_id) && !row_.case_id.empty();
      case kRepeat:
        return Between(1, kMaxRepeats, row_.repeat);
      case kOutcome:
        return ReadOutcome();
      case kScores:
        return Scores();
      case kSegments:
        return Segments();
      case kCluster:
        return PlainOrNull(row_.cluster);
      case kPromptSha256:
        return PlainOrNull(row_.prompt_sha256);
      case kResponseModel:
        return PlainOrNull(row_.response_model);
      case kSystemFingerprint:
        return PlainOrNull(row_.system_fingerprint);
      case kFinishReason:
      case kOutput:
      case kError:
        return PassText();
      case kInputTokens:
        return Count(row_.input_tokens);
      case kOutputTokens:
        return Count(row_.output_tokens);
      case kCostUsd:
        return Amount(row_.cost_usd);
      case kLatencyMs:
        return Amount(row_.latency_ms);
      case kDueLatencyMs:
        return Amount(row_.due_latency_ms);
      case kTtftMs:
        return Amount(row_.ttft_ms);
      case kTokensPerS:
        return Amount(row_.tokens_per_s);
      case kAttempts:
        return Between(0, 1000000000, ignored);
      case kKeys:
        break;
    }
    return false;
  }

  const char* at_;
  const char* end_;
  std::string_view line_;
  RowFields& row_;
  unsigned seen_ = 0;
  bool high_ = false;
};

}  // namespace

bool ScanRow(std::string_view line, RowFields& row) {
  row.Clear();
  return Scanner(line, row).Run() && OutcomeFits(row);
}

bool OutcomeFits(const RowFields& row) {
  for (const auto& [name, value] : row.scores) {
    if (name == "pass") return value == (row.outcome == Outcome::kPass ? 1.0 : 0.0);
  }
  return true;
}

}  // namespace minslice::log
