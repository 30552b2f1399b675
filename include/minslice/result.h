// How expected failures travel: Result<T> holds a value or a Failure, which carries every diagnostic at once.
// Exceptions of libraries are caught in the room that uses the library and become a Failure.
#ifndef MINSLICE_RESULT_H_
#define MINSLICE_RESULT_H_

#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace minslice {

// A place in an input file. Lines and columns are 1-based; 0 means "not known" and is not printed.
struct SourcePosition {
  std::string file;
  int line = 0;
  int column = 0;  // in bytes
};

// One thing that is wrong (or odd) with an input: where, what was expected, what was found.
struct Diagnostic {
  SourcePosition where;
  std::string message;

  // "cases.jsonl:12:7: expected ..., found ..."; only the message where no file is known.
  std::string ToString() const {
    std::string text = where.file;
    // Appended piece by piece: g++ 12 at -O3 warns falsely (-Wrestrict, GCC bug 105651) of "literal" +
    // std::string&&.
    if (where.line > 0) text.append(1, ':').append(std::to_string(where.line));
    if (where.line > 0 && where.column > 0) text.append(1, ':').append(std::to_string(where.column));
    if (!text.empty()) text += ": ";
    return text + message;
  }
};

struct Failure {
  enum class Kind {
    kInput,     // the user's file, flag or data: exit 2
    kInternal,  // ours or the machine's (disk full, ...): exit 1
  };
  Kind kind = Kind::kInput;
  std::vector<Diagnostic> diagnostics;  // never empty
};

template <class T>
using Result = tl::expected<T, Failure>;

inline tl::unexpected<Failure> Fail(std::string message) {
  return tl::unexpected<Failure>(Failure{Failure::Kind::kInput, {{{}, std::move(message)}}});
}
inline tl::unexpected<Failure> FailAt(SourcePosition where, std::string message) {
  return tl::unexpected<Failure>(Failure{Failure::Kind::kInput, {{std::move(where), std::move(message)}}});
}
inline tl::unexpected<Failure> FailAll(std::vector<Diagnostic> diagnostics) {
  return tl::unexpected<Failure>(Failure{Failure::Kind::kInput, std::move(diagnostics)});
}
inline tl::unexpected<Failure> FailInternal(std::string message) {
  return tl::unexpected<Failure>(Failure{Failure::Kind::kInternal, {{{}, std::move(message)}}});
}

}  // namespace minslice

#endif  // MINSLICE_RESULT_H_
