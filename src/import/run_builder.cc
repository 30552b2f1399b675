#include "import/run_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "io/nearest_name.h"
#include "log/text_hash.h"
#include "minslice/version.h"

namespace minslice::import {

RunBuilder::Key RunBuilder::KeyOf(std::string_view text) {
  const std::uint64_t low = log::TextHash(text), high = log::TextHash(text, 0x8ebc6af09c88c6e3U);
  return {low, high | 1U};  // never zero
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
  if (files_.empty() || files_.back() != where.file) files_.push_back(where.file);
  CaseSeen own;
  own.place = {static_cast<std::uint32_t>(files_.size() - 1), where.line};
  own.repeat = row.repeat;
  own.segments = SegmentSet(row.segments);
  if (row.cluster) own.cluster = KeyOf(*row.cluster);
  if (row.prompt_sha256) own.prompt = KeyOf(*row.prompt_sha256);
  const Key key = KeyOf(row.case_id);
  const auto [entry, is_new] = cases_.try_emplace(key, own);
  CaseSeen& seen = entry->second;
  if (!is_new) {
    const Place* same = row.repeat == seen.repeat ? &seen.place : nullptr;
    if (same == nullptr) {
      const Key of_repeat = {key.low + static_cast<std::uint64_t>(row.repeat) * 0x9e3779b97f4a7c15U,
                             key.high ^ static_cast<std::uint64_t>(row.repeat)};
      const auto [later, is_new_repeat] = later_.try_emplace(of_repeat, own.place);
      if (!is_new_repeat) same = &later->second;
    }
    if (same != nullptr) {
      diagnostics_.Add(
          where,
          fmt::format("case {} repeat {} stands at {} already; {}, or import each run into a log of its own",
                      io::Quoted(row.case_id), row.repeat, Describe(*same), advice_));
      return;
    }
    CheckAgainstFirst(row, own, seen, where);
  }
  ++seen.rows;
  ++counts_.n_rows;
  counts_.run.repeats = std::max(counts_.run.repeats, row.repeat);
  ++(row.outcome == Outcome::kPass ? counts_.passed : counts_.failed);
  counts_.model_errors += row.outcome == Outcome::kModelError ? 1 : 0;
  counts_.infra_errors += row.outcome == Outcome::kInfraError ? 1 : 0;
  counts_.rows_without_cluster += row.cluster ? 0 : 1;
  if (sink_ == nullptr) {
    counts_.rows.push_back(std::move(row));
  } else if (!failure_ && diagnostics_.empty()) {
    if (auto taken = sink_->Take(row); !taken) failure_ = taken.error();
  }
}

Result<ImportedRun> RunBuilder::Build(const std::string& format, const std::string& first_path,
                                      const Options& options, RunFacts facts) {
  if (!diagnostics_.empty()) return tl::unexpected(diagnostics_.ToFailure());
  if (failure_) return tl::unexpected(*failure_);
  if (counts_.n_rows == 0) return FailAt({first_path, 0, 0}, "no row to import");
  ImportedRun imported = std::move(counts_);
  if (options.cluster_field.empty()) imported.rows_without_cluster = 0;
  imported.cases_with_fewer_repeats = std::count_if(cases_.begin(), cases_.end(), [&](const auto& entry) {
    return entry.second.rows < imported.run.repeats;
  });
  for (const auto& [dimension, values] : values_) imported.dimensions.push_back({dimension, values.size()});
  std::sort(imported.dimensions.begin(), imported.dimensions.end(),
            [](const DimensionCount& a, const DimensionCount& b) { return a.name < b.name; });

  RunRecord& run = imported.run;
  const auto first_of = [](const std::string& a, const std::string& b) { return a.empty() ? b : a; };
  const std::string model = first_of(options.model, facts.model);
  run.suite = first_of(first_of(options.suite_name, facts.suite), "imported");
  run.target = first_of(first_of(options.target, model), std::filesystem::path(first_path).stem().string());
  run.request_model = first_of(facts.model, model);
  run.request_json = facts.request_json;
  run.started_at = facts.started_at;
  run.cases = static_cast<std::int64_t>(cases_.size());
  run.minslice = kVersion;
  run.imported_from = format;
  imported.end.cases = *run.cases;
  imported.end.repeats = run.repeats;
  imported.end.ended_at = facts.ended_at;
  imported.finished = facts.finished;
  imported.notes = std::move(facts.notes);
  return imported;
}

}  // namespace minslice::import
