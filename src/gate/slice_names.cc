#include "gate/slice_names.h"

#include <fmt/format.h>

#include <cstddef>

namespace minslice::gate {

bool MatchesPattern(std::string_view pattern, std::string_view name) {
  // The last '*' seen takes one byte more each time the rest does not fit.
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t taken = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++taken;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool Names(const RequiredSlice& required, const std::string& dimension, const std::string& value,
           const std::string& family) {
  if (!required.dimension.empty() && required.dimension != dimension) return false;
  if (!family.empty() && required.value == family + "/*") return true;
  return required.value.ends_with('*') ? MatchesPattern(required.value, value) : value == required.value;
}

const SegmentOverride* OverrideOf(const SegmentPolicy& policy, const std::string& dimension,
                                  const std::string& value) {
  const SegmentOverride* best = nullptr;
  for (const SegmentOverride& candidate : policy.overrides) {
    if (!candidate.dimension.empty() && candidate.dimension != dimension) continue;
    if (candidate.value == value) return &candidate;
    if (candidate.value.find('*') == std::string::npos || !MatchesPattern(candidate.value, value)) continue;
    if (best == nullptr || candidate.value.size() > best->value.size()) best = &candidate;
  }
  return best;
}

std::string Place(const SourcePosition& where) {
  if (where.file.empty() || where.line == 0) return "";
  return fmt::format(" ({}:{}:{})", where.file, where.line, where.column);
}

}  // namespace minslice::gate
