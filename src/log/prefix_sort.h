// Sorts rows by eight bytes of each, the first byte counting most; rows of one prefix stay as they stood.
#ifndef MINSLICE_LOG_PREFIX_SORT_H_
#define MINSLICE_LOG_PREFIX_SORT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace minslice::log {

struct PrefixedRow {
  std::uint64_t prefix;
  std::uint32_t row;
};

// Byte by byte from the last one on, without those that are the same in all rows.
inline void SortByPrefix(std::vector<PrefixedRow>& rows) {
  constexpr std::size_t kBytes = 8, kValues = 256;
  std::array<std::array<std::uint32_t, kValues>, kBytes> counts{};
  for (const PrefixedRow& row : rows) {
    for (std::size_t byte = 0; byte < kBytes; ++byte) ++counts[byte][row.prefix >> (8 * byte) & 0xffU];
  }
  std::vector<PrefixedRow> sorted(rows.size());
  for (std::size_t byte = 0; byte < kBytes; ++byte) {
    std::array<std::uint32_t, kValues>& at = counts[byte];
    if (rows.empty() || at[rows.front().prefix >> (8 * byte) & 0xffU] == rows.size()) continue;
    std::uint32_t before = 0;
    for (std::uint32_t& value : at) {
      const std::uint32_t n = value;
      value = before;
      before += n;
    }
    for (const PrefixedRow& row : rows) sorted[at[row.prefix >> (8 * byte) & 0xffU]++] = row;
    rows.swap(sorted);
  }
}

}  // namespace minslice::log

#endif  // MINSLICE_LOG_PREFIX_SORT_H_
