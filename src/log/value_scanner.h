// The values of a case record, read where they stand, without a tree: what row_scanner.cc reads lines with.
// It only says yes to what it knows to be good.
#ifndef MINSLICE_LOG_VALUE_SCANNER_H_
#define MINSLICE_LOG_VALUE_SCANNER_H_

#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "json/text_scan.h"
#include "log/row_fields.h"
#include "log/row_scanner.h"
#include "log/segment_memo.h"

namespace minslice::log {

// Of a case record, in the order in which they are written.
enum FieldKey : unsigned {
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

inline std::uint64_t Word(const char* at) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, at, sizeof bytes);
  return bytes;
}

// Powers of ten that a double holds exactly.
inline constexpr std::array<std::uint64_t, 8> kWholeTens = {1,     10,     100,     1000,
                                                            10000, 100000, 1000000, 10000000};
inline constexpr std::array<double, 23> kTens = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

class ValueScanner {
 public:
  // There is slack behind `end`, and nothing that can be read over at it. Segments are looked up in `memo`.
  ValueScanner(const char* at, const char* end, RowFields& row, SegmentMemo& memo)
      : at_(at), end_(end), row_(row), memo_(memo) {}

  const char* at() const { return at_; }
  bool high() const { return high_; }  // a byte that is not ASCII was met
  void Skip(std::size_t bytes) { at_ += bytes; }

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
    text.reset();
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
  // The digits that stand here, where they are one to seven: eight bytes at once. 0: some other number of
  // them.
  unsigned FewDigits(std::uint64_t& value) {
    const std::uint64_t bytes = Word(at_) ^ 0x3030303030303030U;  // a digit is its own value now
    const std::uint64_t others = (bytes | (bytes + 0x7676767676767676U)) & 0x8080808080808080U;
    const unsigned n = others == 0 ? 8 : static_cast<unsigned>(std::countr_zero(others)) / 8;
    if (n == 0 || n == 8) return 0;
    // Moved up so that zeros stand before them; then pairs, fours and all eight are put together.
    std::uint64_t v = bytes << (64 - 8 * n);
    v = v * 10 + (v >> 8U);
    value = ((v & 0x000000ff000000ffU) * 0x000f424000000064U +
             ((v >> 16U) & 0x000000ff000000ffU) * 0x0000271000000001U) >>
            32U;
    at_ += n;
    return n;
  }
  bool Count(std::optional<std::int64_t>& value) {
    value.reset();
    if (Null()) return true;
    const char* start = at_;
    std::uint64_t few = 0;
    const unsigned n = FewDigits(few);
    if (n > 0 && (*start != '0' || n == 1) && *at_ != '.' && *at_ != 'e' && *at_ != 'E') {
      value = static_cast<std::int64_t>(few);
      return true;
    }
    at_ = start;
    const bool minus = *at_ == '-';
    const char* begin = at_ + (minus ? 1 : 0);
    if (!Whole() || *at_ == '.' || *at_ == 'e' || *at_ == 'E') return false;
    std::int64_t number = 0;
    for (; begin != at_; ++begin) number = number * 10 + (*begin - '0');
    value = minus ? -number : number;
    return true;
  }
  bool Amount(std::optional<double>& value) {
    value.reset();
    if (Null()) return true;
    const char* begin = at_;
    // Up to seven digits, a point, up to seven digits: see ShortNumber.
    std::uint64_t whole = 0, part = 0;
    const unsigned n = FewDigits(whole);
    if (n > 0 && *at_ == '.' && (*begin != '0' || n == 1)) {
      ++at_;
      const unsigned places = FewDigits(part);
      if (places > 0 && *at_ != 'e' && *at_ != 'E') {
        value = static_cast<double>(whole * kWholeTens[places] + part) / kTens[places];
        return true;
      }
    }
    // The same divided by ten some more times: 9.81e-05 is 981 / 10^7.
    if (n > 0 && (*begin != '0' || n == 1) && at_[-1] != '.' && at_[0] == 'e' && at_[1] == '-' &&
        at_[2] == '0' && at_[3] >= '0' && at_[3] <= '9' && (at_[4] < '0' || at_[4] > '9')) {
      const auto places = static_cast<std::size_t>(at_ - begin) - n;  // with the point
      const std::size_t tens = (places > 0 ? places - 1 : 0) + static_cast<std::size_t>(at_[3] - '0');
      const std::uint64_t digits = places > 0 ? whole * kWholeTens[places - 1] + part : whole;
      value = static_cast<double>(digits) / kTens[tens];
      at_ += 4;
      return true;
    }
    at_ = begin;
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
    row_.scores.clear();
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
    row_.segments = {};
    row_.segments_number = SegmentMemo::kNone;
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
    row_.own_segments.clear();
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
    row_.cache.reset();
    row_.deployment.reset();
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

  // Leaves nothing in the row of what it held of this key before.
  bool Value(FieldKey key) {
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
        return PlainOrNull(row_.finish_reason);
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

 private:
  const char* at_;
  const char* end_;
  RowFields& row_;
  SegmentMemo& memo_;
  bool high_ = false;
};

}  // namespace minslice::log

#endif  // MINSLICE_LOG_VALUE_SCANNER_H_
