// How findings name cases and counts.
#ifndef MINSLICE_PAIR_WORDING_H_
#define MINSLICE_PAIR_WORDING_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace minslice::pair {

std::string Ids(const std::vector<std::string>& ids);     // "r-1, r-2 and 7 more"
std::string Count(std::size_t n, std::string_view noun);  // "1 row", "12 rows"

}  // namespace minslice::pair

#endif  // MINSLICE_PAIR_WORDING_H_
