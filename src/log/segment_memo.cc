#include "log/segment_memo.h"

#include "log/text_hash.h"

namespace minslice::log {
namespace {

constexpr std::size_t kMostEntries = std::size_t{1} << 16U;
constexpr std::size_t kMostBytes = std::size_t{1} << 23U;
constexpr std::size_t kFirstSlots = 1024;

}  // namespace

std::uint32_t SegmentMemo::Find(std::string_view bytes) const {
  if (slots_.empty()) return kNone;
  for (std::size_t slot = TextHash(bytes);; ++slot) {
    const std::uint32_t number = slots_[slot & (slots_.size() - 1)];
    if (number == kNone || entries_[number]->bytes == bytes) return number;
  }
}

void SegmentMemo::Place(std::uint32_t number) {
  std::size_t slot = TextHash(entries_[number]->bytes) & (slots_.size() - 1);
  while (slots_[slot] != kNone) slot = (slot + 1) & (slots_.size() - 1);
  slots_[slot] = number;
}

std::uint32_t SegmentMemo::Add(std::string_view bytes, SegmentViews segments, bool high) {
  if (entries_.size() == kMostEntries || held_ + bytes.size() > kMostBytes) return kNone;
  held_ += bytes.size();
  const auto number = static_cast<std::uint32_t>(entries_.size());
  entries_.push_back(std::make_unique<Entry>());
  Entry& entry = *entries_.back();
  entry.bytes = bytes;
  entry.high = high;
  for (const auto& [dimension, value] : segments) {
    const auto own = [&](std::string_view text) {
      return std::string_view(entry.bytes)
          .substr(static_cast<std::size_t>(text.data() - bytes.data()), text.size());
    };
    entry.segments.emplace_back(own(dimension), own(value));
  }
  // At most half full, so that a search ends soon.
  if (slots_.size() < entries_.size() * 2) {
    slots_.assign(slots_.empty() ? kFirstSlots : slots_.size() * 2, kNone);
    for (std::uint32_t other = 0; other < number; ++other) Place(other);
  }
  Place(number);
  return number;
}

}  // namespace minslice::log
