#include "cli/command_tree.h"

#include <string_view>

namespace minslice::cli {
namespace {

// The choices of a flag: CLI11 keeps a set as "{text,json}" in the type name; commands that explain their
// choices write "one of:" and a line "name: what it is" each.
std::vector<std::string> Choices(const CLI::Option& option) {
  std::vector<std::string> choices;
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  if (open != std::string::npos && type.back() == '}') {
    for (const std::string& choice : CLI::detail::split(type.substr(open + 1, type.size() - open - 2), ','))
      choices.push_back(choice);
    return choices;
  }
  const std::string& description = option.get_description();
  if (!description.starts_with("one of:\n")) return choices;
  for (const std::string& line : CLI::detail::split(description, '\n')) {
    const std::size_t start = line.find_first_not_of(' ');
    const std::size_t colon = line.find(": ");
    if (start != std::string::npos && start > 0 && colon != std::string::npos)
      choices.push_back(line.substr(start, colon - start));
  }
  return choices;
}

CommandFlag FlagOf(const CLI::Option& option) {
  CommandFlag flag;
  if (option.get_positional() && option.get_lnames().empty() && option.get_snames().empty()) {
    flag.names.push_back(option.get_name(true, false));
  } else {
    for (const std::string& name : option.get_snames()) flag.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) flag.names.push_back("--" + name);
  }
  if (option.get_items_expected_max() > 0) {
    // Validators stand behind the type's own name: "FORMAT:{text,json}", "X:[0 to 1]".
    std::string type = option.get_type_name();
    type.resize(std::min(type.size(), type.find_first_of(":{[")));
    while (type.ends_with(' ')) type.pop_back();
    flag.value = type.empty() || type == "TEXT" ? "VALUE" : type;
    flag.many = option.get_items_expected_max() > 2;
  }
  flag.choices = Choices(option);
  flag.description = option.get_description();
  flag.default_text = option.get_default_str();
  flag.required = option.get_required();
  return flag;
}

CommandTree TreeOf(const CLI::App& app, std::vector<std::string> path,
                   const std::vector<CommandFlag>& inherited) {
  CommandTree tree;
  tree.path = std::move(path);
  tree.description = app.get_description();
  tree.footer = app.get_footer();
  std::vector<CommandFlag> passed_on;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    CommandFlag flag = FlagOf(*option);
    const bool is_flag = flag.names.front().starts_with('-');
    // Every command has a --help of its own, and the version is asked for at the top only.
    if (is_flag && flag.names.back() != "--help" && flag.names.back() != "--version")
      passed_on.push_back(flag);
    (is_flag ? tree.flags : tree.positionals).push_back(std::move(flag));
  }
  tree.flags.insert(tree.flags.end(), inherited.begin(), inherited.end());
  passed_on.insert(passed_on.end(), inherited.begin(), inherited.end());
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_group().empty()) continue;
    std::vector<std::string> inner = tree.path;
    inner.push_back(command->get_name());
    tree.commands.push_back(TreeOf(*command, std::move(inner),
                                   command->get_fallthrough() ? passed_on : std::vector<CommandFlag>()));
  }
  return tree;
}

}  // namespace

CommandTree TreeOf(const CLI::App& app) { return TreeOf(app, {}, {}); }

std::string Joined(const std::vector<std::string>& words, const char* separator) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : separator) + word;
  return text;
}

std::string ValueText(const CommandFlag& flag) {
  std::string text = flag.choices.empty() ? flag.value : Joined(flag.choices, "|");
  if (!flag.names.front().starts_with('-') && flag.choices.empty() && flag.value == "VALUE")
    text = flag.names.front();
  return flag.many ? text + " ..." : text;
}

}  // namespace minslice::cli
