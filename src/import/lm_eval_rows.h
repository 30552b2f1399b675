// The rows of a samples file that are as its first one: read on several threads, taken in order.
#ifndef MINSLICE_IMPORT_LM_EVAL_ROWS_H_
#define MINSLICE_IMPORT_LM_EVAL_ROWS_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "import/lm_eval_scan.h"
#include "import/tool_rows.h"

namespace minslice::import {

class LmEvalRows final : public LineScanner {
 public:
  struct Rules {
    // On any thread.
    std::function<LmEvalScan::Graded(const LmEvalForm& form, const std::vector<std::string_view>& scores,
                                     bool has_prompt)>
        grade;
    // Whether the rows so far leave rows of this form as they are read.
    std::function<bool(const LmEvalForm& form)> fit;
    std::function<void(std::int64_t document)> took;
    std::function<void(std::int64_t rows)> expect;
  };
  LmEvalRows(ToolReader& reader, const std::string& path, std::string id_prefix,
             std::vector<Segment> segments, Rules rules)
      : reader_(reader),
        where_{path, 0, 0},
        id_prefix_(std::move(id_prefix)),
        segments_(std::move(segments)),
        rules_(std::move(rules)) {}

  void Begin(std::string_view first_line, std::int64_t rows) override {
    form_ = LmEvalForm::Of(first_line);
    rules_.expect(rows);
  }
  void Read(LineBatch& batch) const override;
  std::size_t Take(const LineBatch& batch, std::size_t i) override;

 private:
  struct Notes;

  ToolReader& reader_;
  SourcePosition where_;
  std::string id_prefix_;
  std::vector<Segment> segments_;
  Rules rules_;
  std::optional<LmEvalForm> form_;
};

}  // namespace minslice::import

#endif  // MINSLICE_IMPORT_LM_EVAL_ROWS_H_
