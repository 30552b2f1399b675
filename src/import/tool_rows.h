// What the logs of other tools share: JSON trees with a bound on their depth, lines, fields that flags name
// in the tool's own place, scores that pass, prompts that hash alike in every tool.
#ifndef MINSLICE_IMPORT_TOOL_ROWS_H_
#define MINSLICE_IMPORT_TOOL_ROWS_H_

#include <simdjson.h>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "import/formats.h"
#include "import/import.h"
#include "import/json_fields.h"
#include "import/line_batches.h"
#include "import/row_mapper.h"
#include "import/run_builder.h"
#include "import/skim.h"
#include "io/diagnostics.h"
#include "io/input_stream.h"
#include "io/looks_like.h"

namespace minslice::import {

using Json = simdjson::dom::element;

inline constexpr std::size_t kDeepest = 64;                           // nested levels of a foreign document
inline constexpr std::int64_t kLargestFile = std::int64_t{2} << 30U;  // bytes of one file

// Flags that these formats have no use for, or that are missing; `takes` names the flags of this tool among
// --scorer, --filter, --provider, --prompt-index.
Result<void> CheckToolOptions(const Options& options, const std::string& format,
                              const std::set<std::string>& takes);

std::optional<Json> Member(Json value, std::string_view key);  // nullopt: absent, or null
std::string TextOf(std::optional<Json> value);                 // "" where it is no text
std::optional<double> NumberOf(std::optional<Json> value);     // numbers and truth values
std::optional<std::int64_t> IntegerOf(std::optional<Json> value);
// `members` (each `"key":value`) as one canonical object; "" where there are none or they are no JSON.
std::string CanonicalObject(const std::vector<std::string>& members);
// Members by name, their values as JSON.
using Settings = std::map<std::string, std::string>;
std::string CanonicalObject(const Settings& settings);
// Takes the members of `config` that decide how a model answers, by the names that providers give them:
// nothing of the connection, no key.
void TakeGenerationSettings(Json config, Settings& settings);
// A text as it is, anything else as JSON.
std::string AnyText(Json value);
// "2026-11-21T03:59:08+00:00" as "2026-11-21T03:59:08Z"; other texts as they are.
std::string UtcTime(std::string text);

// Whether an error's text speaks of a context that was too long: the model's failing, not the machine's.
bool IsContextError(std::string_view text);

// A text (a plain prompt, or a JSON list of messages) or a list of messages, as suite::PromptSha256 hashes
// it; ids, sources and other members of a message do not count. nullopt: neither.
class JsonParser {
 public:
  // `padded` has simdjson's padding after its end. NaN and Infinity, which Python writes, count as null.
  Result<Json> Parse(std::string_view padded, const SourcePosition& where);
  // A copy is made.
  std::optional<Json> ParseText(std::string_view text);

 private:
  simdjson::dom::parser parser_;
  std::string copy_;
};
std::optional<std::string> PromptHash(Json prompt, JsonParser& scratch);

// A file whole, unpacked where it is compressed; its bytes have simdjson's padding after their end.
Result<std::string> ReadPadded(io::FileSystem& files, const std::string& path);

// Cases that a hash of their content names: a suite may hold the same content several times. The second
// document of one content is "HASH#2". Which of them is the second changes nothing, since nothing tells them
// apart.
class ContentIds {
 public:
  // Cases that RunBuilder::AddNew added were met, too.
  explicit ContentIds(RunBuilder& builder) : builder_(builder) {}
  // `document`: its number in the tool's own counting; the same number again is the same document.
  std::string Name(std::string hash, std::int64_t document);
  bool knows(const TextKey& hash) { return first_.Find(hash) != nullptr; }
  // How many documents have the content of an earlier one.
  std::int64_t again() const { return again_; }

 private:
  RunBuilder& builder_;
  CaseTable<std::int64_t> first_;                                      // the first document of each content
  std::unordered_map<std::string, std::vector<std::int64_t>> others_;  // behind it
  std::int64_t again_ = 0;
};

// Reads the usual lines of a tool without a tree, a batch at a time.
class LineScanner {
 public:
  virtual ~LineScanner() = default;
  // `rows`: about so many lines there will be.
  virtual void Begin(std::string_view first_line, std::int64_t rows) = 0;
  virtual void Read(LineBatch& batch) const = 0;  // on any thread
  // In order: takes lines[i] and those behind it, up to one that is for the parser or to their end; which one
  // that is.
  virtual std::size_t Take(const LineBatch& batch, std::size_t i) = 0;
};

class ToolReader {
 public:
  ToolReader(const char* format, const Options& options);

  io::Diagnostics& diagnostics() { return diagnostics_; }
  RunBuilder& builder() { return builder_; }
  ContentIds& content_ids() { return content_ids_; }
  const Options& options() const { return options_; }
  RunFacts facts;

  // Each line that is no blank, as a tree; of the members that `keep` does not keep whole only the names.
  // `visit` false: stop. A last line that is cut (no newline, no JSON) counts in torn(). A file that does not
  // begin like JSON is left to the caller, who says what it looks like by the first bytes that are returned.
  using Visit = std::function<bool(Json row, const SourcePosition& where)>;
  using KeepMember = std::function<Keep(std::string_view key, std::string_view value)>;
  std::string Lines(const std::string& path, io::PlainStream& stream, const Visit& visit,
                    const KeepMember& keep = nullptr, LineScanner* scanner = nullptr);
  // Of a file of its own, whatever its size.
  std::string Lines(io::FileSystem& files, const std::string& path, const Visit& visit,
                    const KeepMember& keep = nullptr, LineScanner* scanner = nullptr);
  // What stands beside the rows: one document of a few facts. nullopt after reporting why not.
  std::optional<Json> Sidecar(io::FileSystem& files, const std::string& path, JsonParser& parser);
  // Whether a flag names a field of the row's own data.
  bool wants_fields() const { return !paths_.empty(); }
  std::int64_t torn() const { return torn_; }

  // Which model a file says was asked. Files of several models are no shards of one run.
  void TakeModel(const std::string& model, const std::string& path);
  // Id (if a flag names it), segments, cluster and prompt from the named fields, looked for in each of
  // `places` in turn. False after reporting why not.
  bool Names(std::span<const Json> places, const SourcePosition& where, CaseRecord& row);
  // The fields that are a segment where no flag names any: short texts and truth values.
  static void DefaultSegments(Json metadata, CaseRecord& row);
  // Whether the score passes; nullopt: neither 0 nor 1 and no --pass-above (reported by Finish).
  std::optional<bool> Passes(const std::string& name, double score, const SourcePosition& where);
  // Likewise, with nothing reported.
  std::optional<bool> PassesPlainly(double score) const;
  // Sorts scores, adds "pass" and the model that a flag names.
  void Complete(CaseRecord& row) const;
  // Before the first row: RunBuilder::Expect with the facts as they are known.
  void Expect(const std::string& first_path, std::int64_t cases) {
    builder_.Expect(format_, first_path, options_, facts, cases);
  }
  // Completes the row first.
  void Add(CaseRecord row, const SourcePosition& where);
  Result<ImportedRun> Finish(const std::string& first_path);

 private:
  // Whether the first line of a file may be a row: it begins an object that does not begin a document.
  bool BeginsRows(std::string_view text, const SourcePosition& where);
  // False: `visit` wants no more.
  bool Line(std::string_view text, bool terminated, const SourcePosition& where, const Visit& visit,
            const KeepMember& keep);

  const char* format_;
  const Options& options_;
  io::Diagnostics diagnostics_;
  RunBuilder builder_;
  ContentIds content_ids_;
  RowMapper mapper_;
  std::vector<FieldPath> paths_;
  std::vector<FieldValue> values_;
  JsonParser parser_;
  std::string skimmed_;
  std::int64_t torn_ = 0;
  std::int64_t graded_ = 0;
  std::string first_graded_;
  SourcePosition first_graded_at_;
};

// "; choose with --scorer: acc, acc_norm"
std::string Choices(const std::string& flag, const std::set<std::string>& names);

}  // namespace minslice::import

#endif  // MINSLICE_IMPORT_TOOL_ROWS_H_
