// Whole numbers for people: thousands apart.
#ifndef MINSLICE_IO_GROUPED_H_
#define MINSLICE_IO_GROUPED_H_

#include <cstdint>
#include <string>

namespace minslice::io {

std::string Grouped(std::int64_t n);                        // 10,830
std::string Many(std::int64_t n, const std::string& noun);  // "1 pair", "1,289 pairs"

}  // namespace minslice::io

#endif  // MINSLICE_IO_GROUPED_H_
