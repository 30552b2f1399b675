// A row without its bulk: other tools put the whole prompt, documents and traces into each row, and parsing
// what nobody asked for is most of the work.
#ifndef MINSLICE_IMPORT_SKIM_H_
#define MINSLICE_IMPORT_SKIM_H_

#include <functional>
#include <string>
#include <string_view>

namespace minslice::import {

enum class Keep {
  kWhole,
  kName,  // an empty object in its place
};

inline constexpr int kSkimDeepest = 62;  // levels; more is for the parser to refuse

// Copies the members of the object in `line` to `out`, each whole or by its name alone. Of what is left out
// only strings and brackets are looked at; what is kept is for the JSON parser to judge. False: the line is
// no object in one piece, and the parser should say what it is. `line` has slack behind it, as LineSource
// gives.
bool Skim(std::string_view line,
          const std::function<Keep(std::string_view key, std::string_view value)>& keep, std::string& out);

}  // namespace minslice::import

#endif  // MINSLICE_IMPORT_SKIM_H_
