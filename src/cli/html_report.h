// The files of the HTML dashboard of a verdict with the prompts of the logs that it names.
#ifndef MINSLICE_CLI_HTML_REPORT_H_
#define MINSLICE_CLI_HTML_REPORT_H_

#include <optional>
#include <string>
#include <vector>

#include "cli/session.h"
#include "io/staged_file.h"
#include "minslice/verdict.h"

namespace minslice::cli {

struct HtmlRequest {
  std::string path;             // of the page; side pages are written beside it
  std::string verdict_path;     // logs are looked for beside it too
  std::string shown_path = {};  // in the commands that the page tells to type; empty: verdict_path
  std::string suite = {};       // suite.yaml: prompts and expected answers beside the answers
  bool prompts = true;
  // A verdict was just reached on logs that may be pipes: what cannot be read again is a note.
  bool evidence_is_optional = false;
  // Set to prompts.csv of the same rows, where they could all be read.
  std::optional<std::string>* prompts_csv = nullptr;
};

// The page last, after its side pages. No value where a problem was reported.
std::optional<std::vector<io::PendingFile>> DashboardFiles(const Verdict& verdict, const HtmlRequest& request,
                                                           Session& session);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_HTML_REPORT_H_
