#include "import/run_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "io/nearest_name.h"
#include "log/log_writer.h"
#include "minslice/version.h"

namespace minslice::import {

RunBuilder::Place RunBuilder::PlaceOf(const SourcePosition& where) {
  if (files_.empty() || files_.back() != where.file) files_.push_back(where.file);
  return {static_cast<std::uint32_t>(files_.size() - 1), where.line};
}

std::string RunBuilder::Describe(const Place& place) const {
  if (place.line == 0) return files_[place.file];
  return fmt::format("{}:{}", files_[place.file], place.line);
}

std::uint32_t RunBuilder::SegmentSet(const std::vector<Segment>& segments) {
  // Lengths in front of the texts, so that no two sets have one key.
  set_key_.clear();
  for (const Segment& segment : segments) {
    for (const std::string* text : {&segment.dimension, &segment.value})
      set_key_.append(std::to_string(text->size())).append(1, ':').append(*text);
  }
  if (!sets_.empty() && set_key_ == last_key_) return last_set_;
  const auto [entry, is_new] =
      set_numbers_.try_emplace(set_key_, static_cast<std::uint32_t>(set_numbers_.size()));
  if (is_new) {
    sets_.push_back(segments);
    for (const Segment& segment : segments) values_[segment.dimension].insert(segment.value);
  }
  last_key_.swap(set_key_);
  last_set_ = entry->second;
  return last_set_;
}

void RunBuilder::CheckAgainstFirst(const CaseRecord& row, const CaseSeen& own, const CaseSeen& first,
                                   const SourcePosition& where) {
  const auto differ = [&](const std::string& what) {
    diagnostics_.Add(where, fmt::format("case {} has {} than at {}", io::Quoted(row.case_id), what,
                                        Describe(first.place)));
  };
  const std::vector<Segment>& segments = sets_[first.segments];
  for (std::size_t i = 0; i < row.segments.size() && i < segments.size(); ++i) {
    if (row.segments[i] == segments[i]) continue;
    differ(fmt::format("another {} ({}, not {})", row.segments[i].dimension,
                       io::Quoted(row.segments[i].value), io::Quoted(segments[i].value)));
  }
  if (own.cluster != first.cluster) differ("another cluster");
  if (own.prompt != first.prompt) differ("another prompt");
}

void RunBuilder::Add(CaseRecord row, const SourcePosition& where) {
  CaseSeen own;
  own.place = PlaceOf(where);
  own.repeat = row.repeat;
  own.segments = SegmentSet(row.segments);
  if (row.cluster) own.cluster = TextKey::Of(*row.cluster).high;
  if (row.prompt_sha256) own.prompt = TextKey::Of(*row.prompt_sha256).high;
  const TextKey key = TextKey::Of(row.case_id);
  CaseSeen* seen = cases_.Find(key);
  if (seen == nullptr) {
    seen = &cases_.Add(key, own);
  } else {
    const Place* same = row.repeat == seen->repeat ? &seen->place : nullptr;
    if (same == nullptr) {
      const TextKey of_repeat = {key.low + static_cast<std::uint64_t>(row.repeat) * 0x9e3779b97f4a7c15U,
                                 key.high ^ static_cast<std::uint64_t>(row.repeat)};
      same = later_.Find(of_repeat);
      if (same == nullptr) later_.Add(of_repeat, own.place);
    }
    if (same != nullptr) {
      diagnostics_.Add(
          where,
          fmt::format("case {} repeat {} stands at {} already; {}, or import each run into a log of its own",
                      io::Quoted(row.case_id), row.repeat, Describe(*same), advice_));
      return;
    }
    CheckAgainstFirst(row, own, *seen, where);
  }
  ++seen->rows;
  ++counts_.n_rows;
  counts_.run.repeats = std::max(counts_.run.repeats, row.repeat);
  ++(row.outcome == Outcome::kPass ? counts_.passed : counts_.failed);
  counts_.model_errors += row.outcome == Outcome::kModelError ? 1 : 0;
  counts_.infra_errors += row.outcome == Outcome::kInfraError ? 1 : 0;
  counts_.rows_without_cluster += row.cluster ? 0 : 1;
  if (sink_ == nullptr) {
    counts_.rows.push_back(std::move(row));
  } else if (!failure_ && diagnostics_.empty()) {
    TakeLines(log::CaseRecordLine(row) + '\n');
  }
}

void RunBuilder::AddNew(const NewCase& row, const std::vector<Segment>& segments,
                        const SourcePosition& where) {
  CaseSeen own;
  own.place = PlaceOf(where);
  own.segments = SegmentSet(segments);
  own.prompt = row.prompt.high;
  own.rows = 1;
  own.document = row.document;
  cases_.Add(row.key, own);
  ++counts_.n_rows;
  ++(row.pass ? counts_.passed : counts_.failed);
  ++counts_.rows_without_cluster;
}

void RunBuilder::TakeLines(std::string_view lines) {
  if (failure_ || !diagnostics_.empty() || lines.empty()) return;
  if (auto taken = sink_->Take(lines); !taken) failure_ = taken.error();
}

RunRecord RunBuilder::Record(const std::string& format, const std::string& first_path, const Options& options,
                             const RunFacts& facts, std::int64_t cases, int repeats) {
  const auto first_of = [](const std::string& a, const std::string& b) { return a.empty() ? b : a; };
  const std::string model = first_of(options.model, facts.model);
  RunRecord run;
  run.suite = first_of(first_of(options.suite_name, facts.suite), "imported");
  run.target = first_of(first_of(options.target, model), std::filesystem::path(first_path).stem().string());
  run.request_model = first_of(facts.model, model);
  run.request_json = facts.request_json;
  run.repeats = repeats;
  run.started_at = facts.started_at;
  run.cases = cases;
  run.minslice = kVersion;
  run.imported_from = format;
  return run;
}

void RunBuilder::Expect(const std::string& format, const std::string& first_path, const Options& options,
                        const RunFacts& facts, std::int64_t cases) {
  if (sink_ == nullptr || failure_) return;
  if (auto noted = sink_->Expect(Record(format, first_path, options, facts, cases, 1)); !noted)
    failure_ = noted.error();
}

Result<ImportedRun> RunBuilder::Build(const std::string& format, const std::string& first_path,
                                      const Options& options, RunFacts facts) {
  if (!diagnostics_.empty()) return tl::unexpected(diagnostics_.ToFailure());
  if (failure_) return tl::unexpected(*failure_);
  if (counts_.n_rows == 0) return FailAt({first_path, 0, 0}, "no row to import");
  ImportedRun imported = std::move(counts_);
  if (options.cluster_field.empty()) imported.rows_without_cluster = 0;
  if (imported.run.repeats > 1) {
    cases_.ForEach([&](const auto& entry) {
      if (static_cast<int>(entry.value.rows) < imported.run.repeats) ++imported.cases_with_fewer_repeats;
    });
  }
  for (const auto& [dimension, values] : values_) imported.dimensions.push_back({dimension, values.size()});
  std::sort(imported.dimensions.begin(), imported.dimensions.end(),
            [](const DimensionCount& a, const DimensionCount& b) { return a.name < b.name; });

  imported.run = Record(format, first_path, options, facts, static_cast<std::int64_t>(cases_.size()),
                        imported.run.repeats);
  const RunRecord& run = imported.run;
  imported.end.cases = *run.cases;
  imported.end.repeats = run.repeats;
  imported.end.ended_at = facts.ended_at;
  imported.finished = facts.finished;
  imported.notes = std::move(facts.notes);
  return imported;
}

}  // namespace minslice::import
