#include "log/row_scanner.h"

#include <simdjson.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

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
  kVia,
  kKeys,
};

// In the order in which they are written, so that the next key is nearly always the next of the list.
constexpr std::array<std::string_view, kKeys> kKeyTexts = {
    "record\"",         "case_id\"",      "repeat\"",        "outcome\"",        "scores\"",
    "segments\"",       "cluster\"",      "prompt_sha256\"", "response_model\"", "system_fingerprint\"",
    "finish_reason\"",  "input_tokens\"", "output_tokens\"", "cost_usd\"",       "latency_ms\"",
    "due_latency_ms\"", "ttft_ms\"",      "tokens_per_s\"",  "attempts\"",       "output\"",
    "error\"",          "via\""};

// Each key in three words, so that it is compared without a loop.
struct KeyWords {
  std::array<std::uint64_t, 3> bytes{}, mask{};
};
constexpr std::array<KeyWords, kKeys> kKeyWords = [] {
  static_assert(std::endian::native == std::endian::little);
  std::array<KeyWords, kKeys> keys{};
  for (std::size_t k = 0; k < kKeys; ++k) {
    for (std::size_t i = 0; i < kKeyTexts[k].size(); ++i) {
      keys[k].bytes.at(i / 8) |= std::uint64_t{static_cast<unsigned char>(kKeyTexts[k][i])} << (i % 8 * 8);
      keys[k].mask.at(i / 8) |= std::uint64_t{0xff} << (i % 8 * 8);
    }
  }
  return keys;
}();

std::uint64_t Word(const char* at) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, at, sizeof bytes);
  return bytes;
}

// Powers of ten that a double holds exactly.
constexpr std::array<double, 23> kTens = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                          1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                          1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

class Scanner {
 public:
  Scanner(std::string_view line, RowFields& row, SegmentMemo& memo)
      : at_(line.data()), end_(line.data() + line.size()), line_(line), row_(row), memo_(memo) {}

  bool Run() {
    if (!Take('{')) return false;
    unsigned next = 0;
    do {
      Space();
      if (!Take('"')) return false;
      unsigned key = kKeys;
      // The slack behind the line makes the comparison safe at its end.
      const std::array<std::uint64_t, 3> words = {Word(at_), Word(at_ + 8), Word(at_ + 16)};
      for (unsigned i = 0; i < kKeys; ++i) {
        const unsigned candidate = next + i < kKeys ? next + i : next + i - kKeys;
        const KeyWords& text = kKeyWords[candidate];
        if ((((words[0] ^ text.bytes[0]) & text.mask[0]) | ((words[1] ^ text.bytes[1]) & text.mask[1]) |
             ((words[2] ^ text.bytes[2]) & text.mask[2])) == 0) {
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
    const bool minus = *at_ == '-';
    const char* begin = at_ + (minus ? 1 : 0);
    if (!Whole() || *at_ == '.' || *at_ == 'e' || *at_ == 'E') return false;
    std::int64_t number = 0;
    for (; begin != at_; ++begin) number = number * 10 + (*begin - '0');
    value = minus ? -number : number;
    return true;
  }
  bool Amount(std::optional<double>& value) {
    if (Null()) return true;
    const char* begin = at_;
    if (!Number()) return false;
    double number = 0;
    if (!ShortNumber(begin, number) && std::from_chars(begin, at_, number).ec != std::errc()) return false;
    value = number;
    return true;
  }
  // Of the number's text from `begin` to here. Up to fifteen digits are a whole number that a double holds,
  // and one division by a power of ten rounds once: what every parser gives.
  bool ShortNumber(const char* begin, double& value) const {
    std::uint64_t digits = 0;
    std::size_t n = 0, places = 0;
    bool dot = false;
    for (; begin != at_; ++begin) {
      if (*begin == '.') {
        dot = true;
      } else if (*begin >= '0' && *begin <= '9') {
        digits = digits * 10 + static_cast<std::uint64_t>(*begin - '0');
        n += digits != 0 ? 1 : 0;
        places += dot ? 1 : 0;
        if (n > 15) return false;
      } else {
        return false;  // a sign or an exponent
      }
    }
    if (places >= kTens.size()) return false;
    value = static_cast<double>(digits) / kTens[places];
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
    // What nearly every row has.
    constexpr std::string_view kPass = "{\"pass\":";
    static_assert(kPass.size() == sizeof(std::uint64_t));
    std::uint64_t pass = 0;
    std::memcpy(&pass, kPass.data(), sizeof pass);
    if (Word(at_) == pass && (at_[8] == '0' || at_[8] == '1') && at_[9] == '}') {
      row_.scores.emplace_back(std::string_view(at_ + 2, 4), at_[8] - '0');
      at_ += 10;
      return true;
    }
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
    const char* begin = at_;
    // The object ends at its first brace, unless a text holds one: such an object is not in the memo, because
    // what stands there ends at a brace and was read as a whole object.
    const auto* brace = static_cast<const char*>(std::memchr(at_, '}', static_cast<std::size_t>(end_ - at_)));
    if (brace == nullptr) return false;
    const std::string_view bytes(begin, static_cast<std::size_t>(brace + 1 - begin));
    row_.segments_number = memo_.Find(bytes);
    if (row_.segments_number != SegmentMemo::kNone) {
      row_.segments = memo_.segments(row_.segments_number);
      at_ = brace + 1;
      high_ = high_ || memo_.high(row_.segments_number);
      return true;
    }
    const bool before = std::exchange(high_, false);
    if (!ReadSegments()) return false;
    row_.segments = row_.own_segments;
    if (at_ == brace + 1) row_.segments_number = memo_.Add(bytes, row_.segments, high_);
    high_ = high_ || before;
    return true;
  }
  bool ReadSegments() {
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
      if (!row_.own_segments.empty() && row_.own_segments.back().first >= dimension) return false;
      row_.own_segments.emplace_back(dimension, value);
      Space();
    } while (Take(','));
    return Take('}');
  }

  // What the gateway said of itself: texts and counts, of which only the deployment and
  // the cache are looked at.
  bool Via() {
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
      const bool counted = name == "retries" || name == "fallbacks";
      if (*at_ == '"') {
        std::string_view text;
        if (counted || !PlainText(text)) return false;
        if (name == "deployment" || name == "cache") {
          std::optional<std::string_view>& field = name == "cache" ? row_.cache : row_.deployment;
          if (field) return false;
          field = text;
        }
      } else if (!Null()) {
        std::optional<std::int64_t> count;
        if (!counted || !Count(count)) return false;
      }
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
      case kVia:
        return Via();
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
  SegmentMemo& memo_;
  unsigned seen_ = 0;
  bool high_ = false;
};

}  // namespace

bool RowScanner::Scan(std::string_view line, RowFields& row) {
  row.Clear();
  return Scanner(line, row, memo_).Run() && OutcomeFits(row);
}

bool OutcomeFits(const RowFields& row) {
  for (const auto& [name, value] : row.scores) {
    if (name == "pass") return value == (row.outcome == Outcome::kPass ? 1.0 : 0.0);
  }
  return true;
}

}  // namespace minslice::log
