// What was met before, by a hash of 128 bits of its text: entries in the order in which they came, and a
// table of their places, so that a text that was not met before costs one look.
#ifndef MINSLICE_IMPORT_CASE_TABLE_H_
#define MINSLICE_IMPORT_CASE_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "log/text_hash.h"

namespace minslice::import {

struct TextKey {
  std::uint64_t low = 0, high = 0;
  bool operator==(const TextKey&) const = default;

  static TextKey Of(std::string_view text) {
    const std::uint64_t low = log::TextHash(text), high = log::TextHash(text, 0x8ebc6af09c88c6e3U);
    return {low, high | 1U};  // never zero
  }
};

template <class Value>
class CaseTable {
 public:
  struct Entry {
    TextKey key;
    Value value;
  };

  Value* Find(const TextKey& key) {
    if (slots_.empty()) return nullptr;
    for (std::size_t at = key.low & mask_;; at = (at + 1) & mask_) {
      const Slot slot = slots_[at];
      if (slot.place == 0) return nullptr;
      if (slot.tag != Tag(key)) continue;
      Entry& entry = At(slot.place - 1);
      if (entry.key == key) return &entry.value;
    }
  }
  // `key` is not there yet.
  Value& Add(const TextKey& key, const Value& value) {
    if ((size_ + 1) * 4 > slots_.size() * 3) Grow();
    if (size_ % kBlock == 0) blocks_.push_back(std::make_unique_for_overwrite<Entry[]>(kBlock));
    Entry& entry = At(size_++);
    entry = {key, value};
    Put(key, static_cast<std::uint32_t>(size_));
    return entry.value;
  }
  void Prefetch(const TextKey& key) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[key.low & mask_]);
  }
  std::size_t size() const { return size_; }
  template <class Visit>
  void ForEach(Visit visit) const {
    for (std::size_t i = 0; i < size_; ++i) visit(At(i));
  }

 private:
  struct Slot {
    std::uint32_t tag = 0, place = 0;  // place from 1
  };
  static std::uint32_t Tag(const TextKey& key) { return static_cast<std::uint32_t>(key.high >> 32U); }

  void Put(const TextKey& key, std::uint32_t place) {
    std::size_t at = key.low & mask_;
    while (slots_[at].place != 0) at = (at + 1) & mask_;
    slots_[at] = {Tag(key), place};
  }
  void Grow() {
    slots_.assign(slots_.empty() ? 1024 : slots_.size() * 2, Slot{});
    mask_ = slots_.size() - 1;
    for (std::size_t i = 0; i < size_; ++i) Put(At(i).key, static_cast<std::uint32_t>(i + 1));
  }
  Entry& At(std::size_t i) const { return blocks_[i / kBlock][i % kBlock]; }

  static constexpr std::size_t kBlock = 1024;
  std::vector<std::unique_ptr<Entry[]>> blocks_;
  std::size_t size_ = 0;
  std::vector<Slot> slots_;
  std::size_t mask_ = 0;
};

}  // namespace minslice::import

#endif  // MINSLICE_IMPORT_CASE_TABLE_H_
