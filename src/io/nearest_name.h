// "did you mean": the known name that is nearest to a mistyped one.
#ifndef MINSLICE_IO_NEAREST_NAME_H_
#define MINSLICE_IO_NEAREST_NAME_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace minslice::io {

// By edit distance (a swap of neighbours counts one), case ignored; nothing if no candidate is near: at most
// a third of the name's length, at least one. The first of equally near candidates wins.
std::optional<std::string> NearestName(std::string_view name, std::span<const std::string> candidates);

// "; did you mean \"segments\"?" or, where nothing is near and there are at most `list_up_to` candidates,
// "; known: a, b, c"; otherwise empty. To be appended to a message.
std::string DidYouMean(std::string_view name, std::span<const std::string> candidates,
                       std::size_t list_up_to = 12);

// The text in double quotes for an error message: cut to `max_bytes` (at a UTF-8 boundary) and with control
// characters and invalid UTF-8 replaced, because what stands in a file is not trusted on a terminal.
std::string Quoted(std::string_view text, std::size_t max_bytes = 60);

}  // namespace minslice::io

#endif  // MINSLICE_IO_NEAREST_NAME_H_
