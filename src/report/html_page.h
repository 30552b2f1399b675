// One self-contained HTML file: style and script embedded, their hashes in the Content-Security-Policy, data
// in JSON slots. No network, no inline style or handler; the page opens from disk.
#ifndef MINSLICE_REPORT_HTML_PAGE_H_
#define MINSLICE_REPORT_HTML_PAGE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report/json_fields.h"

namespace minslice::report {

struct HtmlPage {
  std::string title;                                       // unescaped
  std::string body;                                        // HTML
  std::vector<std::pair<std::string, std::string>> slots;  // id, JSON from ScriptJson
  bool frames = false;                                     // may load the side pages that lie beside it
};

std::string RenderPage(const HtmlPage& page);

// Text of ours or of others for a place in the body, cut to so many columns.
std::string HtmlText(std::string_view text, std::size_t columns = 2000);

// The fields that filter the table of slices; the script shows them.
std::string FilterControls(const char* status_label);

// JSON for a <script type="application/json">: ASCII, and nothing in it can end the element.
std::string ScriptJson(const Json& json);

// What a link may hold: every byte but letters, digits and "-_.~" as %XX.
std::string PercentEncode(std::string_view text);

// 'sha256-...' of a style or script, as a Content-Security-Policy names it.
std::string SourceHash(std::string_view text);

}  // namespace minslice::report

#endif  // MINSLICE_REPORT_HTML_PAGE_H_
