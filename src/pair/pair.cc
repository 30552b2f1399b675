#include "pair/pair.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "log/row_columns.h"

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

using log::RowColumns;

// One log as columns: its own, or made of its rows.
struct LogRows {
  const RunLog* log = nullptr;
  std::shared_ptr<const RowColumns> columns;
  std::vector<std::uint32_t> set_of;      // the log's segment sets in the numbers of all logs together
  std::vector<std::uint32_t> cluster_of;  // likewise
  int offset = 0;                         // added to its repeats
  bool left_out = false;                  // the same log stands there already
};

// One row of one side, with the repeat that it has once all logs of the side are taken together.
struct Row {
  std::uint32_t row;
  std::uint16_t log;
  std::uint16_t repeat;
};

struct Side {
  const char* name;
  std::span<const RunLog> logs;
  std::vector<LogRows> columns;
  std::vector<Row> rows;  // ascending by (id, repeat)
  int repeats = 1;
  bool has_segments = false;
  bool has_clusters = false;
  bool has_prompts = false;

  std::string_view id(const Row& row) const { return columns[row.log].columns->id(row.row); }
};

LogRows RowsOf(const RunLog& log) {
  LogRows rows;
  rows.log = &log;
  rows.columns = log.columns;
  if (rows.columns) return rows;
  auto made = std::make_shared<RowColumns>();
  log::RowFields fields;
  for (const CaseRecord& record : log.cases) {
    log::ViewRecord(record, fields);
    made->Append(fields);
  }
  made->Finish(false);
  rows.columns = std::move(made);
  return rows;
}

// A log of ours says how many cases and repeats it has; with rows taken out it is no evidence. Foreign logs
// may count otherwise. Empty: nothing is lost.
std::string RowsLost(const RunLog& log, const RowColumns& columns) {
  if (!log.end || !log.run.imported_from.empty()) return "";
  const int repeats = columns.max_repeat();
  const int promised_repeats = std::max(log.run.repeats, log.end->repeats);
  if (repeats < promised_repeats && columns.size() > 0)
    return fmt::format("it speaks of {}, the rows have {}",
                       Count(static_cast<std::size_t>(promised_repeats), "repeat"), repeats);
  const std::int64_t cases = std::max(log.end->cases, log.run.cases.value_or(0));
  const auto rows = static_cast<std::int64_t>(columns.size());
  // Writers other than ours have been seen to count rows as cases.
  if (rows < cases || (rows < cases * promised_repeats && rows != cases)) {
    return fmt::format("it speaks of {} x {}, the log has {}", Count(static_cast<std::size_t>(cases), "case"),
                       Count(static_cast<std::size_t>(promised_repeats), "repeat"),
                       Count(static_cast<std::size_t>(rows), "row"));
  }
  return "";
}

// Hashes of (case, repeat) with the row that has it, to be compared where a hash is met again.
class Seen {
 public:
  void Add(const Side& side, const Row& row, int repeat) { rows_.emplace(Key(side.id(row), repeat), row); }
  bool Holds(const Side& side, std::string_view id, int repeat) const {
    const auto [first, last] = rows_.equal_range(Key(id, repeat));
    return std::any_of(first, last, [&](const auto& entry) {
      return entry.second.repeat == repeat && side.id(entry.second) == id;
    });
  }

 private:
  static std::uint64_t Key(std::string_view id, int repeat) {
    return std::hash<std::string_view>()(id) * 31 + static_cast<std::uint64_t>(repeat);
  }
  std::unordered_multimap<std::uint64_t, Row> rows_;
};

// The rows of all logs in one order. Each log is in order already.
void MergeRows(Side& side) {
  std::vector<std::size_t> starts = {0};
  for (std::size_t l = 0; l < side.columns.size(); ++l) {
    const LogRows& log = side.columns[l];
    if (log.left_out) continue;
    for (std::size_t place = 0; place < log.columns->size(); ++place) {
      const std::uint32_t row = log.columns->Ordered(place);
      side.rows.push_back({row, static_cast<std::uint16_t>(l),
                           static_cast<std::uint16_t>(log.columns->repeat(row) + log.offset)});
    }
    starts.push_back(side.rows.size());
  }
  const auto before = [&side](const Row& a, const Row& b) {
    const int compared = side.id(a).compare(side.id(b));
    return compared != 0 ? compared < 0 : a.repeat < b.repeat;
  };
  while (starts.size() > 2) {
    std::vector<std::size_t> next = {0};
    for (std::size_t i = 0; i + 1 < starts.size(); i += 2) {
      const std::size_t high = starts[std::min(i + 2, starts.size() - 1)];
      const auto at = [&](std::size_t place) {
        return side.rows.begin() + static_cast<std::ptrdiff_t>(place);
      };
      std::inplace_merge(at(starts[i]), at(starts[i + 1]), at(high), before);
      next.push_back(high);
    }
    starts.swap(next);
  }
}

// Rows of several logs: a log that holds a (case, repeat) which an earlier one of the side holds too is a
// further repeat of the whole run, so its repeats count on; otherwise it is a shard.
void CollectRows(Side& side, std::vector<Finding>& findings) {
  Seen seen;
  const bool several = side.logs.size() > 1;
  std::set<std::string> hashes;
  for (const RunLog& log : side.logs) {
    side.columns.push_back(RowsOf(log));
    LogRows& rows = side.columns.back();
    const RowColumns& columns = *rows.columns;
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
    if (const std::string lost = RowsLost(log, columns); !lost.empty())
      findings.push_back({"rows_lost", fmt::format("{}: {}", log.path, lost), {}});
    if (!log.sha256.empty() && !hashes.insert(log.sha256).second) {
      findings.push_back({"duplicate_rows",
                          fmt::format("{}: the same log is given twice for the {}", log.path, side.name),
                          {}});
      rows.left_out = true;
      continue;
    }
    for (std::size_t place = 0; several && rows.offset == 0 && place < columns.size(); ++place) {
      const std::uint32_t row = columns.Ordered(place);
      if (seen.Holds(side, columns.id(row), columns.repeat(row))) rows.offset = side.repeats;
    }
    side.repeats = std::max(side.repeats, columns.max_repeat() + rows.offset);
    side.has_segments = side.has_segments || columns.has_segments();
    side.has_clusters = side.has_clusters || columns.has_clusters();
    for (std::size_t place = 0; several && place < columns.size(); ++place) {
      const std::uint32_t row = columns.Ordered(place);
      const int repeat = columns.repeat(row) + rows.offset;
      seen.Add(side,
               {row, static_cast<std::uint16_t>(side.columns.size() - 1), static_cast<std::uint16_t>(repeat)},
               repeat);
    }
  }
  MergeRows(side);
}

// One side is one run: its repeats or its shards. What was made otherwise cannot be pooled.
void CheckOneRun(const Side& side, std::vector<Finding>& findings) {
  const RunRecord& first = side.logs.front().run;
  for (const RunLog& log : side.logs.subspan(1)) {
    const auto differ = [&](const char* what, const std::string& a, const std::string& b) {
      if (a == b) return;
      findings.push_back({"side_mixed",
                          fmt::format("the {}'s logs are not of one run: {} has the {} {}, {} has {}",
                                      side.name, side.logs.front().path, what, a.empty() ? "(none)" : a,
                                      log.path, b.empty() ? "(none)" : b),
                          {}});
    };
    // The target of imported results is named after their file.
    if (first.imported_from.empty() || log.run.imported_from.empty())
      differ("target", first.target, log.run.target);
    differ("request_model", first.request_model, log.run.request_model);
    differ("suite", first.suite, log.run.suite);
    differ("request", first.request_json, log.run.request_json);
    differ("suite_sha256", first.suite_sha256.value_or(""), log.run.suite_sha256.value_or(""));
  }
}

// What a case is, whichever row says it: must be the same in every row of both sides.
struct Identity {
  std::uint64_t prompt = 0;           // 0: no row says it
  std::uint32_t segments = kNoValue;  // of the side that carries segments
  std::uint32_t cluster = kNoValue;   // of the side that carries clusters
  bool cluster_known = false;
};

// One case's rows of one side: fills its cells of the arm.
class ArmFiller {
 public:
  ArmFiller(const Side& side, PairedTable& table, PairedArm& arm)
      : side_(side), table_(table), arm_(arm), repeats_(static_cast<std::size_t>(side.repeats)) {
    arm.repeats = side.repeats;
  }
  void Reserve(std::size_t cases) {
    arm_.scores.reserve(cases * repeats_);
    arm_.has_row.reserve(cases * repeats_);
    arm_.model_error.reserve(cases * repeats_);
    arm_.case_mean.reserve(cases);
  }

  void Fill(std::span<const Row> rows) {
    const std::size_t base = arm_.scores.size();
    arm_.scores.resize(base + repeats_, kMissing);
    arm_.has_row.resize(base + repeats_, 0);
    arm_.model_error.resize(base + repeats_, 0);
    const bool pass_metric = table_.metric == "pass";
    double sum = 0;
    int present = 0;
    for (const Row& row : rows) {
      const std::size_t cell = base + static_cast<std::size_t>(row.repeat) - 1;
      if (arm_.has_row[cell] != 0) {
        Note(duplicates_, row);
        continue;
      }
      const RowColumns& columns = *side_.columns[row.log].columns;
      const Outcome outcome = columns.outcome(row.row);
      arm_.has_row[cell] = 1;
      arm_.model_error[cell] = outcome == Outcome::kModelError ? 1 : 0;
      if (outcome == Outcome::kInfraError) continue;
      double score = outcome == Outcome::kPass ? 1 : 0;
      if (!pass_metric && outcome != Outcome::kModelError) {
        score = columns.score(row.row, table_.metric);
        if (!std::isfinite(score)) {
          Note(without_metric_, row);
          continue;
        }
      }
      if (score != 0 && score != 1) table_.binary = false;
      arm_.scores[cell] = score;
    }
    for (std::size_t r = 0; r < repeats_; ++r) {
      const double score = arm_.scores[base + r];
      if (std::isnan(score)) continue;
      sum += score;
      ++present;
    }
    arm_.case_mean.push_back(present > 0 ? sum / present : kMissing);
  }

  void Report(std::vector<Finding>& findings) {
    if (!duplicates_.empty()) {
      std::string text = fmt::format("the {} has more than one row for the same case and repeat: {} ({})",
                                     side_.name, Count(duplicates_.size(), "case"), Ids(duplicates_));
      findings.push_back({"duplicate_rows", std::move(text), std::move(duplicates_)});
    }
    if (!without_metric_.empty()) {
      std::string text =
          fmt::format("the {} has rows without a finite score \"{}\": {} ({})", side_.name, table_.metric,
                      Count(without_metric_.size(), "case"), Ids(without_metric_));
      findings.push_back({"metric_missing", std::move(text), std::move(without_metric_)});
    }
  }

 private:
  // Cases come ascending: each once, in order.
  void Note(std::vector<std::string>& ids, const Row& row) const {
    if (ids.empty() || ids.back() != side_.id(row)) ids.emplace_back(side_.id(row));
  }

  const Side& side_;
  PairedTable& table_;
  PairedArm& arm_;
  std::size_t repeats_;
  std::vector<std::string> duplicates_, without_metric_;
};

// Means over 1 and over 3 runs do not have the same distribution where the models are equal, so the sign-flip
// test of their difference would be wrong (10 % false alarms at a nominal 5, n = 40, pass rate .95, 1 run
// against 3): the runs that the other side does not have are left out, and that is said.
void KeepCommonRepeats(Side (&sides)[2], std::vector<std::string>& warnings) {
  const int common = std::min(sides[0].repeats, sides[1].repeats);
  for (Side& side : sides) {
    if (side.repeats == common || sides[0].rows.empty() || sides[1].rows.empty()) continue;
    const std::size_t before = side.rows.size();
    std::erase_if(side.rows, [&](const Row& row) { return int{row.repeat} > common; });
    warnings.push_back(
        fmt::format("the {} has {} of each case and the other side {}: {} of its later repeats are not used",
                    side.name, Count(static_cast<std::size_t>(side.repeats), "repeat"), common,
                    Count(before - side.rows.size(), "row")));
    side.repeats = common;
  }
}

// The digest of the cases, where it is known of both sides. A log of ours always has it: without it somebody
// took it out.
void CheckSuites(const Side (&sides)[2], std::vector<Finding>& findings, std::vector<std::string>& warnings) {
  const RunLog* first = nullptr;
  for (const Side& side : sides) {
    for (const RunLog& log : side.logs) {
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
  for (const Side& side : sides) {
    for (const RunLog& log : side.logs) {
      if (first == nullptr || log.run.suite_sha256) continue;
      std::string text = fmt::format(
          "{} has no suite_sha256, {} has {:.12}: whether both were made with the same "
          "cases is not known",
          log.path, first->path, *first->run.suite_sha256);
      if (log.run.imported_from.empty()) {
        findings.push_back({"suite_unknown", std::move(text), {}});
      } else {
        warnings.push_back(std::move(text));
      }
    }
  }
}

void CheckRequests(const Side (&sides)[2], std::vector<std::string>& warnings) {
  std::vector<std::string> requests;
  for (const Side& side : sides) {
    for (const RunLog& log : side.logs) {
      const std::string& request = log.run.request_json;
      if (!request.empty() && std::find(requests.begin(), requests.end(), request) == requests.end())
        requests.push_back(request);
    }
  }
  if (requests.size() < 2) return;
  // Settings may hold whole system messages: where they are long, what is around the first difference.
  constexpr std::size_t kShown = 160, kBefore = 40;
  const std::string &first = requests.front(), &last = requests.back();
  const auto differ = std::mismatch(first.begin(), first.end(), last.begin(), last.end());
  const auto at = static_cast<std::size_t>(differ.first - first.begin());
  std::string text = "the logs were made with different request settings:";
  for (const std::string& request : requests) {
    if (request.size() <= kShown) {
      text += " " + request;
      continue;
    }
    std::size_t begin = at > kBefore ? at - kBefore : 0;
    std::size_t end = std::min(begin + kShown, request.size());
    const auto inside = [&](std::size_t i) {
      return i < request.size() && (static_cast<unsigned char>(request[i]) & 0xC0U) == 0x80U;
    };
    while (inside(begin)) ++begin;
    while (inside(end)) ++end;
    text += fmt::format(" {}{}{}", begin > 0 ? "..." : "", request.substr(begin, end - begin),
                        end < request.size() ? "..." : "");
  }
  warnings.push_back(std::move(text));
}

// Segment sets and clusters of all logs under common numbers.
struct Numbers {
  std::vector<const std::vector<Segment>*> sets;
  std::vector<const std::string*> clusters;
};

Numbers NumberNames(Side (&sides)[2]) {
  Numbers numbers;
  std::map<std::vector<std::pair<std::string_view, std::string_view>>, std::uint32_t> sets;
  std::unordered_map<std::string_view, std::uint32_t> clusters;
  for (Side& side : sides) {
    for (LogRows& log : side.columns) {
      for (const std::vector<Segment>& set : log.columns->segment_sets()) {
        std::vector<std::pair<std::string_view, std::string_view>> key;
        for (const Segment& segment : set) key.emplace_back(segment.dimension, segment.value);
        const auto [entry, is_new] =
            sets.try_emplace(std::move(key), static_cast<std::uint32_t>(numbers.sets.size()));
        if (is_new) numbers.sets.push_back(&set);
        log.set_of.push_back(entry->second);
      }
      for (const std::string& name : log.columns->clusters()) {
        const auto [entry, is_new] =
            clusters.try_emplace(name, static_cast<std::uint32_t>(numbers.clusters.size()));
        if (is_new) numbers.clusters.push_back(&name);
        log.cluster_of.push_back(entry->second);
      }
    }
  }
  return numbers;
}

// Dimensions and clusters of the cases, with their values ascending.
void FillSegments(const std::vector<Identity>& cases, const Numbers& numbers, PairedTable& table) {
  std::vector<bool> used_sets(numbers.sets.size()), used_clusters(numbers.clusters.size());
  for (const Identity& identity : cases) {
    if (identity.segments != kNoValue) used_sets[identity.segments] = true;
    if (identity.cluster != kNoValue) used_clusters[identity.cluster] = true;
  }
  std::map<std::string_view, std::map<std::string_view, std::uint32_t>> values;
  for (std::size_t s = 0; s < used_sets.size(); ++s) {
    if (!used_sets[s]) continue;
    for (const Segment& segment : *numbers.sets[s]) values[segment.dimension].try_emplace(segment.value, 0U);
  }
  std::map<std::string_view, std::size_t> place;
  for (auto& [name, of_dimension] : values) {
    Dimension dimension;
    dimension.name = name;
    for (auto& [value, code] : of_dimension) {
      code = static_cast<std::uint32_t>(dimension.values.size());
      dimension.values.emplace_back(value);
    }
    dimension.value_of_case.assign(cases.size(), kNoValue);
    place[name] = table.dimensions.size();
    table.dimensions.push_back(std::move(dimension));
  }
  std::vector<std::vector<std::pair<std::size_t, std::uint32_t>>> codes(numbers.sets.size());
  for (std::size_t s = 0; s < used_sets.size(); ++s) {
    if (!used_sets[s]) continue;
    for (const Segment& segment : *numbers.sets[s])
      codes[s].emplace_back(place[segment.dimension], values[segment.dimension][segment.value]);
  }
  std::map<std::string_view, std::uint32_t> names;
  for (std::size_t c = 0; c < used_clusters.size(); ++c) {
    if (used_clusters[c]) names.try_emplace(*numbers.clusters[c], static_cast<std::uint32_t>(c));
  }
  std::vector<std::uint32_t> code_of_cluster(used_clusters.size(), kNoValue);
  for (const auto& [name, c] : names) {
    code_of_cluster[c] = static_cast<std::uint32_t>(table.clusters.size());
    table.clusters.emplace_back(name);
  }
  if (!names.empty()) table.cluster_of_case.assign(cases.size(), kNoValue);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (cases[i].cluster != kNoValue) table.cluster_of_case[i] = code_of_cluster[cases[i].cluster];
    if (cases[i].segments == kNoValue) continue;
    for (const auto& [d, code] : codes[cases[i].segments]) table.dimensions[d].value_of_case[i] = code;
  }
}

// Cases that ask the very same prompt are one observation, not several, unless they share a cluster.
void WarnOfSharedPrompts(const std::vector<Identity>& cases, std::vector<std::string>& warnings) {
  // Most prompts are met once: a bit each finds the few that may not be.
  std::size_t bits = 1024;
  while (bits < cases.size() * 16) bits *= 2;
  std::vector<bool> met(bits);
  std::unordered_map<std::uint64_t, std::size_t> again;
  for (const Identity& identity : cases) {
    if (identity.prompt == 0) continue;
    auto bit = met[identity.prompt & (bits - 1)];
    if (bit) again.emplace(identity.prompt, 0);
    bit = true;
  }
  if (again.empty()) return;
  struct Shared {
    std::size_t cases = 0;
    std::uint32_t cluster = kNoValue;
    bool one_cluster = true;
  };
  std::unordered_map<std::uint64_t, Shared> shared;
  for (const Identity& identity : cases) {
    if (identity.prompt == 0 || !again.contains(identity.prompt)) continue;
    Shared& prompt = shared[identity.prompt];
    if (prompt.cases++ == 0) prompt.cluster = identity.cluster;
    prompt.one_cluster =
        prompt.one_cluster && identity.cluster != kNoValue && identity.cluster == prompt.cluster;
  }
  std::size_t n_prompts = 0, n_cases = 0;
  for (const auto& [key, prompt] : shared) {
    if (prompt.cases < 2 || prompt.one_cluster) continue;
    ++n_prompts;
    n_cases += prompt.cases;
  }
  if (n_prompts == 0) return;
  warnings.push_back(fmt::format(
      "{} under several ids (same prompt_sha256): {} are counted as independent and are not; give "
      "cases of one prompt one `cluster`",
      n_prompts == 1 ? "one prompt stands" : fmt::format("{} prompts stand", n_prompts),
      Count(n_cases, "case")));
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

// The cases of both sides in order of their ids: calls visit(id, incumbent's rows, candidate's rows).
template <class Visit>
void Join(const Side& a, const Side& b, Visit visit) {
  const auto end_of = [](const Side& side, std::size_t from) {
    const std::string_view id = side.id(side.rows[from]);
    std::size_t end = from + 1;
    while (end < side.rows.size() && side.id(side.rows[end]) == id) ++end;
    return end;
  };
  for (std::size_t i = 0, j = 0; i < a.rows.size() || j < b.rows.size();) {
    const int compared = i == a.rows.size()   ? 1
                         : j == b.rows.size() ? -1
                                              : a.id(a.rows[i]).compare(b.id(b.rows[j]));
    const std::size_t i_end = compared <= 0 ? end_of(a, i) : i;
    const std::size_t j_end = compared >= 0 ? end_of(b, j) : j;
    visit(compared <= 0 ? a.id(a.rows[i]) : b.id(b.rows[j]), std::span(a.rows).subspan(i, i_end - i),
          std::span(b.rows).subspan(j, j_end - j));
    i = i_end;
    j = j_end;
  }
}

// What the rows of a case say that it is, and where they disagree.
class Identities {
 public:
  Identities(const Side (&sides)[2], std::size_t n)
      : one_sided_(sides[0].has_segments != sides[1].has_segments),
        same_clusters_(sides[0].has_clusters == sides[1].has_clusters) {
    cases.reserve(n);
  }

  void Add(std::string_view id, const Side (&sides)[2], std::span<const Row> (&rows)[2]) {
    Identity identity;
    bool other_prompt = false, other_segments = false;
    bool prompt_in[2] = {false, false};
    for (std::size_t s = 0; s < 2; ++s) {
      const Side& side = sides[s];
      const bool clusters = side.has_clusters || same_clusters_;
      const bool segments = !one_sided_ || side.has_segments;
      for (const Row& row : rows[s]) {
        const LogRows& log = side.columns[row.log];
        if (const std::uint64_t prompt = log.columns->prompt(row.row); prompt != 0) {
          prompt_in[s] = true;
          if (identity.prompt == 0) identity.prompt = prompt;
          other_prompt = other_prompt || identity.prompt != prompt;
        }
        // Clusters likewise: dependence that one side knows of is there for both.
        if (clusters) {
          const std::uint32_t own = log.columns->cluster(row.row);
          const std::uint32_t cluster = own == RowColumns::kNone ? kNoValue : log.cluster_of[own];
          if (!identity.cluster_known) identity.cluster = cluster;
          identity.cluster_known = true;
          other_segments = other_segments || identity.cluster != cluster;
        }
        if (!segments) continue;
        const std::uint32_t set = log.set_of[log.columns->segments(row.row)];
        if (identity.segments == kNoValue) identity.segments = set;
        other_segments = other_segments || identity.segments != set;
      }
    }
    if (other_prompt) other_prompt_.emplace_back(id);
    if (other_segments) other_segments_.emplace_back(id);
    if (!rows[0].empty() && !rows[1].empty() && prompt_in[0] != prompt_in[1]) {
      Stripped& stripped = stripped_[prompt_in[0] ? 1 : 0];
      if (stripped.cases++ == 0) stripped.first = id;
      const auto& lacking = rows[prompt_in[0] ? 1 : 0];
      const Side& side = sides[prompt_in[0] ? 1 : 0];
      stripped.imported = stripped.imported && !side.columns[lacking[0].log].log->run.imported_from.empty();
    }
    cases.push_back(identity);
  }

  void Report(const Side (&sides)[2], PairResult& result) {
    if (!other_prompt_.empty()) {
      std::string text = fmt::format("one id, different prompts: {} ({})",
                                     Count(other_prompt_.size(), "case"), Ids(other_prompt_));
      result.findings.push_back({"prompt_mismatch", std::move(text), std::move(other_prompt_)});
    }
    if (!other_segments_.empty()) {
      std::string text = fmt::format("one id, different segments or clusters: {} ({})",
                                     Count(other_segments_.size(), "case"), Ids(other_segments_));
      result.findings.push_back({"segment_mismatch", std::move(text), std::move(other_segments_)});
    }
    for (std::size_t s = 0; s < 2; ++s) {
      const Stripped& stripped = stripped_[s];
      if (stripped.cases == 0) continue;
      std::string text = fmt::format(
          "the {}'s rows have no prompt_sha256 for {} ({}{}) where the {}'s have one: "
          "whether both were asked the same is not known",
          sides[s].name, Count(stripped.cases, "case"), stripped.first, stripped.cases > 1 ? ", ..." : "",
          sides[1 - s].name);
      // Imported results may know no prompts; a run of ours writes the hash into every row.
      if (stripped.imported) {
        result.warnings.push_back(std::move(text));
      } else {
        result.findings.push_back({"prompt_unknown", std::move(text), {}});
      }
    }
  }

  std::vector<Identity> cases;

 private:
  struct Stripped {
    std::size_t cases = 0;
    std::string first;
    bool imported = true;
  };
  bool one_sided_, same_clusters_;
  std::vector<std::string> other_prompt_, other_segments_;
  Stripped stripped_[2];
};

}  // namespace

PairResult Pair(std::span<const RunLog> incumbent, std::span<const RunLog> candidate,
                const std::string& metric) {
  PairResult result;
  PairedTable& table = result.table;
  table.metric = metric;
  Side sides[2];
  sides[0].name = "incumbent";
  sides[0].logs = incumbent;
  sides[1].name = "candidate";
  sides[1].logs = candidate;
  CheckSuites(sides, result.findings, result.warnings);
  CheckRequests(sides, result.warnings);
  for (Side& side : sides) {
    if (side.logs.size() > 1) CheckOneRun(side, result.findings);
    CollectRows(side, result.findings);
  }
  KeepCommonRepeats(sides, result.warnings);

  // Only where one side's rows carry no segments at all are they taken from the other side.
  if (sides[0].has_segments != sides[1].has_segments && !sides[0].rows.empty() && !sides[1].rows.empty()) {
    result.warnings.push_back(fmt::format("the {}'s rows carry no segments; those of the {} are used",
                                          sides[sides[0].has_segments ? 1 : 0].name,
                                          sides[sides[0].has_segments ? 0 : 1].name));
  }
  const Numbers numbers = NumberNames(sides);
  const std::size_t expected = std::max(sides[0].rows.size() / static_cast<std::size_t>(sides[0].repeats),
                                        sides[1].rows.size() / static_cast<std::size_t>(sides[1].repeats));
  ArmFiller arms[2] = {{sides[0], table, table.incumbent}, {sides[1], table, table.candidate}};
  Identities identities(sides, expected);
  table.case_ids.reserve(expected);
  for (ArmFiller& arm : arms) arm.Reserve(expected);
  // Ascending by id, so that the order of lines changes nothing.
  Join(sides[0], sides[1], [&](std::string_view id, std::span<const Row> a, std::span<const Row> b) {
    table.case_ids.emplace_back(id);
    std::span<const Row> rows[2] = {a, b};
    identities.Add(id, sides, rows);
    for (std::size_t s = 0; s < 2; ++s) arms[s].Fill(rows[s]);
  });
  identities.Report(sides, result);
  FillSegments(identities.cases, numbers, table);
  WarnOfSharedPrompts(identities.cases, result.warnings);
  for (ArmFiller& arm : arms) arm.Report(result.findings);
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
