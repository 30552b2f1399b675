// Encoders for the places that programs read (for those that people read see report/escape.h). Each takes any
// bytes: what steers a terminal or hides is shown as \x1b, \u202e first, since these files are also looked
// at.
#ifndef MINSLICE_REPORT_MACHINE_ESCAPE_H_
#define MINSLICE_REPORT_MACHINE_ESCAPE_H_

#include <string>
#include <string_view>

namespace minslice::report {

// RFC 4180 cell. A text that a spreadsheet would take for a formula gets an apostrophe before it; line breaks
// and tabs stay. For texts only: numbers are written as they are.
std::string CsvText(std::string_view text);

// Text or attribute value of XML 1.0: no character that XML does not allow, nothing that ends a section.
std::string XmlText(std::string_view text);

// GitHub's workflow commands, "::error file=PROPERTY::DATA".
std::string WorkflowData(std::string_view text);
std::string WorkflowProperty(std::string_view text);

// Value of a Prometheus label, without its quotes.
std::string MetricLabel(std::string_view text);

}  // namespace minslice::report

#endif  // MINSLICE_REPORT_MACHINE_ESCAPE_H_
