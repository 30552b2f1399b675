// UTF-8 as bytes that cannot be trusted.
#ifndef MINSLICE_IO_UTF8_H_
#define MINSLICE_IO_UTF8_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "minslice/result.h"

namespace minslice::io {

// Length of the well-formed UTF-8 sequence at `text[at]` (RFC 3629: no overlong forms, no surrogates), or 0.
std::size_t Utf8SequenceLength(std::string_view text, std::size_t at);
// Offset of the first ill-formed byte, or npos.
std::size_t FirstInvalidUtf8(std::string_view text);
// Every maximal ill-formed part becomes one U+FFFD.
std::string ReplaceInvalidUtf8(std::string_view text);
void AppendUtf8(char32_t code_point, std::string& text);
// Line and column (in bytes), 1-based, of an offset.
SourcePosition PositionOfOffset(std::string_view text, std::size_t offset, const std::string& file);
// Without a byte order mark at the start.
std::string_view SkipByteOrderMark(std::string_view text);

}  // namespace minslice::io

#endif  // MINSLICE_IO_UTF8_H_
