// A line of lm-eval samples read without a tree. All lines of a file have the members of the first one, in
// its order and with its spaces, so a line is compared with the first one and only what differs is read. What
// is not as in the first line is left to the JSON parser; what is read here is what the parser would give.
#ifndef MINSLICE_IMPORT_LM_EVAL_SCAN_H_
#define MINSLICE_IMPORT_LM_EVAL_SCAN_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "import/case_table.h"
#include "json/text_marks.h"

namespace minslice::import {

// What the first line says of all of them.
struct LmEvalForm {
  enum class Kind : std::uint8_t {
    kDocument,   // an object: passed over
    kArguments,  // likewise, unless they are chat messages
    kInteger,    // doc_id
    kHash,       // doc_hash
    kTarget,
    kAnswers,   // [["text"]]
    kFiltered,  // ["text"]
    kMetric,
    kSame,  // the filter and the list of metrics: as in the first line
  };
  struct Member {
    Kind kind = Kind::kSame;
    std::string before;  // what stands in front of the value
    std::string value;   // kSame
  };
  std::vector<Member> members;
  std::string behind;                    // what follows the last value
  std::string chat_before, chat_behind;  // around the messages in the arguments; empty: there are none
  std::string filter;
  std::vector<std::string> metrics;  // as listed
  std::vector<std::string> scores;   // the same in the order of the members
  bool unfiltered = false;           // the answer is that of resps

  // nullopt: a form that is not known here. `line` has slack behind it, as Skim wants it.
  static std::optional<LmEvalForm> Of(std::string_view line);
};

// The rows of one form become lines of the log. One object a thread.
class LmEvalScan {
 public:
  // The log's line for the texts of the form's scores, with an empty text for the case's id, the prompt's
  // hash and the answer. An empty line: it is for the parser to judge.
  struct Graded {
    std::string line;
    bool pass = false;
  };
  using Grade = std::function<Graded(const std::vector<std::string_view>& scores, bool has_prompt)>;
  // `id_prefix` stands in front of the hash that names the case.
  LmEvalScan(const LmEvalForm& form, std::string id_prefix, Grade grade);

  struct Row {
    std::int64_t document = 0;
    TextKey case_key, prompt_key;
    bool pass = false;
  };
  // Appends the row's line with its newline to `out`. False: it is for the parser to read, and nothing was
  // appended. `line` has TextMarks::kSlack behind it.
  bool Read(std::string_view line, Row& row, std::string& out);

 private:
  struct Pieces {
    std::string texts[3], behind;  // up to each of the id, the hash (where there is one) and the answer
    bool pass = false, good = false;
  };
  // Of the string whose content begins at `begin` the closing quote; kNone where the log would write it
  // otherwise.
  std::size_t PlainString(std::string_view line, std::size_t begin) const;
  // The canonical text of chat messages, whose hash names the prompt, into prompt_.
  bool PromptText(std::string_view messages);
  const Pieces& Find(bool has_prompt);

  const LmEvalForm& form_;
  std::string id_prefix_;
  Grade grade_;
  json::TextMarks marks_;
  std::vector<std::string_view> scores_;
  std::string key_, prompt_;
  std::map<std::string, Pieces, std::less<>> pieces_;
  std::string last_key_;
  const Pieces* last_ = nullptr;
  bool has_content_ = false;
};

}  // namespace minslice::import

#endif  // MINSLICE_IMPORT_LM_EVAL_SCAN_H_
