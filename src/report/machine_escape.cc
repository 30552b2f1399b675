#include "report/machine_escape.h"

#include "report/escape.h"

namespace minslice::report {
namespace {

// What a spreadsheet begins a formula with, and the full-width forms that some take for the same.
bool BeginsFormula(std::string_view text) {
  if (text.empty()) return false;
  if (std::string_view("=+-@\t\r\n").find(text[0]) != std::string_view::npos) return true;
  for (const std::string_view wide : {"\uFF1D", "\uFF0B", "\uFF0D", "\uFF20"}) {
    if (text.starts_with(wide)) return true;
  }
  return false;
}

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

}  // namespace

std::string CsvText(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  for (std::size_t start = 0; start <= text.size();) {
    std::size_t end = text.find_first_of("\n\t\r", start);
    if (end == std::string_view::npos) end = text.size();
    shown += EscapeTerminal(text.substr(start, end - start));
    if (end < text.size()) shown += text[end];
    start = end + 1;
  }
  if (BeginsFormula(shown)) shown.insert(0, 1, '\'');
  if (shown.find_first_of(",\"\r\n") == std::string::npos) return shown;
  return "\"" + Replaced(std::move(shown), "\"", "\"\"") + "\"";
}

std::string XmlText(std::string_view text) {
  // U+FFFE and U+FFFF are no characters of XML; the entities are those of HTML.
  return Replaced(Replaced(EscapeHtml(text), "\uFFFE", "\\ufffe"), "\uFFFF", "\\uffff");
}

std::string WorkflowData(std::string_view text) {
  // "##[" is the older form of a command, which the runner looks for anywhere in a line.
  return Replaced(Replaced(EscapeTerminal(text), "%", "%25"), "##[", "## [");
}

std::string WorkflowProperty(std::string_view text) {
  return Replaced(Replaced(WorkflowData(text), ":", "%3A"), ",", "%2C");
}

std::string MetricLabel(std::string_view text) {
  return Replaced(Replaced(EscapeTerminal(text), "\\", "\\\\"), "\"", "\\\"");
}

}  // namespace minslice::report
