#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "json/canonical.h"
#include "report/machine.h"
#include "report/machine_escape.h"

namespace minslice::report {
namespace {

std::string Number(const std::optional<double>& value) { return value ? json::NumberText(*value) : ""; }
std::string Number(const std::optional<std::int64_t>& value) { return value ? std::to_string(*value) : ""; }
std::string YesNo(const std::optional<bool>& value) { return !value ? "" : *value ? "true" : "false"; }

class Table {
 public:
  void Cell(std::string_view ready) {
    if (!first_) text_ += ',';
    first_ = false;
    text_ += ready;
  }
  void EndRow() {
    text_ += "\r\n";
    first_ = true;
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
  bool first_ = true;
};

void PutRow(const VerdictRow& row, Table& table) {
  table.Cell(CsvText(row.status));
  for (const std::optional<std::int64_t> count :
       {std::optional(row.n_pairs), row.n_both, row.n_incumbent_only, row.n_candidate_only, row.n_neither,
        row.n_clusters})
    table.Cell(Number(count));
  for (const std::optional<double>& value :
       {row.incumbent_rate, row.candidate_rate, row.delta, row.ci_low, row.ci_high, std::optional(row.level)})
    table.Cell(Number(value));
  table.Cell(CsvText(row.method));
  for (const std::optional<double>& value :
       {row.p_value, row.p_harm, row.p_adjusted, row.discordance_rate, row.mde, row.resolvable_margin,
        row.resolution_ratio, row.margin, row.lower_bound})
    table.Cell(Number(value));
  table.Cell(YesNo(row.testable));
  table.Cell(YesNo(row.non_inferior));
}

constexpr const char* kRowColumns =
    "status,n_pairs,n_both,n_incumbent_only,n_candidate_only,n_neither,n_clusters,incumbent_rate,"
    "candidate_rate,delta,ci_low,ci_high,level,method,p_value,p_harm,p_adjusted,discordance_rate,mde,"
    "resolvable_margin,resolution_ratio,margin,lower_bound,testable,non_inferior";

// The rows of some cases, by case and run.
using Rows = std::unordered_map<std::string_view, std::map<int, const CaseRecord*>>;

Rows Collect(std::span<const RunLog> logs, const std::unordered_set<std::string_view>& wanted) {
  Rows rows;
  for (const RunLog& log : logs) {
    for (const CaseRecord& row : log.cases) {
      if (wanted.contains(row.case_id)) rows[row.case_id][row.repeat] = &row;
    }
  }
  return rows;
}

void PutSide(const CaseRecord* row, Table& table) {
  const auto text = [&](const std::optional<std::string>& value) {
    table.Cell(value ? CsvText(*value) : "");
  };
  if (row == nullptr) {
    for (int i = 0; i < 6; ++i) table.Cell("");
    return;
  }
  table.Cell(OutcomeName(row->outcome));
  text(row->finish_reason);
  text(row->response_model);
  table.Cell(Number(row->latency_ms));
  text(row->error);
  text(row->output);
}

}  // namespace

std::string SlicesCsv(const Verdict& verdict) {
  Table table;
  for (const char* column : {"dimension", "value", "role", kRowColumns, "under_floor", "pooled", "members",
                             "required", "floor", "alpha", "broke", "fixed"})
    table.Cell(column);
  table.EndRow();
  table.Cell("");
  table.Cell("");
  table.Cell("aggregate");
  PutRow(verdict.aggregate, table);
  for (int i = 0; i < 6; ++i) table.Cell("");
  table.Cell(std::to_string(verdict.broke.size()));
  table.Cell(std::to_string(verdict.fixed.size()));
  table.EndRow();
  for (const VerdictSegment& segment : verdict.segments) {
    table.Cell(CsvText(segment.dimension));
    table.Cell(CsvText(segment.value));
    table.Cell(CsvText(segment.role));
    PutRow(segment.row, table);
    table.Cell(YesNo(segment.under_floor));
    table.Cell(YesNo(segment.pooled));
    table.Cell(std::to_string(segment.members));
    table.Cell(YesNo(segment.required));
    table.Cell(Number(segment.floor));
    table.Cell(Number(segment.alpha));
    table.Cell(std::to_string(segment.broke.size()));
    table.Cell(std::to_string(segment.fixed.size()));
    table.EndRow();
  }
  return table.Take();
}

namespace {

// What became of each case that the list names; ascending, whatever the order of the verdict's lists.
std::map<std::string_view, const char*> Changes(const Verdict& verdict) {
  std::map<std::string_view, const char*> change;
  for (const auto& [ids, what] : {std::pair(&verdict.missing.incumbent_infra_ids, "missing"),
                                  {&verdict.missing.candidate_infra_ids, "missing"},
                                  {&verdict.missing.incumbent_only_ids, "missing"},
                                  {&verdict.missing.candidate_only_ids, "missing"},
                                  {&verdict.fixed, "fixed"},
                                  {&verdict.broke, "broke"}}) {
    for (const std::string& id : *ids) change[id] = what;
  }
  return change;
}

}  // namespace

std::unordered_set<std::string_view> PromptsListed(const Verdict& verdict) {
  std::unordered_set<std::string_view> ids;
  for (const auto& [id, what] : Changes(verdict)) ids.insert(id);
  return ids;
}

std::string PromptsCsv(const Verdict& verdict, std::span<const RunLog> incumbent,
                       std::span<const RunLog> candidate) {
  const std::map<std::string_view, const char*> change = Changes(verdict);
  const std::unordered_set<std::string_view> wanted = PromptsListed(verdict);
  const Rows before = Collect(incumbent, wanted);
  const Rows after = Collect(candidate, wanted);

  Table table;
  std::vector<std::string_view> dimensions;
  for (const VerdictDimension& dimension : verdict.dimensions) dimensions.push_back(dimension.name);
  for (const char* column : {"case_id", "change", "repeat"}) table.Cell(column);
  for (const std::string_view dimension : dimensions) table.Cell(CsvText(dimension));
  for (const char* side : {"incumbent", "candidate"}) {
    for (const char* column : {"outcome", "finish_reason", "response_model", "latency_ms", "error", "output"})
      table.Cell(fmt::format("{}_{}", side, column));
  }
  table.EndRow();
  static const std::map<int, const CaseRecord*> kNone;
  const auto rows_of = [](const Rows& rows, std::string_view id) -> const std::map<int, const CaseRecord*>& {
    const auto it = rows.find(id);
    return it == rows.end() ? kNone : it->second;
  };
  for (const auto& [id, what] : change) {
    const auto& left = rows_of(before, id);
    const auto& right = rows_of(after, id);
    std::set<int> repeats;
    for (const auto* side : {&left, &right}) {
      for (const auto& [repeat, row] : *side) repeats.insert(repeat);
    }
    for (const int repeat : repeats) {
      const auto find = [&](const std::map<int, const CaseRecord*>& side) {
        const auto it = side.find(repeat);
        return it == side.end() ? nullptr : it->second;
      };
      const CaseRecord* of_left = find(left);
      const CaseRecord* of_right = find(right);
      table.Cell(CsvText(id));
      table.Cell(what);
      table.Cell(std::to_string(repeat));
      for (const std::string_view dimension : dimensions) {
        std::string_view value;
        for (const Segment& segment : (of_left != nullptr ? of_left : of_right)->segments) {
          if (segment.dimension == dimension) value = segment.value;
        }
        table.Cell(CsvText(value));
      }
      PutSide(of_left, table);
      PutSide(of_right, table);
      table.EndRow();
    }
  }
  return table.Take();
}

}  // namespace minslice::report
