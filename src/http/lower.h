// Names of headers and of errors in lower case: ASCII letters only.
#ifndef MINSLICE_HTTP_LOWER_H_
#define MINSLICE_HTTP_LOWER_H_

#include <string>
#include <string_view>

namespace minslice::http {

inline std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace minslice::http

#endif  // MINSLICE_HTTP_LOWER_H_
