// Grades one answer: (case, output) -> pass or fail. Pure; the output is untrusted text.
#ifndef MINSLICE_SCORE_GRADER_H_
#define MINSLICE_SCORE_GRADER_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "minslice/case.h"
#include "minslice/result.h"
#include "suite/suite.h"

namespace minslice::score {

struct Grade {
  bool pass = false;
  // The answer cannot be read as what was asked for, e.g. json_match of text that is no JSON. A fail by
  // default (methods 2.6).
  bool model_error = false;
  std::string note;  // why, in a few words; empty for a plain pass or fail
};

class Grader {
 public:
  virtual ~Grader() = default;
  // What is wrong with a case's expected value, if anything. GradeOutput is only for cases without it.
  virtual std::optional<std::string> Check(const Case& /*c*/) const { return std::nullopt; }
  virtual Grade GradeOutput(const Case& c, std::string_view output) const = 0;
};

// Checks the spec and every case's expected value against it (a bad regex, expected missing), with every
// error at once.
// - exact_match: a text, or a number, true, false, null as JSON text; the answer is it, but for white space
//   at its ends.
// - json_match: any JSON; keys in any order, numbers by exact value; a ```json fence around the answer is
//   taken off.
// - contains: a text or a list of texts; all of them occur in the answer.
// - regex: RE2, found anywhere in the answer (^ and $ tie it to the ends); the grader's pattern or else the
//   case's expected.
//
// ignore_case folds letters of all scripts one to one. Time is linear in the answer, whatever it is.
Result<std::unique_ptr<Grader>> MakeGrader(const suite::Suite& suite);
// Without a look at cases: whoever reads them asks Check of each.
Result<std::unique_ptr<Grader>> MakeGrader(const suite::GraderSpec& spec);
// "case "x": expected ...": the problem as a diagnostic of the case.
std::string CaseProblem(const Case& c, const std::string& problem);

}  // namespace minslice::score

#endif  // MINSLICE_SCORE_GRADER_H_
