#include "log/row_form.h"

#include <simdjson.h>

#include "json/text_scan.h"
#include "log/row_scanner.h"

namespace minslice::log {
namespace {

constexpr std::size_t kSlack = 64;

// Of these keys every row is taken to have a value of its own from the start. The others are read from the
// first row on that has another value than its form.
constexpr unsigned kOwnValues = 1U << kCaseId | 1U << kRepeat | 1U << kOutcome | 1U << kScores |
                                1U << kSegments | 1U << kCluster | 1U << kPromptSha256 | 1U << kOutput |
                                1U << kVia;
// Likewise, unless they are null.
constexpr unsigned kFigures = 1U << kInputTokens | 1U << kOutputTokens | 1U << kCostUsd | 1U << kLatencyMs |
                              1U << kDueLatencyMs | 1U << kTtftMs | 1U << kTokensPerS;

}  // namespace

RowForm::RowForm(std::string_view line, const Members& members) {
  unsigned varied = kOwnValues;
  for (const Member& member : members) {
    if (line[member.begin] != 'n') varied |= kFigures & 1U << member.key;
  }
  Set(line, members, varied);
}

void RowForm::Set(std::string_view line, const Members& members, unsigned varied) {
  line_.assign(line);
  line_ += '\n';
  size_ = static_cast<std::uint32_t>(line_.size());
  line_.append(kSlack, '\0');
  members_ = members;
  varied_ = varied;
  steps_.clear();
  rest_ = 0;
  for (const Member& member : members_) {
    if ((varied_ & 1U << member.key) == 0) continue;
    steps_.push_back({member.key, rest_, member.begin - rest_});
    rest_ = member.end;
  }
}

bool RowForm::Like(std::string_view line, const Members& members) const {
  if (members.size() != members_.size()) return false;
  std::size_t here = 0, there = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Member &own = members_[i], &other = members[i];
    if (own.key != other.key ||
        std::string_view(line_).substr(here, own.begin - here) != line.substr(there, other.begin - there))
      return false;
    here = own.end;
    there = other.end;
  }
  return std::string_view(line_).substr(here, size_ - 1 - here) == line.substr(there);
}

void RowForm::Widen(std::string_view line, const Members& members) {
  unsigned varied = varied_;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Member &own = members_[i], &other = members[i];
    if (std::string_view(line_).substr(own.begin, own.end - own.begin) !=
        line.substr(other.begin, other.end - other.begin))
      varied |= 1U << own.key;
  }
  Set(line, members, varied);
}

[[gnu::flatten]] std::size_t RowForm::Read(std::string_view bytes, RowFields& row, SegmentMemo& memo) const {
  if (row.form != this) {
    // What is the same in all rows of the form.
    row.Clear();
    for (const Member& member : members_) {
      if ((varied_ & 1U << member.key) != 0) continue;
      ValueScanner scanner(line_.data() + member.begin, line_.data() + size_, row, memo);
      if (!scanner.Value(member.key)) return 0;
    }
  }
  row.form = nullptr;
  ValueScanner scanner(bytes.data(), bytes.data() + bytes.size(), row, memo);
  for (const Step& step : steps_) {
    if (!json::SameBytes(scanner.at(), line_.data() + step.begin, step.size)) return 0;
    scanner.Skip(step.size);
    if (!scanner.Value(step.key)) return 0;
  }
  if (!json::SameBytes(scanner.at(), line_.data() + rest_, size_ - rest_)) return 0;
  scanner.Skip(size_ - rest_);
  const auto size = static_cast<std::size_t>(scanner.at() - bytes.data());
  if (scanner.high() && !simdjson::validate_utf8(bytes.data(), size)) return 0;
  if (!OutcomeFits(row)) return 0;
  row.form = this;
  return size;
}

}  // namespace minslice::log
