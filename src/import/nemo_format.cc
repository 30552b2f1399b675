// NeMo Evaluator: results.jsonl, one row a problem and repeat, with the bundle eval-*.json beside it, which
// names the model asked for and counts the results.
#include <fmt/format.h>

#include <filesystem>

#include "import/formats.h"
#include "import/tool_rows.h"
#include "io/nearest_name.h"
#include "io/sha256.h"
#include "log/row_scanner.h"

namespace minslice::import {
namespace {

class Nemo {
 public:
  Nemo(const Options& options, io::FileSystem& files) : reader_("nemo", options), files_(files) {}

  Result<ImportedRun> Read(std::span<const std::string> paths) {
    std::set<std::string> bundles;
    std::vector<std::string> results;
    for (const std::string& path : paths) {
      const std::string name = std::filesystem::path(path).filename().string();
      if (name.starts_with("eval-") && name.ends_with(".json")) {
        bundles.insert(path);
      } else {
        results.push_back(path);
      }
      std::error_code error;
      for (std::filesystem::directory_iterator at(io::FolderOf(path), error), end; !error && at != end;
           at.increment(error)) {
        const std::string beside = at->path().filename().string();
        if (beside.starts_with("eval-") && beside.ends_with(".json"))
          bundles.insert(io::JoinPath(io::FolderOf(path), beside));
      }
    }
    if (results.empty()) return FailAt({paths.front(), 0, 0}, "expected results.jsonl of NeMo Evaluator");
    if (bundles.size() == results.size()) {
      for (const std::string& path : bundles) ReadBundle(path);
    } else {
      reader_.facts.notes.push_back(
          bundles.empty()
              ? "no bundle (eval-*.json) beside the results: which model was asked, and whether the "
                "run finished, is not known"
              : "several bundles (eval-*.json) beside the results: none is taken");
    }
    for (const std::string& path : results) ReadResults(path);
    if (expected_ > static_cast<std::int64_t>(rows_)) {
      reader_.facts.finished = false;
      reader_.facts.notes.push_back(fmt::format("{} of {} results are missing",
                                                expected_ - static_cast<std::int64_t>(rows_), expected_));
    }
    return reader_.Finish(paths.front());
  }

 private:
  void ReadBundle(const std::string& path) {
    JsonParser parser;
    const auto root = reader_.Sidecar(files_, path, parser);
    if (!root) return;
    if (const auto config = Member(*root, "config")) {
      reader_.TakeModel(TextOf(Member(*config, "model")), path);
      reader_.facts.suite = TextOf(Member(*config, "benchmark"));
      Settings settings;
      TakeGenerationSettings(*config, settings);
      reader_.facts.request_json = CanonicalObject(settings);
    }
    reader_.facts.ended_at = UtcTime(TextOf(Member(*root, "timestamp")));
    expected_ += IntegerOf(Member(*root, "n_results")).value_or(0);
  }

  void ReadResults(const std::string& path) {
    bool right = false;
    const std::size_t errors = reader_.diagnostics().size();
    const std::string head = reader_.Lines(files_, path, [&](Json row, const SourcePosition& where) {
      if (!right && (!Member(row, "problem_idx") || !NumberOf(Member(row, "reward")))) return false;
      right = true;
      ++rows_;
      Row(row, where);
      return true;
    });
    if (!right && errors == reader_.diagnostics().size()) {
      reader_.diagnostics().Add(
          {path, 0, 0},
          "expected results.jsonl of NeMo Evaluator, found what looks like " + io::LooksLike(head));
    }
  }

  void Row(Json row, const SourcePosition& where) {
    CaseRecord record;
    std::vector<Json> places;
    const auto metadata = Member(row, "metadata");
    if (metadata) places.push_back(*metadata);
    places.push_back(row);
    if (!reader_.Names(places, where, record)) return;
    const Options& options = reader_.options();
    const auto prompt = Member(row, "prompt");
    if (options.segment_fields.empty() && metadata) {
      if (const std::string category = TextOf(Member(*metadata, "category")); !category.empty())
        record.segments = {{"category", category}};
    }
    if (options.prompt_field.empty() && prompt) record.prompt_sha256 = PromptHash(*prompt, scratch_);
    if (!options.id_field) {
      const auto expected = Member(row, "expected_answer");
      std::string content = prompt ? AnyText(*prompt) : "";
      content += '\n' + (expected ? AnyText(*expected) : "");
      record.case_id = reader_.content_ids().Name(io::Sha256Hex(content),
                                                  IntegerOf(Member(row, "problem_idx")).value_or(0));
    }
    const std::int64_t repeat = IntegerOf(Member(row, "repeat")).value_or(0);
    if (repeat < 0 || repeat >= log::kMaxRepeats) {
      return reader_.diagnostics().Add(
          where, fmt::format("repeat: expected a number from 0 to {}", log::kMaxRepeats - 1));
    }
    record.repeat = static_cast<int>(repeat) + 1;
    std::optional<double> score = NumberOf(Member(row, "reward"));
    if (score) record.scores.emplace_back("reward", *score);
    std::set<std::string> scorers;
    if (const auto list = Member(row, "scorer_rewards")) {
      DomReader::Members(*list, [&](std::string_view name, Json value) {
        scorers.insert(std::string(name));
        const auto number = NumberOf(value);
        if (number && name != "reward") record.scores.emplace_back(name, *number);
      });
    }
    if (!options.scorer.empty() && options.scorer != "reward") {
      const auto list = Member(row, "scorer_rewards");
      const auto named = list ? Member(*list, options.scorer) : std::nullopt;
      score = NumberOf(named || !list ? named : Member(*list, "scorer:" + options.scorer));
      scorers.insert("reward");
      if (!score) {
        return reader_.diagnostics().Add(
            where, fmt::format("no score {}{}", io::Quoted(options.scorer), Choices("--scorer", scorers)));
      }
    }
    if (!score) return reader_.diagnostics().Add(where, "reward: expected a number");
    const auto response = Member(row, "model_response");
    if (response) record.output = AnyText(*response);
    record.latency_ms = NumberOf(Member(row, "latency_ms"));
    Trajectory(row, record);
    std::string category;
    std::string message;
    if (const auto details = Member(row, "scoring_details")) {
      category = TextOf(Member(*details, "error_category"));
      message = TextOf(Member(*details, "error"));
    }
    if (message.empty()) message = category;
    const bool context = IsContextError(message);
    // "system": what NeMo raised itself, left at 0 after its retries; "graceful" is the model's.
    if ((category == "infra_error" || category == "system") && !context) {
      record.outcome = Outcome::kInfraError;
      record.scores.clear();
      record.error = message;
      record.response_model.reset();
    } else {
      const auto pass = reader_.Passes(options.scorer.empty() ? "reward" : options.scorer, *score, where);
      if (!pass) return;
      record.outcome = *pass ? Outcome::kPass : Outcome::kFail;
      const bool empty = !response || record.output->empty();
      if (!*pass && (!category.empty() || empty)) {
        record.outcome = Outcome::kModelError;
        record.error = message.empty() ? "no content" : message;
      }
    }
    reader_.Add(std::move(record), where);
  }

  static void Trajectory(Json row, CaseRecord& record) {
    simdjson::dom::array list;
    const auto trajectory = Member(row, "trajectory");
    if (!trajectory || trajectory->get(list) != simdjson::SUCCESS || list.begin() == list.end()) return;
    const Json first = *list.begin();
    if (const auto agent = Member(first, "agent")) {
      if (const std::string name = TextOf(Member(*agent, "model_name")); !name.empty())
        record.response_model = name;
    }
    if (const auto totals = Member(first, "final_metrics")) {
      record.input_tokens = IntegerOf(Member(*totals, "total_prompt_tokens"));
      record.output_tokens = IntegerOf(Member(*totals, "total_completion_tokens"));
    }
  }

  ToolReader reader_;
  io::FileSystem& files_;
  JsonParser scratch_;
  std::int64_t expected_ = 0;
  std::size_t rows_ = 0;
};

}  // namespace

Result<ImportedRun> ReadNemo(std::span<const std::string> paths, const Options& options,
                             io::FileSystem& files) {
  if (auto checked = CheckToolOptions(options, "nemo", {"--scorer"}); !checked)
    return tl::unexpected(std::move(checked.error()));
  return Nemo(options, files).Read(paths);
}

}  // namespace minslice::import
