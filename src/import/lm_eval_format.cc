// lm-evaluation-harness, --log_samples: samples_<task>_<time>.jsonl, one row a document and filter, with the
// results_<time>.json beside it, which names the model and counts the documents.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <regex>

#include "import/formats.h"
#include "import/lm_eval_rows.h"
#include "import/number_set.h"
#include "import/tool_rows.h"
#include "io/nearest_name.h"
#include "json/canonical.h"
#include "log/log_writer.h"

namespace minslice::import {
namespace {

constexpr const char* kEachAnswer = "resps";  // --filter: every answer of resps is a repeat

struct SamplesFile {
  std::string path, task, time;
};

SamplesFile NameParts(const std::string& path) {
  const std::string name = std::filesystem::path(path).filename().string();
  static const std::regex kForm("samples_(.+)_(\\d{4}-\\d\\d-\\d\\dT\\d\\d-\\d\\d-\\d\\d(\\.\\d+)?)\\.jsonl");
  std::smatch parts;
  if (name.size() < 512 && std::regex_match(name, parts, kForm)) return {path, parts[1], parts[2]};
  std::string task = std::filesystem::path(path).stem().string();
  if (task.starts_with("samples_")) task.erase(0, 8);
  return {path, task, ""};
}

class LmEval {
 public:
  LmEval(const Options& options, io::FileSystem& files) : reader_("lm-eval", options), files_(files) {}

  Result<ImportedRun> Read(std::span<const std::string> paths) {
    std::vector<SamplesFile> samples;
    std::set<std::string> tasks;
    for (const std::string& path : paths) {
      const std::string name = std::filesystem::path(path).filename().string();
      if (name.starts_with("results_") && name.ends_with(".json")) {
        results_.insert(path);
        continue;
      }
      samples.push_back(NameParts(path));
      const SamplesFile& file = samples.back();
      if (!tasks.insert(file.task).second) {
        reader_.diagnostics().Add(
            {path, 0, 0}, fmt::format("a second file of the task {}: another run adds its files beside "
                                      "the old ones; import each run into a log of its own",
                                      io::Quoted(file.task)));
      }
      const std::string beside = io::JoinPath(io::FolderOf(path), fmt::format("results_{}.json", file.time));
      if (!file.time.empty() && files_.Exists(beside)) results_.insert(beside);
    }
    if (samples.empty())
      return FailAt({paths.front(), 0, 0}, "expected samples_*.jsonl (lm_eval --log_samples)");
    several_tasks_ = tasks.size() > 1;
    for (const std::string& path : results_) ReadResults(path, tasks);
    reader_.facts.request_json = CanonicalObject(settings_);
    reader_.facts.suite = several_tasks_ ? "lm-eval" : *tasks.begin();
    for (const std::string& task : tasks) documents_ += expected_.contains(task) ? expected_[task] : 0;
    first_path_ = paths.front();
    for (const SamplesFile& file : samples) ReadSamples(file);
    Decide(paths.front());
    return reader_.Finish(paths.front());
  }

 private:
  void ReadResults(const std::string& path, const std::set<std::string>& tasks) {
    JsonParser parser;
    const auto root = reader_.Sidecar(files_, path, parser);
    if (!root) return;
    std::string model = TextOf(Member(*root, "model_name"));
    if (const auto config = Member(*root, "config"); config && model.empty()) {
      if (const auto arguments = Member(*config, "model_args"); arguments)
        model = TextOf(Member(*arguments, "model"));
    }
    if (!model.empty()) reader_.TakeModel(model, path);
    ReadSettings(*root, tasks);
    if (const auto counts = Member(*root, "n-samples")) {
      DomReader::Members(*counts, [&](std::string_view task, Json count) {
        if (const auto n = IntegerOf(Member(count, "effective"))) expected_[std::string(task)] = *n;
      });
    }
  }

  // What decides how a document becomes a request: two runs that differ here did not ask the same.
  void ReadSettings(Json root, const std::set<std::string>& tasks) {
    const auto add = [&](const std::string& name, std::optional<Json> value) {
      if (value) settings_.push_back(fmt::format("{}:{}", json::QuotedText(name), simdjson::minify(*value)));
    };
    const auto of_task = [&](const char* table, const std::string& task) {
      const auto all = Member(root, table);
      return all ? Member(*all, task) : std::nullopt;
    };
    add("system_instruction", Member(root, "system_instruction"));
    for (const std::string& task : tasks) {
      const std::string prefix = several_tasks_ ? task + "." : "";
      if (const auto config = of_task("configs", task))
        add(prefix + "generation_kwargs", Member(*config, "generation_kwargs"));
      add(prefix + "num_fewshot", of_task("n-shot", task));
      add(prefix + "task_version", of_task("versions", task));
    }
  }

  void ReadSamples(const SamplesFile& file) {
    bool right = false;
    NumberSet documents;
    const std::size_t errors = reader_.diagnostics().size();
    const std::int64_t taken = rows_taken_;
    const auto visit = [&](Json row, const SourcePosition& where) {
      if (!right && (!Member(row, "resps") || !Member(row, "doc"))) return false;
      right = true;
      documents.Insert(IntegerOf(Member(row, "doc_id")).value_or(documents.size()));
      Row(file, row, where);
      return true;
    };
    // The document and the prompt are most of a row. A prompt is only looked at where it is chat messages.
    const auto keep = [&](std::string_view key, std::string_view value) {
      if (key == "doc") return reader_.wants_fields() ? Keep::kWhole : Keep::kName;
      if (key == "arguments")
        return value.find("\"[{") != std::string_view::npos ? Keep::kWhole : Keep::kName;
      return Keep::kWhole;
    };
    std::optional<LmEvalRows> rows;
    if (reader_.builder().makes_lines() && !reader_.wants_fields() &&
        reader_.options().filter != kEachAnswer) {
      rows.emplace(reader_, file.path, several_tasks_ ? file.task + ":" : "", Segments(file),
                   LmEvalRows::Rules{[&](const auto& form, const auto& scores, bool has_prompt) {
                                       return Grade(form, scores, has_prompt, Segments(file));
                                     },
                                     [this](const LmEvalForm& form) { return Fits(form); },
                                     [&](std::int64_t document) {
                                       documents.Insert(document);
                                       ++rows_taken_;
                                     },
                                     [this](std::int64_t lines) {
                                       reader_.Expect(first_path_, documents_ > 0 ? documents_ : lines);
                                     }});
    }
    const std::string head = reader_.Lines(files_, file.path, visit, keep, rows ? &*rows : nullptr);
    if (!right && errors == reader_.diagnostics().size()) {
      reader_.diagnostics().Add(
          {file.path, 0, 0},
          "expected lm-eval samples (samples_*.jsonl), found what looks like " + io::LooksLike(head));
    }
    // One of several tasks must not vanish because its rows have another filter or metric.
    if (right && several_tasks_ && taken == rows_taken_ && errors == reader_.diagnostics().size()) {
      reader_.diagnostics().Add({file.path, 0, 0},
                                "no row has the filter and the metric that are asked for; import this task "
                                "into a log of its own, or leave it out");
    }
    const auto expected = expected_.find(file.task);
    if (right && expected != expected_.end() && documents.size() < expected->second) {
      reader_.facts.finished = false;
      reader_.facts.notes.push_back(fmt::format("{}: {} of {} documents are missing", file.task,
                                                expected->second - documents.size(), expected->second));
    }
  }

  // Whether a row of this form goes as Row would take it: the filter and the metrics are those of all rows so
  // far, and each metric is a number.
  bool Fits(const LmEvalForm& form) const {
    const std::string& wanted = reader_.options().filter;
    return filters_.size() == 1 && first_filter_ == form.filter &&
           (wanted.empty() || wanted == form.filter) && last_names_ == form.metrics &&
           metrics_ == std::set<std::string>(form.metrics.begin(), form.metrics.end()) &&
           !last_metric_.empty() && last_metric_ == MetricOf(form);
  }
  std::string MetricOf(const LmEvalForm& form) const {
    const std::string& wanted = reader_.options().scorer;
    if (wanted.empty()) return *std::min_element(form.metrics.begin(), form.metrics.end());
    return std::find(form.metrics.begin(), form.metrics.end(), wanted) == form.metrics.end() ? "" : wanted;
  }
  // On any thread.
  LmEvalScan::Graded Grade(const LmEvalForm& form, const std::vector<std::string_view>& scores,
                           bool has_prompt, const std::vector<Segment>& segments) const {
    CaseRecord record;
    std::optional<bool> pass;
    JsonParser parser;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const auto json = parser.ParseText(fmt::format("[{}]", scores[i]));
      const auto number = json ? NumberOf(FirstOf(*json)) : std::nullopt;
      if (!number) return {};
      record.scores.emplace_back(form.scores[i], *number);
      if (form.scores[i] == MetricOf(form)) pass = reader_.PassesPlainly(*number);
    }
    if (!pass) return {};
    record.outcome = *pass ? Outcome::kPass : Outcome::kFail;
    record.segments = segments;
    if (has_prompt) record.prompt_sha256 = "";
    record.output = "";
    reader_.Complete(record);
    return {log::CaseRecordLine(record), *pass};
  }
  std::vector<Segment> Segments(const SamplesFile& file) const {
    if (!several_tasks_ || !reader_.options().segment_fields.empty()) return {};
    return {{"task", file.task}};
  }

  // The metric that says pass: the one that is asked for, else the first that is a number in this row (a
  // metric of a whole corpus, such as bleu, is none). Empty: there is none.
  const std::string& Metric(Json row) {
    const auto list = Member(row, "metrics");
    const bool listed = list && list->is_array();
    if (listed && SameMetrics(row, *list)) return last_metric_;
    last_names_.clear();
    std::set<std::string> names;
    if (listed) {
      for (const Json name : simdjson::dom::array(*list)) {
        last_names_.push_back(TextOf(name));
        names.insert(last_names_.back());
      }
    } else {  // before 0.4.5
      static const std::set<std::string> kOthers = {
          "doc_id",         "doc",      "target",      "arguments",  "resps", "filter",
          "filtered_resps", "doc_hash", "prompt_hash", "target_hash"};
      DomReader::Members(row, [&](std::string_view key, Json value) {
        if (!kOthers.contains(std::string(key)) && NumberOf(value)) names.insert(std::string(key));
      });
    }
    std::string first;
    for (const std::string& name : names) {
      if (!NumberOf(Member(row, name))) {
        not_numbers_.insert(name);
        continue;
      }
      metrics_.insert(name);
      if (first.empty()) first = name;
    }
    const std::string& wanted = reader_.options().scorer;
    if (!wanted.empty()) {
      last_metric_ = names.contains(wanted) ? wanted : "";
    } else {
      last_metric_ = first.empty() && !names.empty() ? *names.begin() : first;
    }
    if (std::any_of(names.begin(), names.end(),
                    [&](const auto& name) { return not_numbers_.contains(name); }))
      last_names_.clear();
    return last_metric_;
  }
  // As in the row before, and each a number in both: so it is in nearly every row of a file.
  bool SameMetrics(Json row, Json list) const {
    std::size_t i = 0;
    for (const Json name : simdjson::dom::array(list)) {
      std::string_view text;
      if (i == last_names_.size() || name.get(text) != simdjson::SUCCESS || text != last_names_[i])
        return false;
      if (!NumberOf(Member(row, text))) return false;
      ++i;
    }
    return i > 0 && i == last_names_.size();
  }

  void Row(const SamplesFile& file, Json row, const SourcePosition& where) {
    const std::string filter = Member(row, "filter") ? TextOf(Member(row, "filter")) : "none";
    if (filters_.empty()) first_filter_ = filter;
    if (filters_.empty() || filter != last_filter_) filters_.insert(filter);
    last_filter_ = filter;
    const bool each = reader_.options().filter == kEachAnswer;
    const std::string& wanted = reader_.options().filter;
    if (!each && filter != (wanted.empty() ? first_filter_ : wanted)) return;
    const std::string& metric = Metric(row);
    if (metric.empty()) return;
    ++rows_taken_;
    const auto value = NumberOf(Member(row, metric));
    CaseRecord record;
    const Json doc = *Member(row, "doc");
    const std::vector<Json> places = {doc, row};
    if (!reader_.Names(places, where, record)) return;
    if (!reader_.options().id_field) record.case_id = TextOf(Member(row, "doc_hash"));
    if (record.case_id.empty()) {
      return reader_.diagnostics().Add(where, "no doc_hash: name a field of doc with --id-field");
    }
    if (several_tasks_) {
      record.case_id = file.task + ":" + record.case_id;
      if (reader_.options().segment_fields.empty()) record.segments = Segments(file);
    }
    if (const auto document = IntegerOf(Member(row, "doc_id")); document && !reader_.options().id_field)
      record.case_id = reader_.content_ids().Name(std::move(record.case_id), *document);
    if (reader_.options().prompt_field.empty()) record.prompt_sha256 = Prompt(row);
    const auto answers = Answers(row);
    most_answers_ = std::max(most_answers_, answers.size());
    const auto filtered = FirstOf(Member(row, "filtered_resps"));
    if (each) return EachAnswer(row, metric, value, answers, filtered, std::move(record), where);
    for (const std::string& name : metrics_) {
      if (const auto score = NumberOf(Member(row, name))) record.scores.emplace_back(name, *score);
    }
    if (!value) {
      if (ungraded_++ == 0) {
        ungraded_metric_ = metric;
        first_ungraded_ = where;
      }
      return;
    }
    const auto pass = reader_.Passes(metric, *value, where);
    if (!pass) return;
    record.outcome = *pass ? Outcome::kPass : Outcome::kFail;
    if (!answers.empty() && filter == "none") {
      record.output = Answer(answers.front());
    } else if (filtered) {
      record.output = Answer(*filtered);
    }
    if (!*pass && (answers.empty() ? NoAnswer(row) : Answer(answers.front()).empty())) {
      record.outcome = Outcome::kModelError;
      record.error = "no content";
    }
    reader_.Add(std::move(record), where);
  }

  // Grades each answer as exact_match does (equal to the target), where the file's own grades agree.
  void EachAnswer(Json row, const std::string& metric, std::optional<double> value,
                  const std::vector<Json>& answers, std::optional<Json> filtered, CaseRecord record,
                  const SourcePosition& where) {
    const auto target = Member(row, "target");
    const std::string wanted = target ? AnyText(*target) : "";
    if (metric != "exact_match" || !target || !value || !filtered ||
        (AnyText(*filtered) == wanted) != (*value == 1)) {
      reader_.diagnostics().Add(
          where,
          "--filter resps: the answers cannot be graded one by one: that needs the metric "
          "exact_match to be plain equality with the target");
      return;
    }
    if (!graded_.insert(record.case_id).second) return;  // the row of another filter
    for (std::size_t i = 0; i < answers.size(); ++i) {
      CaseRecord repeat = record;
      repeat.repeat = static_cast<int>(i) + 1;
      repeat.output = Answer(answers[i]);
      repeat.outcome = *repeat.output == wanted ? Outcome::kPass : Outcome::kFail;
      if (repeat.output->empty() && repeat.outcome == Outcome::kFail) {
        repeat.outcome = Outcome::kModelError;
        repeat.error = "no content";
      }
      repeat.scores = {{metric, repeat.outcome == Outcome::kPass ? 1.0 : 0.0}};
      reader_.Add(std::move(repeat), where);
    }
  }

  static std::string Answer(Json value) { return value.is_null() ? "" : AnyText(value); }
  // `resps` with a list of no answer.
  static bool NoAnswer(Json row) {
    const auto first = FirstOf(Member(row, "resps"));
    return first && first->is_array();
  }
  static std::optional<Json> FirstOf(std::optional<Json> list) {
    if (!list || !list->is_array()) return list;
    simdjson::dom::array items = *list;
    if (items.begin() == items.end()) return std::nullopt;
    return *items.begin();
  }
  static std::vector<Json> Answers(Json row) {
    std::vector<Json> answers;
    const auto first = FirstOf(Member(row, "resps"));
    if (!first || !first->is_array()) return answers;
    for (const Json answer : simdjson::dom::array(*first)) answers.push_back(answer);
    return answers;
  }
  // Only of chat messages: a templated text differs from model to model.
  std::optional<std::string> Prompt(Json row) {
    const auto arguments = Member(row, "arguments");
    const auto first = arguments ? Member(*arguments, "gen_args_0") : std::nullopt;
    const auto text = first ? FirstOf(Member(*first, "arg_0")) : std::nullopt;
    if (!text || !text->is_string() || !TextOf(text).starts_with("[{")) return std::nullopt;
    return PromptHash(*text, scratch_);
  }

  void Decide(const std::string& first_path) {
    const Options& options = reader_.options();
    const bool each = options.filter == kEachAnswer;
    std::set<std::string> filters = filters_;
    if (most_answers_ > 1) filters.insert(kEachAnswer);
    if (!options.filter.empty() && !each && !filters_.empty() && !filters_.contains(options.filter)) {
      reader_.diagnostics().Add({first_path, 0, 0},
                                fmt::format("no row has the filter {}{}", io::Quoted(options.filter),
                                            Choices("--filter", filters)));
    }
    if (options.filter.empty() && filters_.size() > 1)
      reader_.diagnostics().Add({first_path, 0, 0}, "rows of several filters" + Choices("--filter", filters));
    if (ungraded_ > 0) {
      const bool of_others = metrics_.contains(ungraded_metric_);
      std::string text = fmt::format("the metric {} is no number {}", io::Quoted(ungraded_metric_),
                                     of_others ? "in this row" : "of one document");
      if (ungraded_ > 1) text += fmt::format(" (nor in {} more rows)", ungraded_ - 1);
      text += of_others ? ": the document was not graded; leave it out on both sides"
                        : ": a metric of the whole corpus pairs nothing";
      if (!of_others && !metrics_.empty()) text += Choices("--scorer", metrics_);
      reader_.diagnostics().Add(first_ungraded_, text);
    }
    if (options.scorer.empty() && metrics_.size() > 1)
      reader_.diagnostics().Add({first_path, 0, 0}, "several metrics" + Choices("--scorer", metrics_));
    if (options.scorer.empty() && metrics_.size() == 1 && !not_numbers_.empty()) {
      reader_.facts.notes.push_back(fmt::format(
          "the metric is {}, the only one that is a number of each document", io::Quoted(*metrics_.begin())));
    }
    if (!options.scorer.empty() && !metrics_.empty() && !metrics_.contains(options.scorer) &&
        !not_numbers_.contains(options.scorer)) {
      reader_.diagnostics().Add({first_path, 0, 0},
                                fmt::format("no row has the metric {}{}", io::Quoted(options.scorer),
                                            Choices("--scorer", metrics_)));
    }
    if (!each && most_answers_ > 1 && filters_.size() == 1) {
      reader_.facts.notes.push_back(
          fmt::format("resps holds up to {} answers a document, of which the metric counts the filtered one; "
                      "--filter resps takes each as a repeat",
                      most_answers_));
    }
  }

  ToolReader reader_;
  io::FileSystem& files_;
  JsonParser scratch_;
  std::set<std::string> results_, filters_, metrics_, not_numbers_, graded_;
  std::vector<std::string> settings_;
  std::int64_t ungraded_ = 0;
  std::string ungraded_metric_;
  SourcePosition first_ungraded_;
  std::map<std::string, std::int64_t> expected_;
  std::int64_t documents_ = 0;  // of all tasks, as far as results files count them
  std::string first_path_;
  bool several_tasks_ = false;
  std::string first_filter_, last_filter_, last_metric_;
  std::vector<std::string> last_names_;  // of the row before
  std::int64_t rows_taken_ = 0;
  std::size_t most_answers_ = 0;
};

}  // namespace

Result<ImportedRun> ReadLmEval(std::span<const std::string> paths, const Options& options,
                               io::FileSystem& files) {
  if (auto checked = CheckToolOptions(options, "lm-eval", {"--scorer", "--filter"}); !checked)
    return tl::unexpected(std::move(checked.error()));
  return LmEval(options, files).Read(paths);
}

}  // namespace minslice::import
