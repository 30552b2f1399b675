// minslice schema: the JSON Schema of a format, for editors and other programs.
#include <memory>
#include <string>
#include <vector>

#include "cli/schemas.h"
#include "cli/session.h"
#include "io/nearest_name.h"

namespace minslice::cli {
namespace {

void RunSchema(const std::string& name, Session& session) {
  const std::string_view text = SchemaFile(name + ".schema.json");
  if (!text.empty()) {
    session.out << text;
    return;
  }
  const std::vector<std::string> names(std::begin(kSchemaNames), std::end(kSchemaNames));
  session.Report(
      Fail("there is no schema " + io::Quoted(name) + io::DidYouMean(name, names, names.size())).value());
}

}  // namespace

void AddSchemaCommand(CLI::App& app, Session& session) {
  auto name = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("schema", "the JSON Schema of a format, for editors and other programs");
  command
      ->add_option("name", *name,
                   "suite, case (a line of cases.jsonl), policy, log (a line), verdict, counts (a line)")
      ->required()
      ->type_name("NAME");
  command->footer(
      "Example:\n"
      "  minslice schema policy > policy.schema.json\n\n"
      "An editor with the YAML language server checks and completes a policy that begins with\n"
      "  # yaml-language-server: $schema=policy.schema.json");
  command->callback([name, &session] { RunSchema(*name, session); });
}

}  // namespace minslice::cli
