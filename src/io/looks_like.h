// What a file of the wrong kind looks like, for the one sentence that says so.
#ifndef MINSLICE_IO_LOOKS_LIKE_H_
#define MINSLICE_IO_LOOKS_LIKE_H_

#include <string>
#include <string_view>

namespace minslice::io {

inline constexpr std::string_view kLooksLikeLog = "a minslice log: it needs no import";

// By the first bytes: "promptfoo results (import promptfoo)", "CSV (...)", "a zip archive".
std::string LooksLike(std::string_view bytes);

}  // namespace minslice::io

#endif  // MINSLICE_IO_LOOKS_LIKE_H_
