// Text that came from outside, made fit for a line of a message.
#ifndef MINSLICE_RUN_PLAIN_TEXT_H_
#define MINSLICE_RUN_PLAIN_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace minslice::run {

// One line of at most `max_bytes`: control characters become spaces, a cut falls between characters.
std::string OneLine(std::string_view text, std::size_t max_bytes = 300);

// ASCII letters in lower case.
std::string Lower(std::string_view text);

// Tags out: what a proxy's HTML page says.
std::string WithoutTags(std::string_view html);

}  // namespace minslice::run

#endif  // MINSLICE_RUN_PLAIN_TEXT_H_
