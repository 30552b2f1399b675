#include "python/sides.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "io/nearest_name.h"
#include "io/sha256.h"
#include "log/log_reader.h"
#include "log/log_writer.h"

namespace minslice::python {

Result<RunLog> LogOf(const ColumnSide& side, const std::string& name, const std::string& metric) {
  std::vector<Diagnostic> errors;
  const std::int64_t n = side.scores.n();
  const auto check = [&](const std::string& what, std::size_t size) {
    if (static_cast<std::int64_t>(size) != n)
      errors.push_back({{}, fmt::format("{}: expected one value a case ({}), found {}", what, n, size)});
  };
  check("ids", side.ids.size());
  for (const auto& [dimension, values] : side.segments)
    check("segments " + io::Quoted(dimension), values.size());
  if (!side.clusters.empty()) check("clusters", side.clusters.size());
  const bool binary = side.scores.OnlyZeroOne();
  if (!binary && metric == "pass")
    errors.push_back({{}, name + ": the metric is \"pass\", but there are scores other than 0 and 1"});
  if (!errors.empty()) return FailAll(std::move(errors));

  RunRecord run;
  run.suite = side.suite;
  run.target = name;
  run.repeats = static_cast<int>(side.scores.repeats());
  run.cases = n;
  run.request_json = "{}";
  run.imported_from = "python";
  std::string text = log::RunRecordLine(run) + '\n';
  CaseRecord row;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto at = static_cast<std::size_t>(i);
    row.case_id = side.ids[at];
    row.segments.clear();
    for (const auto& [dimension, values] : side.segments) {
      if (!values[at].empty()) row.segments.push_back({dimension, values[at]});
    }
    row.cluster.reset();
    if (!side.clusters.empty() && !side.clusters[at].empty()) row.cluster = side.clusters[at];
    for (std::int64_t r = 0; r < side.scores.repeats(); ++r) {
      const double value = side.scores.At(i, r);
      if (std::isnan(value)) continue;
      row.repeat = static_cast<int>(r) + 1;
      row.scores.clear();
      if (binary) row.scores.emplace_back("pass", value);
      if (metric != "pass") row.scores.emplace_back(metric, value);
      std::sort(row.scores.begin(), row.scores.end());
      row.outcome = value == 0 ? Outcome::kFail : Outcome::kPass;  // of other scores only the score is read
      text += log::CaseRecordLine(row) + '\n';
    }
  }
  EndRecord end;
  end.cases = n;
  end.repeats = run.repeats;
  text += log::EndRecordLine(end) + '\n';
  const std::string sha256 = io::Sha256Hex(text);
  Result<RunLog> log = log::ParseLog(std::move(text), "<" + name + " columns>");
  if (log) log->sha256 = sha256;
  return log;
}

}  // namespace minslice::python
