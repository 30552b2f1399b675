#include "pair/pair.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <string_view>
#include <unordered_map>

namespace minslice::pair {
namespace {

constexpr std::size_t kNamedIds = 5;

// "r-1, r-2 and 7 more"
std::string Ids(const std::vector<std::string>& ids) {
  std::string text;
  for (std::size_t i = 0; i < ids.size() && i < kNamedIds; ++i) text += (i > 0 ? ", " : "") + ids[i];
  if (ids.size() > kNamedIds) text += fmt::format(" and {} more", ids.size() - kNamedIds);
  return text;
}

std::string Count(std::size_t n, std::string_view noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

// One row of one side, with the repeat that it has once all logs of the side are taken together.
struct Row {
  const CaseRecord* record;
  std::uint32_t case_index;
  int repeat;
};

struct Side {
  const char* name;
  std::span<const RunLog> logs;
  std::vector<Row> rows;
  int repeats = 1;
  bool has_segments = false;
  bool has_clusters = false;
};

using IdIndex = std::unordered_map<std::string_view, std::uint32_t>;

std::uint32_t IndexOf(IdIndex& index, std::string_view id) {
  return index.try_emplace(id, static_cast<std::uint32_t>(index.size())).first->second;
}

// A log of ours says how many cases and repeats it has; with rows taken out it is no evidence. Foreign logs
// may count otherwise. Empty: nothing is lost.
std::string RowsLost(const RunLog& log) {
  if (!log.end || !log.run.imported_from.empty()) return "";
  int repeats = 0;
  for (const CaseRecord& record : log.cases) repeats = std::max(repeats, record.repeat);
  const int promised_repeats = std::max(log.run.repeats, log.end->repeats);
  if (repeats < promised_repeats && !log.cases.empty())
    return fmt::format("it speaks of {}, the rows have {}",
                       Count(static_cast<std::size_t>(promised_repeats), "repeat"), repeats);
  const std::int64_t cases = std::max(log.end->cases, log.run.cases.value_or(0));
  const auto rows = static_cast<std::int64_t>(log.cases.size());
  // Writers other than ours have been seen to count rows as cases.
  if (rows < cases || (rows < cases * promised_repeats && rows != cases)) {
    return fmt::format("it speaks of {} x {}, the log has {}", Count(static_cast<std::size_t>(cases), "case"),
                       Count(static_cast<std::size_t>(promised_repeats), "repeat"),
                       Count(static_cast<std::size_t>(rows), "row"));
  }
  return "";
}

// Rows of several logs: a log that holds a (case, repeat) which an earlier one of the side holds too is a
// further repeat of the whole run, so its repeats count on; otherwise it is a shard.
void CollectRows(Side& side, IdIndex& index, std::vector<Finding>& findings) {
  std::set<std::uint64_t> seen;  // only needed where there are several logs
  std::set<std::string> hashes;
  for (const RunLog& log : side.logs) {
    if (!log.end) {
      const std::string why =
          log.stop ? fmt::format(
                         "the run stopped with {} missing: {}",
                         Count(static_cast<std::size_t>(std::max<std::int64_t>(0, log.stop->missing)), "row"),
                         log.stop->text)
                   : "the run was cut off";
      const bool budget = log.stop && log.stop->reason == "budget_exhausted";
      findings.push_back(
          {budget ? "budget_exhausted" : "unfinished_log",
           fmt::format("{}: the {}'s log has no end record: {}; complete it with run --resume{}", log.path,
                       side.name, why, budget ? " and a larger budget" : ""),
           {}});
    }
    if (const std::string lost = RowsLost(log); !lost.empty())
      findings.push_back({"rows_lost", fmt::format("{}: {}", log.path, lost), {}});
    if (!log.sha256.empty() && !hashes.insert(log.sha256).second) {
      findings.push_back({"duplicate_rows",
                          fmt::format("{}: the same log is given twice for the {}", log.path, side.name),
                          {}});
      continue;
    }
    const auto key = [](std::uint32_t i, int repeat) {
      return std::uint64_t{i} << 32U | static_cast<std::uint32_t>(repeat);
    };
    int offset = 0;
    if (side.logs.size() > 1) {
      for (const CaseRecord& record : log.cases) {
        if (seen.contains(key(IndexOf(index, record.case_id), record.repeat))) {
          offset = side.repeats;
          break;
        }
      }
    }
    for (const CaseRecord& record : log.cases) {
      const std::uint32_t i = IndexOf(index, record.case_id);
      side.rows.push_back({&record, i, record.repeat + offset});
      side.repeats = std::max(side.repeats, record.repeat + offset);
      side.has_segments = side.has_segments || !record.segments.empty();
      side.has_clusters = side.has_clusters || record.cluster.has_value();
    }
    if (side.logs.size() > 1) {
      for (const CaseRecord& record : log.cases)
        seen.insert(key(IndexOf(index, record.case_id), record.repeat + offset));
    }
  }
}

// What a case is, whichever row says it: must be the same in every row of both sides.
struct Identity {
  const CaseRecord* first = nullptr;    // of the side that carries segments
  const CaseRecord* cluster = nullptr;  // of the side that carries clusters
  const std::string* prompt = nullptr;
};

double ScoreOf(const CaseRecord& record, const std::string& metric, bool pass_metric, bool& missing) {
  if (record.outcome == Outcome::kInfraError) return kMissing;
  if (pass_metric) return record.outcome == Outcome::kPass ? 1 : 0;
  if (record.outcome == Outcome::kModelError) return 0;
  for (const auto& [name, value] : record.scores) {
    if (name == metric && std::isfinite(value)) return value;
  }
  missing = true;
  return kMissing;
}

// Means over 1 and over 3 runs do not have the same distribution where the models are equal, so the sign-flip
// test of their difference would be wrong (10 % false alarms at a nominal 5, n = 40, pass rate .95, 1 run
// against 3): the runs that the other side does not have are left out, and that is said.
void KeepCommonRepeats(Side (&sides)[2], std::vector<std::string>& warnings) {
  const int common = std::min(sides[0].repeats, sides[1].repeats);
  for (Side& side : sides) {
    if (side.repeats == common || sides[0].rows.empty() || sides[1].rows.empty()) continue;
    const std::size_t before = side.rows.size();
    std::erase_if(side.rows, [&](const Row& row) { return row.repeat > common; });
    warnings.push_back(
        fmt::format("the {} has {} of each case and the other side {}: {} of its later repeats are not used",
                    side.name, Count(static_cast<std::size_t>(side.repeats), "repeat"), common,
                    Count(before - side.rows.size(), "row")));
    side.repeats = common;
  }
}

// Fills one side's arm; `position` maps a case index to its place in the sorted table.
void FillArm(const Side& side, const std::vector<std::uint32_t>& position, PairedTable& table, PairedArm& arm,
             std::vector<Finding>& findings) {
  const std::size_t n = table.n_cases();
  const auto repeats = static_cast<std::size_t>(side.repeats);
  arm.repeats = side.repeats;
  arm.scores.assign(n * repeats, kMissing);
  arm.has_row.assign(n * repeats, 0);
  arm.model_error.assign(n * repeats, 0);
  arm.case_mean.assign(n, kMissing);
  const bool pass_metric = table.metric == "pass";
  std::set<std::string> duplicates;
  std::set<std::string> without_metric;
  for (const Row& row : side.rows) {
    const std::size_t cell = position[row.case_index] * repeats + static_cast<std::size_t>(row.repeat - 1);
    if (arm.has_row[cell] != 0) {
      duplicates.insert(row.record->case_id);
      continue;
    }
    arm.has_row[cell] = 1;
    arm.model_error[cell] = row.record->outcome == Outcome::kModelError ? 1 : 0;
    bool missing = false;
    arm.scores[cell] = ScoreOf(*row.record, table.metric, pass_metric, missing);
    if (missing) without_metric.insert(row.record->case_id);
    const double score = arm.scores[cell];
    if (!std::isnan(score) && score != 0 && score != 1) table.binary = false;
  }
  if (!duplicates.empty()) {
    std::vector<std::string> ids(duplicates.begin(), duplicates.end());
    std::string text = fmt::format("the {} has more than one row for the same case and repeat: {} ({})",
                                   side.name, Count(ids.size(), "case"), Ids(ids));
    findings.push_back({"duplicate_rows", std::move(text), std::move(ids)});
  }
  if (!without_metric.empty()) {
    std::vector<std::string> ids(without_metric.begin(), without_metric.end());
    std::string text = fmt::format("the {} has rows without a finite score \"{}\": {} ({})", side.name,
                                   table.metric, Count(ids.size(), "case"), Ids(ids));
    findings.push_back({"metric_missing", std::move(text), std::move(ids)});
  }
  for (std::size_t i = 0; i < n; ++i) {
    double sum = 0;
    int present = 0;
    for (std::size_t r = 0; r < repeats; ++r) {
      const double score = arm.scores[i * repeats + r];
      if (!std::isnan(score)) {
        sum += score;
        ++present;
      }
    }
    if (present > 0) arm.case_mean[i] = sum / present;
  }
}

void CheckSuites(std::span<const RunLog> incumbent, std::span<const RunLog> candidate,
                 std::vector<Finding>& findings) {
  const RunLog* first = nullptr;
  for (const std::span<const RunLog> logs : {incumbent, candidate}) {
    for (const RunLog& log : logs) {
      if (!log.run.suite_sha256) continue;
      if (first == nullptr) {
        first = &log;
      } else if (*log.run.suite_sha256 != *first->run.suite_sha256) {
        findings.push_back(
            {"suite_mismatch",
             fmt::format(
                 "{} was made with another suite ({} {:.12}) than {} ({} {:.12}): the cases are not the same",
                 log.path, log.run.suite, *log.run.suite_sha256, first->path, first->run.suite,
                 *first->run.suite_sha256),
             {}});
      }
    }
  }
}

void CheckRequests(std::span<const RunLog> incumbent, std::span<const RunLog> candidate,
                   std::vector<std::string>& warnings) {
  std::set<std::string> requests;
  for (const std::span<const RunLog> logs : {incumbent, candidate}) {
    for (const RunLog& log : logs) {
      if (!log.run.request_json.empty()) requests.insert(log.run.request_json);
    }
  }
  if (requests.size() > 1) {
    std::string text = "the logs were made with different request settings:";
    for (const std::string& request : requests) text += " " + request;
    warnings.push_back(std::move(text));
  }
}

// Dimensions and clusters, interned with their values ascending.
void FillSegments(const std::vector<Identity>& cases, PairedTable& table) {
  std::map<std::string_view, std::map<std::string_view, std::uint32_t>> values;
  std::map<std::string_view, std::uint32_t> clusters;
  for (const Identity& identity : cases) {
    if (identity.cluster != nullptr && identity.cluster->cluster)
      clusters.try_emplace(*identity.cluster->cluster, 0U);
    if (identity.first == nullptr) continue;
    for (const Segment& segment : identity.first->segments)
      values[segment.dimension].try_emplace(segment.value, 0U);
  }
  for (auto& [name, of_dimension] : values) {
    Dimension dimension;
    dimension.name = name;
    for (auto& [value, code] : of_dimension) {
      code = static_cast<std::uint32_t>(dimension.values.size());
      dimension.values.emplace_back(value);
    }
    dimension.value_of_case.assign(cases.size(), kNoValue);
    table.dimensions.push_back(std::move(dimension));
  }
  for (auto& [name, code] : clusters) {
    code = static_cast<std::uint32_t>(table.clusters.size());
    table.clusters.emplace_back(name);
  }
  if (!clusters.empty()) table.cluster_of_case.assign(cases.size(), kNoValue);
  std::map<std::string_view, std::size_t> place;
  for (std::size_t d = 0; d < table.dimensions.size(); ++d) place[table.dimensions[d].name] = d;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (cases[i].cluster != nullptr && cases[i].cluster->cluster)
      table.cluster_of_case[i] = clusters[*cases[i].cluster->cluster];
    if (cases[i].first == nullptr) continue;
    for (const Segment& segment : cases[i].first->segments) {
      table.dimensions[place[segment.dimension]].value_of_case[i] = values[segment.dimension][segment.value];
    }
  }
}

void ListUnpaired(const PairedTable& table, Unpaired& unpaired) {
  const auto has_row = [](const PairedArm& arm, std::size_t i) {
    const auto begin =
        arm.has_row.begin() + static_cast<std::ptrdiff_t>(i * static_cast<std::size_t>(arm.repeats));
    return std::any_of(begin, begin + arm.repeats, [](std::uint8_t present) { return present != 0; });
  };
  for (std::size_t i = 0; i < table.n_cases(); ++i) {
    if (table.complete(i)) continue;
    const std::string& id = table.case_ids[i];
    const bool in_incumbent = has_row(table.incumbent, i);
    const bool in_candidate = has_row(table.candidate, i);
    if (!in_candidate) unpaired.incumbent_only.push_back(id);
    if (!in_incumbent) unpaired.candidate_only.push_back(id);
    if (in_incumbent && std::isnan(table.incumbent.case_mean[i])) unpaired.incumbent_infra.push_back(id);
    if (in_candidate && std::isnan(table.candidate.case_mean[i])) unpaired.candidate_infra.push_back(id);
  }
}

}  // namespace

PairResult Pair(std::span<const RunLog> incumbent, std::span<const RunLog> candidate,
                const std::string& metric) {
  PairResult result;
  PairedTable& table = result.table;
  table.metric = metric;
  CheckSuites(incumbent, candidate, result.findings);
  CheckRequests(incumbent, candidate, result.warnings);

  std::size_t expected_rows = 0;
  for (const std::span<const RunLog> logs : {incumbent, candidate}) {
    for (const RunLog& log : logs) expected_rows += log.cases.size();
  }
  IdIndex index;
  index.reserve(expected_rows / 2 + 1);
  Side sides[2] = {{.name = "incumbent", .logs = incumbent, .rows = {}},
                   {.name = "candidate", .logs = candidate, .rows = {}}};
  for (Side& side : sides) CollectRows(side, index, result.findings);

  KeepCommonRepeats(sides, result.warnings);

  // Ascending by id, so that the order of lines changes nothing.
  std::vector<std::string_view> ids(index.size());
  for (const auto& [id, i] : index) ids[i] = id;
  std::vector<std::uint32_t> order(ids.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return ids[a] < ids[b]; });
  std::vector<std::uint32_t> position(ids.size());
  table.case_ids.reserve(ids.size());
  for (std::uint32_t place = 0; place < order.size(); ++place) {
    position[order[place]] = place;
    table.case_ids.emplace_back(ids[order[place]]);
  }

  // Only where one side's rows carry no segments at all are they taken from the other side.
  const bool one_sided = sides[0].has_segments != sides[1].has_segments;
  if (one_sided && !sides[0].rows.empty() && !sides[1].rows.empty()) {
    result.warnings.push_back(fmt::format("the {}'s rows carry no segments; those of the {} are used",
                                          sides[sides[0].has_segments ? 1 : 0].name,
                                          sides[sides[0].has_segments ? 0 : 1].name));
  }
  std::vector<Identity> cases(ids.size());
  std::set<std::string> other_prompt;
  std::set<std::string> other_segments;
  for (const Side& side : sides) {
    for (const Row& row : side.rows) {
      Identity& identity = cases[position[row.case_index]];
      if (row.record->prompt_sha256) {
        if (identity.prompt == nullptr) {
          identity.prompt = &*row.record->prompt_sha256;
        } else if (*identity.prompt != *row.record->prompt_sha256) {
          other_prompt.insert(row.record->case_id);
        }
      }
      // Clusters likewise: dependence that one side knows of is there for both.
      if (side.has_clusters || sides[0].has_clusters == sides[1].has_clusters) {
        if (identity.cluster == nullptr) {
          identity.cluster = row.record;
        } else if (identity.cluster->cluster != row.record->cluster) {
          other_segments.insert(row.record->case_id);
        }
      }
      if (one_sided && !side.has_segments) continue;
      if (identity.first == nullptr) {
        identity.first = row.record;
      } else if (identity.first->segments != row.record->segments) {
        other_segments.insert(row.record->case_id);
      }
    }
  }
  if (!other_prompt.empty()) {
    std::vector<std::string> named(other_prompt.begin(), other_prompt.end());
    std::string text =
        fmt::format("one id, different prompts: {} ({})", Count(named.size(), "case"), Ids(named));
    result.findings.push_back({"prompt_mismatch", std::move(text), std::move(named)});
  }
  if (!other_segments.empty()) {
    std::vector<std::string> named(other_segments.begin(), other_segments.end());
    std::string text = fmt::format("one id, different segments or clusters: {} ({})",
                                   Count(named.size(), "case"), Ids(named));
    result.findings.push_back({"segment_mismatch", std::move(text), std::move(named)});
  }
  FillSegments(cases, table);
  FillArm(sides[0], position, table, table.incumbent, result.findings);
  FillArm(sides[1], position, table, table.candidate, result.findings);
  ListUnpaired(table, result.unpaired);
  bool any_pair = false;
  for (std::size_t i = 0; i < table.n_cases() && !any_pair; ++i) any_pair = table.complete(i);
  if (!any_pair) {
    result.findings.push_back(
        {"no_pairs",
         fmt::format("no case has a score on both sides: {} in the incumbent's logs, {} in the candidate's",
                     Count(sides[0].rows.size(), "row"), Count(sides[1].rows.size(), "row")),
         {}});
  }
  return result;
}

}  // namespace minslice::pair
