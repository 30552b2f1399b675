// What `run` prints: while it lasts, and of each log at its end.
#ifndef MINSLICE_CLI_RUN_REPORT_H_
#define MINSLICE_CLI_RUN_REPORT_H_

#include <string>
#include <vector>

#include "cli/run_setup.h"
#include "cli/session.h"
#include "run/open_log.h"
#include "run/runner.h"
#include "suite/suite.h"

namespace minslice::cli {

// A bar that is drawn over itself on a terminal, a line every ten seconds elsewhere.
class ProgressLine {
 public:
  explicit ProgressLine(Session& session) : session_(session) {}
  void Show(const run::Progress& p);
  void Clear();

 private:
  Session& session_;
  double shown_at_s_ = 0;
  bool drawn_ = false;
};

run::Progress Sum(const std::vector<run::Progress>& parts);

// One target's part of the command, with its log.
struct Job {
  Setup setup;
  run::OpenedLog log;
  bool done = false;  // nothing to ask
};

// Of a log that was complete before.
void PrintKnown(Session& session, const Job& job, const suite::Suite& suite);
// Of a log that this run wrote; sets the exit code, removes a log without an answer and leaves the receipt of
// a complete shard.
void PrintEnd(Session& session, Job& job, const run::Summary& summary, const suite::Suite& suite);
// What was not asked because the rest had decided, one summary a job.
void PrintSaved(Session& session, const std::string& sentence, const std::vector<const Job*>& jobs,
                const std::vector<run::Summary>& summaries);
void WriteDone(Session& session, const Setup& setup);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_RUN_REPORT_H_
