#include "cli/manual.h"

#include <fmt/format.h>

#include <string_view>

#include "minslice/exit_code.h"
#include "minslice/version.h"

namespace minslice::cli {
namespace {

// Text as roff prints it: backslashes and dashes as themselves, no line that begins as a request.
std::string Roff(std::string_view text) {
  std::string out;
  bool line_start = true;
  for (const char ch : text) {
    if (line_start && (ch == '.' || ch == '\'')) out += "\\&";
    line_start = ch == '\n';
    if (ch == '\\') {
      out += "\\e";
    } else if (ch == '-') {
      out += "\\-";
    } else {
      out += ch;
    }
  }
  return out;
}

std::string Bold(std::string_view text) { return "\\fB" + Roff(text) + "\\fR"; }
std::string Slanted(std::string_view text) { return "\\fI" + Roff(text) + "\\fR"; }

std::string Item(const std::string& term, const CommandFlag& flag) {
  std::string text = ".TP\n" + term + "\n" + (flag.description.empty() ? "\\&" : Roff(flag.description));
  // Lists in a description keep their lines.
  if (const std::size_t line = text.find("\n  "); line != std::string::npos)
    text = text.substr(0, line) + "\n.nf" + text.substr(line) + "\n.fi";
  std::string rest;
  if (flag.required) rest = "required";
  if (!flag.default_text.empty()) rest = "default: " + Roff(flag.default_text);
  return text + (rest.empty() ? "" : "\n(" + rest + ")") + "\n";
}

std::string FlagItem(const CommandFlag& flag) {
  std::string term;
  for (const std::string& name : flag.names) term += (term.empty() ? "" : ", ") + Bold(name);
  if (!flag.value.empty()) term += " " + Slanted(ValueText(flag));
  return Item(term, flag);
}

std::string Section(const char* title, const std::string& body) {
  return body.empty() ? "" : fmt::format(".SH {}\n{}", title, body);
}

std::string ExitStatus() {
  const std::pair<int, const char*> codes[] = {
      {kExitOk, "success, or verdict promote"},
      {kExitInternal, "internal failure; never a verdict"},
      {kExitUsage, "usage or input error; nothing was written"},
      {kExitHold, "verdict hold: a person decides"},
      {kExitInconclusive, "verdict inconclusive: this suite cannot tell"},
      {kExitBlocked, "verdict blocked"},
      {kExitInvalid, "verdict invalid: the evidence is not sound"},
  };
  std::string text;
  for (const auto& [code, meaning] : codes) text += fmt::format(".TP\n.B {}\n{}\n", code, meaning);
  return text;
}

}  // namespace

std::string PageName(const CommandTree& command) {
  return command.path.empty() ? "minslice" : "minslice-" + Joined(command.path, "-");
}

std::string ManualPage(const CommandTree& command, const std::string& above) {
  const std::string name = PageName(command);
  std::string title;
  for (const char ch : name) title += ch >= 'a' && ch <= 'z' ? static_cast<char>(ch - 'a' + 'A') : ch;
  // At the top the description's second sentence is advice, not a name.
  std::string brief = command.path.empty() ? "statistical eval harness and promotion gate for language models"
                                           : command.description.substr(0, command.description.find('\n'));
  std::string out = fmt::format(".TH {} 1 \"\" \"minslice {}\" \"minslice manual\"\n", Roff(title), kVersion);
  out += fmt::format(".SH NAME\n{} \\- {}\n", Roff(name), Roff(brief));

  out += ".SH SYNOPSIS\n" + Bold(command.path.empty() ? "minslice" : "minslice " + Joined(command.path));
  out += " [" + Slanted("options") + "]";
  for (const CommandFlag& positional : command.positionals) {
    const std::string text = Slanted(ValueText(positional));
    out += positional.required ? " " + text : " [" + text + "]";
  }
  if (!command.commands.empty()) out += " " + Slanted("command") + " ...";
  out += "\n";
  if (command.path.empty()) out += Section("DESCRIPTION", Roff(command.description) + "\n");

  std::string commands;
  std::string see_also = above.empty() ? "" : Bold(above) + "(1)";
  for (const CommandTree& inner : command.commands) {
    commands += ".TP\n" + Bold(inner.path.back()) + "\n" + Roff(inner.description) + "\n";
    see_also += (see_also.empty() ? "" : ",\n") + Bold(PageName(inner)) + "(1)";
  }
  std::string positionals;
  for (const CommandFlag& positional : command.positionals)
    positionals += Item(Slanted(positional.names.front()), positional);
  std::string flags;
  for (const CommandFlag& flag : command.flags) flags += FlagItem(flag);
  out += Section("COMMANDS", commands);
  out += Section("ARGUMENTS", positionals);
  out += Section("OPTIONS", flags);
  if (!command.path.empty() && !command.footer.empty())
    out += Section("NOTES", ".nf\n" + Roff(command.footer) + "\n.fi\n");
  out += Section("EXIT STATUS", ExitStatus());
  out += Section("SEE ALSO", see_also.empty() ? "" : see_also + "\n");
  return out;
}

}  // namespace minslice::cli
