#include "import/lm_eval_rows.h"

#include <algorithm>

namespace minslice::import {
namespace {

constexpr std::size_t kAhead = 12;  // rows whose places in the table are asked for before they are needed

}  // namespace

struct LmEvalRows::Notes final : BatchNotes {
  struct Line {
    LmEvalScan::Row row;
    std::size_t begin = 0;  // in `lines`
    bool good = false;
  };
  explicit Notes(LmEvalScan reads) : scan(std::move(reads)) {}
  LmEvalScan scan;
  std::vector<Line> rows;
  std::string lines;
};

void LmEvalRows::Read(LineBatch& batch) const {
  if (!form_) return;
  if (!batch.notes) {
    batch.notes = std::make_unique<Notes>(
        LmEvalScan(*form_, id_prefix_, [this](const std::vector<std::string_view>& scores, bool has_prompt) {
          return rules_.grade(*form_, scores, has_prompt);
        }));
  }
  auto& notes = static_cast<Notes&>(*batch.notes);
  notes.rows.resize(batch.lines.size());
  notes.lines.clear();
  for (std::size_t i = 0; i < batch.lines.size(); ++i) {
    Notes::Line& line = notes.rows[i];
    line.begin = notes.lines.size();
    line.good = notes.scan.Read(batch.lines[i], line.row, notes.lines);
  }
}

std::size_t LmEvalRows::Take(const LineBatch& batch, std::size_t i) {
  if (!form_ || !rules_.fit(*form_)) return i;
  const auto& notes = static_cast<const Notes&>(*batch.notes);
  RunBuilder& builder = reader_.builder();
  const std::size_t first = i, n = notes.rows.size();
  for (; i < n && notes.rows[i].good; ++i) {
    const LmEvalScan::Row& row = notes.rows[i].row;
    builder.Prefetch(notes.rows[std::min(i + kAhead, n - 1)].row.case_key);
    // What stands there already is for the one who says so.
    if (reader_.content_ids().knows(row.case_key) || builder.knows(row.case_key)) break;
    where_.line = static_cast<int>(batch.first_line + static_cast<std::int64_t>(i));
    builder.AddNew({row.case_key, row.prompt_key, row.pass, row.document}, segments_, where_);
    rules_.took(row.document);
  }
  const std::size_t begin = first < n ? notes.rows[first].begin : 0;
  const std::size_t end = i < n ? notes.rows[i].begin : notes.lines.size();
  if (i > first) builder.TakeLines(std::string_view(notes.lines).substr(begin, end - begin));
  return i;
}

}  // namespace minslice::import
