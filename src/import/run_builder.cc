#include "import/run_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "io/nearest_name.h"
#include "minslice/version.h"

namespace minslice::import {

std::string RunBuilder::Describe(const Place& place) const {
  if (place.line == 0) return files_[place.file];
  return fmt::format("{}:{}", files_[place.file], place.line);
}

void RunBuilder::CheckAgainstFirst(const CaseRecord& row, const CaseSeen& seen, const SourcePosition& where) {
  const CaseRecord& first = rows_[seen.first_row];
  const auto differ = [&](const std::string& what) {
    diagnostics_.Add(where, fmt::format("case {} has {} than at {}", io::Quoted(row.case_id), what,
                                        Describe(seen.places.front())));
  };
  for (std::size_t i = 0; i < row.segments.size() && i < first.segments.size(); ++i) {
    if (row.segments[i] == first.segments[i]) continue;
    differ(fmt::format("another {} ({}, not {})", row.segments[i].dimension,
                       io::Quoted(row.segments[i].value), io::Quoted(first.segments[i].value)));
  }
  if (row.cluster != first.cluster) differ("another cluster");
  if (row.prompt_sha256 != first.prompt_sha256) differ("another prompt");
}

void RunBuilder::Add(CaseRecord row, const SourcePosition& where) {
  if (files_.empty() || files_.back() != where.file) files_.push_back(where.file);
  const Place place{static_cast<std::uint32_t>(files_.size() - 1), where.line, row.repeat};
  const auto [entry, is_new] = cases_.try_emplace(row.case_id);
  CaseSeen& seen = entry->second;
  if (is_new) {
    seen.first_row = rows_.size();
  } else {
    const auto same = std::find_if(seen.places.begin(), seen.places.end(),
                                   [&](const Place& other) { return other.repeat == row.repeat; });
    if (same != seen.places.end()) {
      diagnostics_.Add(
          where,
          fmt::format("case {} repeat {} stands at {} already; {}, or import each run into a log of its own",
                      io::Quoted(row.case_id), row.repeat, Describe(*same), advice_));
      return;
    }
    CheckAgainstFirst(row, seen, where);
  }
  seen.places.push_back(place);
  for (const Segment& segment : row.segments) values_[segment.dimension].insert(segment.value);
  rows_.push_back(std::move(row));
}

Result<ImportedRun> RunBuilder::Build(const std::string& format, const std::string& first_path,
                                      const Options& options, RunFacts facts) {
  if (!diagnostics_.empty()) return tl::unexpected(diagnostics_.ToFailure());
  if (rows_.empty()) return FailAt({first_path, 0, 0}, "no row to import");
  ImportedRun imported;
  for (const CaseRecord& row : rows_) {
    imported.run.repeats = std::max(imported.run.repeats, row.repeat);
    ++(row.outcome == Outcome::kPass ? imported.passed : imported.failed);
    imported.model_errors += row.outcome == Outcome::kModelError ? 1 : 0;
    imported.infra_errors += row.outcome == Outcome::kInfraError ? 1 : 0;
    if (!options.cluster_field.empty() && !row.cluster) ++imported.rows_without_cluster;
  }
  const auto repeats = static_cast<std::size_t>(imported.run.repeats);
  imported.cases_with_fewer_repeats = std::count_if(
      cases_.begin(), cases_.end(), [&](const auto& entry) { return entry.second.places.size() < repeats; });
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
  imported.rows = std::move(rows_);
  return imported;
}

}  // namespace minslice::import
