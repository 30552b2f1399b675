#include "score/text_match.h"

#include <re2/re2.h>
#include <string.h>

#include <algorithm>

namespace minslice::score {
namespace {

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return Lower(c); });
  return lower;
}

re2::StringPiece Piece(std::string_view text) { return {text.data(), text.size()}; }

constexpr std::int64_t kRegexMemory = 64 << 20;

}  // namespace

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

bool Contains(std::string_view text, std::string_view part) {
  // string_view::find takes |text| * |part| steps at worst ("aaa...b" in "aaa..."); memmem is two-way,
  // linear.
  return part.empty() ||
         (!text.empty() && memmem(text.data(), text.size(), part.data(), part.size()) != nullptr);
}

tl::expected<std::unique_ptr<const re2::RE2>, std::string> CompileRegex(std::string_view pattern,
                                                                        bool ignore_case) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(!ignore_case);
  options.set_max_mem(kRegexMemory);
  auto regex = std::make_unique<const re2::RE2>(Piece(pattern), options);
  if (!regex->ok()) return tl::unexpected<std::string>(regex->error());
  return regex;
}

CaselessText::CaselessText(CaselessText&&) noexcept = default;
CaselessText& CaselessText::operator=(CaselessText&&) noexcept = default;
CaselessText::~CaselessText() = default;

tl::expected<CaselessText, std::string> CaselessText::Make(std::string_view text) {
  CaselessText caseless;
  if (IsAscii(text)) {
    caseless.ascii_lower_ = Lower(text);
    return caseless;
  }
  auto regex = CompileRegex(re2::RE2::QuoteMeta(Piece(text)), true);
  if (!regex) return tl::unexpected<std::string>(std::move(regex.error()));
  caseless.pattern_ = std::move(*regex);
  return caseless;
}

bool CaselessText::Equals(std::string_view other) const {
  if (pattern_) return re2::RE2::FullMatch(Piece(other), *pattern_);
  return other.size() == ascii_lower_.size() && std::equal(other.begin(), other.end(), ascii_lower_.begin(),
                                                           [](char a, char b) { return Lower(a) == b; });
}

bool CaselessText::IsIn(std::string_view text) const {
  if (pattern_) return re2::RE2::PartialMatch(Piece(text), *pattern_);
  return Contains(Lower(text), ascii_lower_);
}

}  // namespace minslice::score
