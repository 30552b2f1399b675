#include "cli/completion.h"

#include <fmt/format.h>

namespace minslice::cli {
namespace {

template <class Visit>
void ForEachCommand(const CommandTree& tree, const Visit& visit) {
  visit(tree);
  for (const CommandTree& command : tree.commands) ForEachCommand(command, visit);
}

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

// Words that may stand next: commands and flags, and the choices of positionals.
std::string Words(const CommandTree& tree) {
  std::vector<std::string> words;
  for (const CommandTree& command : tree.commands) words.push_back(command.path.back());
  for (const CommandFlag& positional : tree.positionals)
    words.insert(words.end(), positional.choices.begin(), positional.choices.end());
  for (const CommandFlag& flag : tree.flags) words.insert(words.end(), flag.names.begin(), flag.names.end());
  return Joined(words);
}

// For a single-quoted word of sh and zsh.
std::string Quoted(const std::string& text) {
  std::string out = "'";
  for (const char ch : text) out += ch == '\'' ? std::string("'\\''") : std::string(1, ch);
  return out + "'";
}

// Inside a spec of zsh's _arguments.
std::string ZshEscaped(const std::string& text) {
  std::string out;
  for (const char ch : text) {
    if (ch == '[' || ch == ']' || ch == ':' || ch == '\\') out += '\\';
    out += ch;
  }
  return out;
}

std::string ZshAction(const CommandFlag& flag) {
  return flag.choices.empty() ? "_files" : "(" + Joined(flag.choices) + ")";
}

std::string FishQuoted(const std::string& text) {
  std::string out = "'";
  for (const char ch : text) {
    if (ch == '\'' || ch == '\\') out += '\\';
    out += ch;
  }
  return out + "'";
}

}  // namespace

std::string BashCompletion(const CommandTree& tree) {
  std::string paths;
  std::string values;
  std::string words;
  ForEachCommand(tree, [&](const CommandTree& command) {
    const std::string path = Joined(command.path);
    for (const CommandTree& inner : command.commands)
      paths += fmt::format("{}'{}|{}'", paths.empty() ? "" : " | ", path, inner.path.back());
    words += fmt::format("    '{}') words='{}' ;;\n", path, Words(command));
    for (const CommandFlag& flag : command.flags) {
      if (flag.value.empty()) continue;
      for (const std::string& name : flag.names)
        values += fmt::format("    '{}|{}') words='{}' value=1 ;;\n", path, name, Joined(flag.choices));
    }
  });
  return fmt::format(R"(# bash completion of minslice, made by: minslice completion bash
_minslice() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}} path='' words='' value='' i
  # bash takes "--format=json" for three words.
  if [[ $cur == = ]]; then
    cur=''
  elif [[ $prev == = ]]; then
    prev=${{COMP_WORDS[COMP_CWORD - 2]}}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path|${{COMP_WORDS[i]}}" in
    {}) path=${{path:+$path }}${{COMP_WORDS[i]}} ;;
    esac
  done
  case "$path|$prev" in
{}  esac
  if [[ -z $value ]]; then
    case "$path" in
{}    esac
    # Flags only where one was begun; files come from bash itself where nothing fits.
    if [[ $cur != -* ]]; then
      local word kept=''
      for word in $words; do [[ $word == -* ]] || kept+=" $word"; done
      words=$kept
    fi
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}}
complete -o bashdefault -o default -F _minslice minslice
)",
                     paths, values, words);
}

std::string ZshCompletion(const CommandTree& tree) {
  std::string out = "#compdef minslice\n# zsh completion of minslice, made by: minslice completion zsh\n";
  ForEachCommand(tree, [&](const CommandTree& command) {
    const std::string name = "_minslice" + (command.path.empty() ? "" : "_" + Joined(command.path, "_"));
    out += fmt::format("\n{}() {{\n", name);
    if (!command.commands.empty()) out += "  local line state\n";
    out += fmt::format("  _arguments{}", command.commands.empty() ? "" : " -C");
    for (const CommandFlag& flag : command.flags) {
      for (const std::string& flag_name : flag.names) {
        std::string spec = flag_name + "[" + ZshEscaped(FirstLine(flag.description)) + "]";
        if (!flag.value.empty()) spec += ":" + ZshEscaped(flag.value) + ":" + ZshAction(flag);
        out += " \\\n    " + Quoted((flag.many ? "*" : "") + spec);
      }
    }
    if (command.commands.empty()) {
      for (std::size_t i = 0; i < command.positionals.size(); ++i) {
        const CommandFlag& positional = command.positionals[i];
        const std::string place = positional.many ? "*" : std::to_string(i + 1);
        out += " \\\n    " + Quoted(fmt::format("{}:{}:{}", place, ZshEscaped(positional.names.front()),
                                                ZshAction(positional)));
      }
      out += "\n}\n";
      return;
    }
    out +=
        " \\\n    '1: :->command' \\\n    '*:: :->inner'\n  case $state in\n  command)\n    local -a "
        "commands=(\n";
    for (const CommandTree& inner : command.commands) {
      std::string text = inner.path.back() + ":" + FirstLine(inner.description);
      out += "      " + Quoted(text) + "\n";
    }
    out += "    )\n    _describe command commands\n    ;;\n  inner)\n    case $line[1] in\n";
    for (const CommandTree& inner : command.commands)
      out += fmt::format("    {}) _minslice_{} ;;\n", inner.path.back(), Joined(inner.path, "_"));
    out += "    esac\n    ;;\n  esac\n}\n";
  });
  // Sourced, it registers itself; autoloaded, it is the function's body.
  return out +
         "\nif [[ $funcstack[1] == _minslice ]]; then\n  _minslice \"$@\"\nelse\n  compdef _minslice "
         "minslice\nfi\n";
}

std::string FishCompletion(const CommandTree& tree) {
  std::string paths;
  std::string lines;
  ForEachCommand(tree, [&](const CommandTree& command) {
    const std::string path = Joined(command.path);
    for (const CommandTree& inner : command.commands)
      paths += fmt::format(" {}", FishQuoted(path + "|" + inner.path.back()));
    const std::string at =
        fmt::format("complete -c minslice -n {}", FishQuoted("__minslice_at " + FishQuoted(path)));
    for (const CommandTree& inner : command.commands)
      lines +=
          fmt::format("{} -f -a {} -d {}\n", at, inner.path.back(), FishQuoted(FirstLine(inner.description)));
    for (const CommandFlag& positional : command.positionals) {
      if (!positional.choices.empty())
        lines += fmt::format("{} -a {}\n", at, FishQuoted(Joined(positional.choices)));
    }
    for (const CommandFlag& flag : command.flags) {
      lines += at;
      for (const std::string& name : flag.names)
        lines += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (!flag.value.empty())
        lines += flag.choices.empty() ? " -r -F" : " -x -a " + FishQuoted(Joined(flag.choices));
      lines += " -d " + FishQuoted(FirstLine(flag.description)) + "\n";
    }
  });
  return fmt::format(R"(# fish completion of minslice, made by: minslice completion fish
function __minslice_at
    set -l path ''
    for word in (commandline -opc)[2..-1]
        if contains -- "$path|$word"{}
            set path (string trim -- "$path $word")
        end
    end
    test "$path" = "$argv[1]"
end
{})",
                     paths, lines);
}

}  // namespace minslice::cli
