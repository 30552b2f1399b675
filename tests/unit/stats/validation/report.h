// docs/validation.md, line by line: a published or independently computed figure, ours, and the tolerance.
#ifndef MINSLICE_UNIT_STATS_VALIDATION_REPORT_H_
#define MINSLICE_UNIT_STATS_VALIDATION_REPORT_H_

#include <string>
#include <vector>

namespace minslice::validation {

class Report {
 public:
  // `about`: what is computed, how, and where the expected figures come from.
  void Section(const std::string& title, const std::string& about);
  // Fails unless |ours - expected| <= tolerance; NaN fails. `digits`: decimals shown.
  void Check(const std::string& figure, double expected, double ours, double tolerance, int digits = 4);
  // Fails unless ours <= bound.
  void AtMost(const std::string& figure, double bound, double ours, int digits = 4);

  std::string Markdown() const;
  int failures() const { return failures_; }
  int checks() const { return checks_; }

 private:
  void Row(const std::string& figure, const std::string& expected, const std::string& ours,
           const std::string& tolerance, bool ok);

  std::string body_;
  int checks_ = 0;
  int failures_ = 0;
};

// One function a part of the plan.
void ValidateIntervals(Report& report);    // printed intervals and tests
void ValidateCoverage(Report& report);     // coverage by enumeration
void ValidateMcNemarSize(Report& report);  // Fagerland's grid
void ValidatePower(Report& report);        // planning figures
void ValidateProportions(Report& report);  // one proportion
void ValidateSlices(Report& report);       // many slices, simulated
void ValidateRepeats(Report& report);      // repeats and clusters, simulated

}  // namespace minslice::validation

#endif  // MINSLICE_UNIT_STATS_VALIDATION_REPORT_H_
