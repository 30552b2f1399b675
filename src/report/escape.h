// Text that came from a model, a suite, a log or a policy is not trusted in any sink. One named encoder a
// sink; each takes any bytes (invalid UTF-8 becomes U+FFFD first) and gives text that the sink shows and does
// not obey.
#ifndef MINSLICE_REPORT_ESCAPE_H_
#define MINSLICE_REPORT_ESCAPE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace minslice::report {

// Each maximal invalid part becomes U+FFFD.
std::string ValidUtf8(std::string_view text);

// Terminal: C0, DEL, C1, line separators, bidirectional and invisible format characters are shown as \x1b,
// \u202e, \n. ascii_only shows every character beyond ASCII that way.
std::string EscapeTerminal(std::string_view text, bool ascii_only = false);

// Markdown (GitHub): in both, what controls the terminal or the direction of text is shown as above.
// Code: a <code> element in which every ASCII character but letters, digits, space and '-' is an entity, so
// that neither Markdown, HTML, mentions, links, tables nor mathematics can begin inside. Safe in a table
// cell.
std::string MarkdownCode(std::string_view text);
// Text: a sentence of ours with foreign names in it; what could begin markup is an entity, the rest stays
// readable.
std::string MarkdownText(std::string_view text);

// HTML, as text or within a quoted attribute: control and direction characters are shown as above.
std::string EscapeHtml(std::string_view text);

// One argument of a POSIX shell command line, quoted where needed. Empty if the text cannot be shown on a
// terminal as it is (control characters), since the command would then not be what is read.
std::string ShellArgument(std::string_view text);

// Columns on a terminal: East Asian wide characters take two, combining marks none. For text that went
// through EscapeTerminal.
std::size_t DisplayWidth(std::string_view text);
// At most `width` columns; a cut ends in "…" (".." if ascii_only).
std::string CutToWidth(std::string_view text, std::size_t width, bool ascii_only = false);
// Lines of at most `width` columns, broken at spaces, or inside a word that is longer than a line.
std::vector<std::string> WrapToWidth(std::string_view text, std::size_t width);

}  // namespace minslice::report

#endif  // MINSLICE_REPORT_ESCAPE_H_
