// A log named on the command line: ours, or that of another tool as FORMAT:FILE, e.g. inspect:run.eval, with
// import's flags behind it where they are needed: promptfoo:out.jsonl#provider=mock-a#id-field=id. A file
// that exists under the very name is taken as a log.
#ifndef MINSLICE_CLI_OPEN_LOG_ARGUMENT_H_
#define MINSLICE_CLI_OPEN_LOG_ARGUMENT_H_

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "cli/session.h"
#include "log/log_reader.h"
#include "minslice/record.h"
#include "minslice/result.h"

namespace minslice::cli {

// RunLog::path is the argument as given; RunLog::sha256 is that of the foreign file's bytes.
// `warnings`: gets what an import has to say of the file.
Result<RunLog> OpenLogArgument(const std::string& argument, const log::ReadOptions& options = {},
                               std::vector<std::string>* warnings = nullptr);

// One log a side, with the errors of both.
struct TwoLogs {
  RunLog incumbent, candidate;
};
Result<TwoLogs> OpenTwo(const std::string& incumbent, const std::string& candidate,
                        const log::ReadOptions& options, Session& session);

// Reads every log, so that the errors of all of them come at once; false where there are any.
bool ReadLogs(const std::vector<std::string>& paths, std::vector<RunLog>& logs, Session& session,
              const log::ReadOptions& options = {});

// Both sides of a comparison at once, a thread each; errors come in the order of the arguments.
bool ReadSides(const std::vector<std::string>& incumbent, const std::vector<std::string>& candidate,
               std::vector<RunLog>& incumbent_logs, std::vector<RunLog>& candidate_logs, Session& session,
               const log::ReadOptions& options = {});

// For logs that were read as columns, the rows of some cases, read again and of the very same bytes; logs of
// rows stay as they are.
bool ReadRowsOf(const std::vector<std::string>& paths, const std::unordered_set<std::string_view>& case_ids,
                std::vector<RunLog>& logs, Session& session);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_OPEN_LOG_ARGUMENT_H_
