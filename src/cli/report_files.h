// The reports that a verdict is written as: names, flags, files, one table for `gate --out` and `report`.
#ifndef MINSLICE_CLI_REPORT_FILES_H_
#define MINSLICE_CLI_REPORT_FILES_H_

#include <span>
#include <string>
#include <vector>

#include "cli/session.h"
#include "io/staged_file.h"
#include "minslice/verdict.h"

namespace minslice::cli {

struct ReportKind {
  const char* format;  // --format FORMAT and the flag --FORMAT FILE of report
  const char* file;    // in the folder of gate --out
  const char* help;
  // `verdict_path` is for the commands that a report tells to type.
  std::string (*render)(const Verdict& verdict, const std::string& verdict_path);
};

// verdict.json last: who finds it finds the others.
std::span<const ReportKind> ReportKinds();
const ReportKind* FindReportKind(const std::string& format);  // nullptr where there is none

// The formats for standard output; text is drawn for the terminal by the caller.
std::vector<std::string> ReportFormats();

// False, with a report, where one of the outputs is one of the inputs by any name: nothing is written over
// evidence. Inputs may be FORMAT:FILE#flag=value.
bool OutputsAreNoInputs(std::span<const std::string> outputs, std::span<const std::string> inputs,
                        Session& session);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_REPORT_FILES_H_
