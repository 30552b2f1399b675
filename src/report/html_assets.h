// The files of src/report/html, which CMake embeds.
#ifndef MINSLICE_REPORT_HTML_ASSETS_H_
#define MINSLICE_REPORT_HTML_ASSETS_H_

#include <string_view>

namespace minslice::report {

// The text of "style.css" and the like; empty where there is none of that name.
std::string_view HtmlAsset(std::string_view file_name);

}  // namespace minslice::report

#endif  // MINSLICE_REPORT_HTML_ASSETS_H_
