#include "cli/help_formatter.h"

#include <algorithm>
#include <sstream>

#include "cli/figures.h"

namespace minslice::cli {
namespace {

constexpr std::size_t kWidth = 80;

// Each of the text's own lines for itself, so that lists in it stay lists.
std::string Column(const std::string& text, std::size_t width) {
  std::istringstream lines(text);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    const std::string indent(std::min(line.find_first_not_of(' '), line.size()), ' ');
    const std::string hang = indent.empty() ? "" : indent + "  ";
    out +=
        (out.empty() ? "" : "\n") + indent + Wrapped(line.substr(indent.size()), width - indent.size(), hang);
  }
  return out;
}

}  // namespace

std::string FillParagraphs(const std::string& text, std::size_t width) {
  std::istringstream lines(text);
  std::string out;
  std::string paragraph;
  const auto flush = [&] {
    if (!paragraph.empty()) out += Wrapped(paragraph, width, "") + "\n";
    paragraph.clear();
  };
  for (std::string line; std::getline(lines, line);) {
    const bool plain = !line.empty() && line.front() != ' ';
    if (plain) {
      paragraph += (paragraph.empty() ? "" : " ") + line;
      // A heading ("Example:") stands alone.
      if (line.back() == ':') flush();
    } else {
      flush();
      out += line + "\n";
    }
  }
  flush();
  if (!out.empty()) out.pop_back();
  return out;
}

std::string HelpFormatter::make_description(const CLI::App* app) const {
  const std::string text = app->get_description();
  return text.empty() ? "" : FillParagraphs(text, kWidth) + "\n";
}

std::string HelpFormatter::make_footer(const CLI::App* app) const {
  const std::string text = app->get_footer();
  return text.empty() ? "" : FillParagraphs(text, kWidth) + "\n";
}

std::string HelpFormatter::make_subcommand(const CLI::App* sub) const {
  std::stringstream out;
  CLI::detail::format_help(out, sub->get_name(), Column(sub->get_description(), kWidth - column_width_),
                           column_width_);
  return out.str();
}

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  std::string opts = Formatter::make_option_opts(option);
  // A list of choices goes on in the next line, under its brace.
  const std::size_t brace = opts.find('{');
  const std::size_t start = 2 + option->get_name(option->get_positional(), true).size();
  if (brace == std::string::npos || start + opts.size() <= kWidth) return opts;
  const std::string indent(8, ' ');
  std::size_t used = start + brace;
  for (std::size_t at = brace; at < opts.size();) {
    std::size_t end = opts.find(',', at);
    end = end == std::string::npos ? opts.size() : end + 1;
    if (used + (end - at) > kWidth) {
      opts.insert(at, "\n" + indent);
      used = indent.size();
      at += 1 + indent.size();
      end += 1 + indent.size();
    }
    used += end - at;
    at = end;
  }
  return opts;
}

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
  return Column(option->get_description(), kWidth - column_width_);
}

}  // namespace minslice::cli
