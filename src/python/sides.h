// A side of a comparison as Python gives it: paths of logs (or FORMAT:FILE), or columns that become a log in
// memory, so that both go the way of the command from there on.
#ifndef MINSLICE_PYTHON_SIDES_H_
#define MINSLICE_PYTHON_SIDES_H_

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "minslice/record.h"
#include "minslice/result.h"
#include "python/columns.h"

namespace minslice::python {

struct ColumnSide {
  Column scores;
  std::vector<std::string> ids;  // one a case
  // Dimensions with a value a case; "" where a case has none.
  std::vector<std::pair<std::string, std::vector<std::string>>> segments;
  std::vector<std::string> clusters;  // one a case, or empty
  std::string suite;                  // its name, by which a ledger tells suites apart
};
using Side = std::variant<std::vector<std::string>, ColumnSide>;

// The log in memory, or every error of the columns at once. `name` is "incumbent" or "candidate"; `metric`
// names the score: "pass" asks for 0 and 1. A case without a score (NaN) has no row, as one that was not run.
Result<RunLog> LogOf(const ColumnSide& side, const std::string& name, const std::string& metric);

}  // namespace minslice::python

#endif  // MINSLICE_PYTHON_SIDES_H_
