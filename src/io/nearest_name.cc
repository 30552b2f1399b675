#include "io/nearest_name.h"

#include <algorithm>
#include <cctype>

#include "io/utf8.h"

namespace minslice::io {
namespace {

// Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

}  // namespace

std::optional<std::string> NearestName(std::string_view name, std::span<const std::string> candidates) {
  if (name.size() > 100) return std::nullopt;
  const std::string wanted = Lower(name);
  std::optional<std::string> nearest;
  std::size_t best = std::max<std::size_t>(1, name.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > 100) continue;
    const std::size_t distance = Distance(wanted, Lower(candidate));
    if (distance < best && distance < candidate.size()) {
      best = distance;
      nearest = candidate;
    }
  }
  if (nearest) return nearest;
  // "max" for "max_tokens", "segment" for "segments_by": a prefix that only one candidate has.
  if (wanted.size() >= 3) {
    for (const std::string& candidate : candidates) {
      const std::string lower = Lower(candidate);
      if (lower.rfind(wanted, 0) != 0 && (lower.size() < 3 || wanted.rfind(lower, 0) != 0)) continue;
      if (nearest) return std::nullopt;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string DidYouMean(std::string_view name, std::span<const std::string> candidates,
                       std::size_t list_up_to) {
  if (const auto nearest = NearestName(name, candidates)) return "; did you mean " + Quoted(*nearest) + "?";
  if (candidates.empty() || candidates.size() > list_up_to) return "";
  std::vector<std::string> sorted(candidates.begin(), candidates.end());
  std::sort(sorted.begin(), sorted.end());
  std::string text = "; known: ";
  for (std::size_t i = 0; i < sorted.size(); ++i) text += (i == 0 ? "" : ", ") + sorted[i];
  return text;
}

std::string Quoted(std::string_view text, std::size_t max_bytes) {
  std::string quoted = "\"";
  std::size_t i = 0;
  while (i < text.size() && i < max_bytes) {
    const std::size_t length = Utf8SequenceLength(text, i);
    const auto c = static_cast<unsigned char>(text[i]);
    if (length == 0) {
      quoted += "\xEF\xBF\xBD";
      ++i;
    } else if (c == '\n') {
      quoted += "\\n";
      ++i;
    } else if (c == '\t') {
      quoted += "\\t";
      ++i;
    } else if (c < 0x20 || c == 0x7F || (c == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0)) {
      quoted += "?";
      i += length;
    } else {
      quoted.append(text.substr(i, length));
      i += length;
    }
  }
  return quoted + (i < text.size() ? "...\"" : "\"");
}

}  // namespace minslice::io
