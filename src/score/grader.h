// Grades one answer: (case, output) -> pass or fail. Pure; the output is untrusted text.
#ifndef MINSLICE_SCORE_GRADER_H_
#define MINSLICE_SCORE_GRADER_H_

#include <memory>
#include <string>
#include <string_view>

#include "minslice/case.h"
#include "minslice/result.h"
#include "suite/suite.h"

namespace minslice::score {

struct Grade {
  bool pass = false;
  bool model_error = false;  // the answer cannot be read as what was asked for, e.g. json_match of text that is no JSON
  std::string note;          // why, in a few words; empty for a plain pass or fail
};

class Grader {
 public:
  virtual ~Grader() = default;
  virtual Grade GradeOutput(const Case& c, std::string_view output) const = 0;
};

// Checks the spec and every case's expected value against it (a bad regex, expected missing): all errors at once.
Result<std::unique_ptr<Grader>> MakeGrader(const suite::Suite& suite);

}  // namespace minslice::score

#endif  // MINSLICE_SCORE_GRADER_H_
