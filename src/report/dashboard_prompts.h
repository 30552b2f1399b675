// The prompts that changed, numbered in the order in which a reader will want them and cut into the page's
// own slot and side pages.
#ifndef MINSLICE_REPORT_DASHBOARD_PROMPTS_H_
#define MINSLICE_REPORT_DASHBOARD_PROMPTS_H_

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "report/dashboard.h"
#include "report/json_fields.h"

namespace minslice::report {

struct PromptBook {
  std::unordered_map<std::string_view, std::size_t> number;  // of a case id
  std::string page_slot;                                     // JSON of those in the page
  std::vector<HtmlFile> sides;
  Json chunks;              // [{first, count, file}], in order
  std::size_t prompts = 0;  // all that changed
  std::size_t in_page = 0;
  std::size_t bytes = 0;  // of all as JSON
};

PromptBook MakePromptBook(const Verdict& verdict, const DashboardEvidence& evidence,
                          const DashboardOptions& options);

}  // namespace minslice::report

#endif  // MINSLICE_REPORT_DASHBOARD_PROMPTS_H_
