#include "unit/stats/validation/report.h"

#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string_view>

namespace minslice::validation {
namespace {

std::string Fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

}  // namespace

void Report::Section(const std::string& title, const std::string& about) {
  body_ += "\n## " + title + "\n\n" + about +
           "\n\n| figure | expected | ours | tolerance | |\n| --- | ---: | ---: | ---: | --- |\n";
}

void Report::Row(const std::string& figure, const std::string& expected, const std::string& ours,
                 const std::string& tolerance, bool ok) {
  ++checks_;
  if (!ok) ++failures_;
  body_ += "| " + figure + " | " + expected + " | " + ours + " | " + tolerance + " | " +
           (ok ? "ok" : "**OFF**") + " |\n";
}

void Report::Check(const std::string& figure, double expected, double ours, double tolerance, int digits) {
  char allowed[32];
  std::snprintf(allowed, sizeof allowed, "%g", tolerance);
  Row(figure, Fixed(expected, digits), Fixed(ours, digits), allowed, std::abs(ours - expected) <= tolerance);
}

void Report::AtMost(const std::string& figure, double bound, double ours, int digits) {
  Row(figure, "<= " + Fixed(bound, digits), Fixed(ours, digits), "-", ours <= bound);
}

std::string Report::Markdown() const {
  return "# Validation: published figures against ours\n\n"
         "Made by `stats_validation` (tests/unit/stats/validation): `build/developer/bin/stats_validation "
         "docs/validation.md`. The ctest of\n"
         "the same name fails if a line is off. The 598 golden cases (tests/data/golden) and the "
         "enumerations of tests/unit/stats come on top.\n" +
         body_ + "\n" + std::to_string(checks_) + " figures, " + std::to_string(failures_) + " off.\n";
}

}  // namespace minslice::validation

// stats_validation [FILE] [--simulations]: without FILE to standard output. Simulated parts take a minute or
// two and run on request.
int main(int argc, char** argv) {
  using namespace minslice::validation;
  std::string path;
  bool simulations = false;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--simulations") {
      simulations = true;
    } else {
      path = argv[i];
    }
  }
  Report report;
  ValidateIntervals(report);
  ValidateCoverage(report);
  ValidateMcNemarSize(report);
  ValidatePower(report);
  ValidateProportions(report);
  if (simulations || !path.empty()) {
    ValidateSlices(report);
    ValidateRepeats(report);
  }
  if (path.empty()) {
    std::cout << report.Markdown();
  } else {
    std::ofstream(path) << report.Markdown();
  }
  std::cerr << report.checks() << " figures, " << report.failures() << " off\n";
  return report.failures() == 0 ? 0 : 1;
}
