#include "log/segment_memo.h"

#include <algorithm>

#include "json/text_scan.h"
#include "log/text_hash.h"

namespace minslice::log {
namespace {

constexpr std::size_t kMostEntries = std::size_t{1} << 16U;
constexpr std::size_t kMostBytes = std::size_t{1} << 23U;
constexpr std::size_t kFirstSlots = 1024;
constexpr std::size_t kSlack = 16;

}  // namespace

std::uint32_t SegmentMemo::Find(std::string_view bytes) const {
  if (slots_.empty()) return kNone;
  const std::uint64_t hash = TextHash(bytes);
  for (std::size_t at = hash;; ++at) {
    const Slot& slot = slots_[at & (slots_.size() - 1)];
    if (slot.number == kNone) return kNone;
    if (slot.hash == static_cast<std::uint32_t>(hash >> 32U) && slot.size == bytes.size() &&
        json::SameBytes(slot.size <= Slot::kInline ? slot.bytes.data() : entries_[slot.number]->bytes.data(),
                        bytes.data(), bytes.size()))
      return slot.number;
  }
}

void SegmentMemo::Place(std::uint32_t number) {
  const std::string_view bytes(entries_[number]->bytes.data(), entries_[number]->bytes.size() - kSlack);
  const std::uint64_t hash = TextHash(bytes);
  std::size_t at = hash & (slots_.size() - 1);
  while (slots_[at].number != kNone) at = (at + 1) & (slots_.size() - 1);
  Slot& slot = slots_[at];
  slot.hash = static_cast<std::uint32_t>(hash >> 32U);
  slot.number = number;
  slot.size = static_cast<std::uint32_t>(bytes.size());
  if (bytes.size() <= Slot::kInline) std::copy(bytes.begin(), bytes.end(), slot.bytes.begin());
}

std::uint32_t SegmentMemo::Add(std::string_view bytes, SegmentViews segments, bool high) {
  if (entries_.size() == kMostEntries || held_ + bytes.size() > kMostBytes) return kNone;
  held_ += bytes.size();
  const auto number = static_cast<std::uint32_t>(entries_.size());
  entries_.push_back(std::make_unique<Entry>());
  Entry& entry = *entries_.back();
  entry.bytes.reserve(bytes.size() + kSlack);
  entry.bytes.assign(bytes).append(kSlack, '\0');
  for (const auto& [dimension, value] : segments) {
    const auto own = [&](std::string_view text) {
      return std::string_view(entry.bytes)
          .substr(static_cast<std::size_t>(text.data() - bytes.data()), text.size());
    };
    entry.segments.emplace_back(own(dimension), own(value));
  }
  known_.push_back({entry.segments, high});
  // At most half full, so that a search ends soon.
  if (slots_.size() < entries_.size() * 2) {
    slots_.assign(slots_.empty() ? kFirstSlots : slots_.size() * 2, Slot());
    for (std::uint32_t other = 0; other < number; ++other) Place(other);
  }
  Place(number);
  return number;
}

}  // namespace minslice::log
