// A suite: suite.yaml with its cases.jsonl files (docs/formats/suite.md).
#ifndef MINSLICE_SUITE_SUITE_H_
#define MINSLICE_SUITE_SUITE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/file_system.h"
#include "minslice/case.h"
#include "minslice/result.h"
#include "suite/case_source.h"

namespace minslice::suite {

struct GraderSpec {
  std::string type = "exact_match";  // exact_match | json_match | contains | regex
  bool ignore_case = false;          // exact_match, contains, regex
  bool trim = true;                  // exact_match: surrounding white space of answer and expected is ignored
  std::string pattern;               // regex: RE2; empty = the case's expected is the pattern
  SourcePosition where;
};

struct Target {
  std::string name;
  std::string model;
};

struct GatewaySpec {
  std::string kind;         // openai | litellm | portkey | bifrost; empty: recognised by its answers
  std::string virtual_key;  // as written: ${NAME}
  SourcePosition virtual_key_position;
  std::string base_url;                                      // as written: may hold ${NAME}
  std::vector<std::pair<std::string, std::string>> headers;  // values as written: may hold ${NAME}
  std::vector<SourcePosition> header_positions;              // one a header
  SourcePosition base_url_position;
};

// What a run may spend; what is not set is not limited.
struct BudgetSpec {
  std::optional<double> usd;
  std::optional<std::int64_t> tokens;    // of prompts and answers
  std::optional<std::int64_t> requests;  // those that are sent again included
  std::optional<double> wall_s;

  bool any() const { return usd || tokens || requests || wall_s; }
};

struct Suite {
  std::string path;
  std::string name;
  std::vector<std::string> case_files;  // as written, relative to the suite's folder
  std::vector<std::string> segments;    // dimensions that every case must carry, ascending
  GraderSpec grader;
  std::string request_json;  // object with every default: temperature 0, max_tokens, system, ...
  GatewaySpec gateway;
  std::vector<Target> targets;
  int repeats = 1;
  int concurrency = 16;
  double timeout_s = 120;
  int max_attempts = 5;  // requests for one row, the first included
  BudgetSpec budget;
  std::string prices_path;  // relative to the suite's folder already; empty: the built-in table alone
  std::vector<Case> cases;  // in the files' order
  std::string sha256;       // digest of the canonical cases: order of lines and of keys do not matter
};

// Reads and checks the suite with all its case files. On failure every error of every file is given at once.
Result<Suite> LoadSuite(const std::string& path);
Result<Suite> LoadSuite(const std::string& path, io::FileSystem& files);

// The same where the cases stay in their files: memory does not grow with what they say.
struct OpenedSuite {
  Suite suite;  // without cases
  std::unique_ptr<CaseSource> cases;
};
// Asked of every whole case in the files' order: is it one of the run's? The digest is over all of them.
using KeepCase = std::function<bool(const Suite& suite, Case&& c)>;
Result<OpenedSuite> OpenSuite(const std::string& path, const KeepCase& keep,
                              io::FileSystem& files = io::RealFileSystem());

// Replaces ${NAME}, ${NAME:-default} and ${NAME:?message} from the environment. The value is for the wire
// only and must never be written anywhere. `what` names the setting in the message.
Result<std::string> ExpandEnvironment(const std::string& text, const SourcePosition& where,
                                      const std::string& what);

// Whether every ${...} of the text is well formed; no variable is read.
Result<void> CheckExpansion(const std::string& text, const SourcePosition& where, const std::string& what);

// SHA-256 (lower-case hex) of a case's prompt: canonical JSON of {"messages": ..., "tools": ...},
// without "tools" where the case has none.
std::string PromptSha256(const std::string& messages_json, const std::string& tools_json);

// The messages array of a plain prompt: [{"role":"user","content":prompt}].
std::string PromptMessages(const std::string& prompt);

}  // namespace minslice::suite

#endif  // MINSLICE_SUITE_SUITE_H_
