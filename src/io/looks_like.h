// What a file of the wrong kind looks like, for the one sentence that says so.
#ifndef MINSLICE_IO_LOOKS_LIKE_H_
#define MINSLICE_IO_LOOKS_LIKE_H_

#include <initializer_list>
#include <string>
#include <string_view>

namespace minslice::io {

inline constexpr std::string_view kLooksLikeLog = "a minslice log: it needs no import";
inline constexpr std::string_view kLooksLikeVerdict = "a minslice verdict";

// By the first bytes: "promptfoo results (import promptfoo)", "CSV (...)", "a zip archive".
std::string LooksLike(std::string_view bytes);

// "expected a policy, found what looks like a suite", where the bytes look like one of `others`; else empty.
std::string WrongKind(std::string_view bytes, std::string_view wanted,
                      std::initializer_list<std::string_view> others);

}  // namespace minslice::io

#endif  // MINSLICE_IO_LOOKS_LIKE_H_
