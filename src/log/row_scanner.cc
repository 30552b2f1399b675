#include "log/row_scanner.h"

#include <simdjson.h>

#include <array>
#include <bit>
#include <cstring>

#include "log/row_form.h"
#include "log/value_scanner.h"

namespace minslice::log {
namespace {

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

constexpr unsigned kNeeded = 1U << kRecord | 1U << kCaseId | 1U << kOutcome;

// A line of which nothing is known but that it may be a case record.
bool ScanLine(std::string_view line, RowFields& row, SegmentMemo& memo, Members& members) {
  ValueScanner scanner(line.data(), line.data() + line.size(), row, memo);
  members.clear();
  unsigned seen = 0, next = 0;
  if (!scanner.Take('{')) return false;
  do {
    scanner.Space();
    if (!scanner.Take('"')) return false;
    unsigned key = kKeys;
    // The slack behind the line makes the comparison safe at its end.
    const char* at = scanner.at();
    const std::array<std::uint64_t, 3> words = {Word(at), Word(at + 8), Word(at + 16)};
    for (unsigned i = 0; i < kKeys; ++i) {
      const unsigned candidate = next + i < kKeys ? next + i : next + i - kKeys;
      const KeyWords& text = kKeyWords[candidate];
      if ((((words[0] ^ text.bytes[0]) & text.mask[0]) | ((words[1] ^ text.bytes[1]) & text.mask[1]) |
           ((words[2] ^ text.bytes[2]) & text.mask[2])) == 0) {
        key = candidate;
        break;
      }
    }
    if (key == kKeys || (seen & 1U << key) != 0) return false;
    seen |= 1U << key;
    next = key + 1 < kKeys ? key + 1 : 0;
    scanner.Skip(kKeyTexts[key].size());
    scanner.Space();
    if (!scanner.Take(':')) return false;
    scanner.Space();
    const char* value = scanner.at();
    if (!scanner.Value(static_cast<FieldKey>(key))) return false;
    members.push_back({static_cast<FieldKey>(key), static_cast<std::uint32_t>(value - line.data()),
                       static_cast<std::uint32_t>(scanner.at() - line.data())});
    scanner.Space();
  } while (scanner.Take(','));
  if (!scanner.Take('}') || scanner.at() != line.data() + line.size()) return false;
  if ((seen & kNeeded) != kNeeded) return false;
  return !scanner.high() || simdjson::validate_utf8(line.data(), line.size());
}

}  // namespace

RowScanner::RowScanner() : own_memo_(std::make_unique<SegmentMemo>()), memo_(*own_memo_) {}
RowScanner::RowScanner(SegmentMemo* memo) : memo_(*memo) {}
RowScanner::~RowScanner() = default;

bool RowScanner::Scan(std::string_view line, RowFields& row) {
  row.Clear();
  if (!ScanLine(line, row, memo_, members_) || !OutcomeFits(row)) return false;
  Learn(line);
  return true;
}

void RowScanner::Learn(std::string_view line) {
  if (lessons_ == kMostLessons) return;
  ++lessons_;
  for (const auto& form : forms_) {
    if (form->Like(line, members_)) return form->Widen(line, members_);
  }
  if (forms_.size() < kMostForms) forms_.push_back(std::make_unique<RowForm>(line, members_));
}

std::size_t RowScanner::Next(std::string_view bytes, RowFields& row) {
  for (std::size_t tried = 0; tried < forms_.size(); ++tried) {
    if (const std::size_t size = forms_[last_]->Read(bytes, row, memo_); size > 0) return size;
    last_ = last_ + 1 < forms_.size() ? last_ + 1 : 0;
  }
  return 0;
}

bool OutcomeFits(const RowFields& row) {
  for (const auto& [name, value] : row.scores) {
    if (name == "pass") return value == (row.outcome == Outcome::kPass ? 1.0 : 0.0);
  }
  return true;
}

}  // namespace minslice::log
