// --help in lines of 80 columns: descriptions, lists of choices and paragraphs are wrapped; examples
// (indented lines) stay as they are.
#ifndef MINSLICE_CLI_HELP_FORMATTER_H_
#define MINSLICE_CLI_HELP_FORMATTER_H_

#include <CLI/CLI.hpp>
#include <string>

namespace minslice::cli {

class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_description(const CLI::App* app) const override;
  std::string make_footer(const CLI::App* app) const override;
  std::string make_subcommand(const CLI::App* sub) const override;
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
};

// Paragraphs of plain lines filled to `width`; indented lines and empty ones kept.
std::string FillParagraphs(const std::string& text, std::size_t width);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_HELP_FORMATTER_H_
