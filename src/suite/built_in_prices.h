// Files that travel in the binary; the build writes the definition (cmake/Embed.cmake).
#ifndef MINSLICE_SUITE_BUILT_IN_PRICES_H_
#define MINSLICE_SUITE_BUILT_IN_PRICES_H_

#include <string_view>

namespace minslice::suite {

// The text of "prices.yaml", which stands in configs/.
std::string_view BuiltInPriceFile(std::string_view file_name);

}  // namespace minslice::suite

#endif  // MINSLICE_SUITE_BUILT_IN_PRICES_H_
