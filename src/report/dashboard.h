// The HTML dashboard of a verdict (docs/reports.md), and the trend page of several. Texts of prompts come
// from the caller, who read them from the logs that the verdict names by hash.
#ifndef MINSLICE_REPORT_DASHBOARD_H_
#define MINSLICE_REPORT_DASHBOARD_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "minslice/verdict.h"

namespace minslice::report {

struct DashboardAnswer {
  int repeat = 1;
  std::string outcome;
  std::string finish_reason, error;   // empty: none
  std::optional<std::string> output;  // nullopt: the log holds none
};

struct DashboardPrompt {
  std::string case_id;
  std::string prompt, expected;  // empty: not at hand
  std::vector<DashboardAnswer> before, after;
};

struct DashboardEvidence {
  std::vector<DashboardPrompt> prompts;  // of the cases that broke or were fixed, in any order
  std::string note;                      // why texts are missing, where they are
};

struct DashboardOptions {
  std::string stem = "report";  // the file's name without .html: side pages are <stem>.prompts-1.html, ...
  std::string verdict_path = "verdict.json";        // for the commands that the page tells to type
  std::size_t page_bytes = std::size_t{2} << 20U;   // prompts beyond these go to side pages
  std::size_t side_bytes = std::size_t{8} << 20U;   // and each of those ends there
  std::size_t text_bytes = std::size_t{64} << 10U;  // of one answer; the page says where it was cut
};

struct HtmlFile {
  std::string name;  // beside the page; empty for the page itself
  std::string bytes;
};

// The page first, then its side pages.
std::vector<HtmlFile> Dashboard(const Verdict& verdict, const DashboardEvidence& evidence,
                                const DashboardOptions& options);

// report.prompts-1.html
std::string SidePageName(const std::string& stem, std::size_t number);

struct TrendRun {
  std::string label;  // where the verdict was read from
  Verdict verdict;
};
// Runs oldest first, as given: how each slice went.
std::string TrendPage(const std::vector<TrendRun>& runs);

}  // namespace minslice::report

#endif  // MINSLICE_REPORT_DASHBOARD_H_
