#include "pair/wording.h"

#include <fmt/format.h>

namespace minslice::pair {
namespace {

constexpr std::size_t kNamedIds = 5;

}  // namespace

std::string Ids(const std::vector<std::string>& ids) {
  std::string text;
  for (std::size_t i = 0; i < ids.size() && i < kNamedIds; ++i) text += (i > 0 ? ", " : "") + ids[i];
  if (ids.size() > kNamedIds) text += fmt::format(" and {} more", ids.size() - kNamedIds);
  return text;
}

std::string Count(std::size_t n, std::string_view noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

}  // namespace minslice::pair
