// minslice import: per-prompt results made elsewhere become a log that pairs with any other.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "cli/session.h"
#include "import/import.h"
#include "import/log_output.h"
#include "io/file_system.h"

namespace minslice::cli {
namespace {

struct ImportOptions {
  std::string format;
  std::vector<std::string> files;
  std::string output;
  bool force = false;
  import::Options fields;
};

std::string Count(std::int64_t n, const char* thing) {
  return fmt::format("{} {}{}", n, thing, n == 1 ? "" : "s");
}

void NoteCounts(const import::ImportedRun& run, const ImportOptions& options, Session& session) {
  const std::int64_t cases = run.run.cases.value_or(0);
  std::string text =
      fmt::format("{}: {} of {}", options.output, Count(run.n_rows, "row"), Count(cases, "case"));
  if (run.run.repeats > 1) text += fmt::format(", {} repeats", run.run.repeats);
  session.Note(fmt::format("{}: {} pass, {} fail", text, run.passed,
                           run.failed - run.model_errors - run.infra_errors) +
               (run.model_errors > 0 ? fmt::format(", {} model_error", run.model_errors) : "") +
               (run.infra_errors > 0 ? fmt::format(", {} infra_error", run.infra_errors) : ""));
  for (const import::DimensionCount& dimension : run.dimensions) {
    session.Note(
        fmt::format("  {}: {}", dimension.name, Count(static_cast<std::int64_t>(dimension.values), "value")));
  }
  for (const std::string& warning : import::Warnings(run)) session.Note("  " + warning);
}

void RunImport(const ImportOptions& options, Session& session) {
  const auto format = import::FindFormat(options.format);
  if (!format) return session.Report(format.error());
  if (const auto free = import::CheckDestination(options.output, options.force, options.files); !free) {
    return session.Report(free.error());
  }
  auto output = import::LogOutput::Make(options.output);
  if (!output) return session.Report(output.error());
  import::Options fields = options.fields;
  fields.rows = &*output;
  const Result<import::ImportedRun> run = (*format)->read(options.files, fields, io::RealFileSystem());
  if (!run) return session.Report(run.error());
  if (const auto written = output->Write(*run); !written) return session.Report(written.error());
  NoteCounts(*run, options, session);
}

}  // namespace

void AddImportCommand(CLI::App& app, Session& session) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App* command = app.add_subcommand("import", "results made elsewhere become a log");
  std::string formats = "one of:";
  for (const import::Format& format : import::Formats())
    formats += fmt::format("\n  {}: {}", format.name, format.summary);
  command->add_option("FORMAT", options->format, formats)->required();
  command->add_option("FILE", options->files, "the results; several files are shards of one run")->required();
  command->add_option("-o,--output", options->output, "the log to write")->required()->type_name("LOG");
  command->add_flag("--force", options->force, "replace LOG where it exists");
  import::Options& fields = options->fields;
  const auto field = [command](const char* flag, std::string& name, const char* text) {
    return command->add_option(flag, name, text)->type_name("FIELD");
  };
  command
      ->add_option(
          "--id-field", fields.id_field,
          "the case's id (jsonl, csv: id; lm-eval: in doc, else doc_hash; inspect: in metadata, else the "
          "id; promptfoo: in vars or metadata, else a hash of the vars; nemo: in metadata, else a hash)")
      ->type_name("FIELD");
  field("--pass-field", fields.pass_field,
        "true/false, 1/0, pass/fail, passed/failed, yes/no, correct/incorrect");
  field("--score-field", fields.score_field, "a number, kept in the log's scores under its name");
  command
      ->add_option("--pass-above", fields.pass_above,
                   "a score above X passes (X itself does not); without it scores are 0 or 1")
      ->type_name("X");
  command->add_option("--segment-fields", fields.segment_fields, "the dimensions to slice by")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("A,B");
  field("--cluster-field", fields.cluster_field,
        "cases that share it are not independent (a document, a conversation)");
  field("--repeat-field", fields.repeat_field, "which run of the case this row is, from 1");
  field("--prompt-field", fields.prompt_field,
        "a text or a list of messages; its hash guards against comparing other prompts");
  field("--output-field", fields.output_field, "the model's answer");
  command->add_option("--model", fields.model, "the model that answered")->type_name("NAME");
  command->add_option("--scorer", fields.scorer, "which score passes, where a tool's log has several")
      ->type_name("NAME");
  command
      ->add_option("--filter", fields.filter,
                   "lm-eval: the rows of this filter; resps: every answer is a repeat")
      ->type_name("NAME");
  command
      ->add_option("--provider", fields.provider,
                   "promptfoo: the system to take, by its provider's label or id")
      ->type_name("LABEL");
  command
      ->add_option("--prompt-index", fields.prompt_index, "promptfoo: the system to take, by its promptIdx")
      ->type_name("N");
  command
      ->add_option("--suite-name", fields.suite_name,
                   "the suite's name (default: what the file says, or imported)")
      ->type_name("NAME");
  command
      ->add_option("--target", fields.target,
                   "the run's name (default: the model, else the first file's name)")
      ->type_name("NAME");
  command->footer(
      "A FIELD with dots reaches into nested objects and lists: scores.preference, choices.0.text.\n\n"
      "Example:\n"
      "  minslice import jsonl qwen.jsonl -o qwen.log.jsonl --score-field preference \\\n"
      "    --pass-above 0.5 --id-field id --segment-fields dataset,length \\\n"
      "    --model Qwen-2.5-7B\n"
      "  minslice import csv results.csv -o csv.log.jsonl --id-field case \\\n"
      "    --pass-field correct\n"
      "  minslice import inspect run.eval -o inspect.log.jsonl\n"
      "  minslice import promptfoo out.jsonl -o a.log.jsonl --provider mock-a \\\n"
      "    --id-field id\n\n"
      "Every error of every file is shown at once (exit 2), and then no log is written.");
  command->callback([options, &session] { RunImport(*options, session); });
}

}  // namespace minslice::cli
