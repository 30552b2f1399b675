// The segments of a log's rows repeat: the bytes of a `segments` object that was read once are known again
// by comparison, and need no second reading.
#ifndef MINSLICE_LOG_SEGMENT_MEMO_H_
#define MINSLICE_LOG_SEGMENT_MEMO_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace minslice::log {

using SegmentViews = std::span<const std::pair<std::string_view, std::string_view>>;

class SegmentMemo {
 public:
  static constexpr std::uint32_t kNone = static_cast<std::uint32_t>(-1);

  // The number of these bytes, behind which 15 more can be read, from 0, or kNone.
  std::uint32_t Find(std::string_view bytes) const;
  // `segments` are views into `bytes`; `high`: not all of them are ASCII, and whether they are UTF-8 is not
  // known. kNone where there is no room for more: the memo stays small.
  std::uint32_t Add(std::string_view bytes, SegmentViews segments, bool high);
  SegmentViews segments(std::uint32_t number) const { return known_[number].segments; }
  bool high(std::uint32_t number) const { return known_[number].high; }

 private:
  struct Entry {
    std::string bytes;                                                    // with zeros behind them
    std::vector<std::pair<std::string_view, std::string_view>> segments;  // into `bytes`
  };
  struct Known {
    SegmentViews segments;
    bool high = false;
  };
  // Short bytes stand in it, so that a set is found with one line of the cache.
  struct alignas(64) Slot {
    static constexpr std::size_t kInline = 48;  // compared by sixteen
    std::uint32_t hash = 0, number = kNone, size = 0;
    std::array<char, kInline> bytes = {};
  };
  void Place(std::uint32_t number);

  std::vector<std::unique_ptr<Entry>> entries_;
  std::vector<Known> known_;  // of the entries, for all rows to come
  std::vector<Slot> slots_;   // by hash; the next one where it is taken
  std::size_t held_ = 0;      // bytes
};

}  // namespace minslice::log

#endif  // MINSLICE_LOG_SEGMENT_MEMO_H_
