// Settings of the suite and flags of `run`, put together and checked as a whole before anything is sent.
#ifndef MINSLICE_CLI_RUN_SETUP_H_
#define MINSLICE_CLI_RUN_SETUP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "minslice/record.h"
#include "minslice/result.h"
#include "run/runner.h"
#include "suite/suite.h"

namespace minslice::cli {

struct RunFlags {
  std::string suite;
  std::vector<std::string> targets;
  std::string model;
  std::string base_url;
  std::string log;
  std::vector<std::string> headers;
  int repeats = 0;
  int concurrency = 0;
  double timeout_s = 0;
  std::string gateway;
  double budget_usd = 0;
  std::int64_t budget_tokens = 0;
  std::int64_t budget_requests = 0;
  double budget_wall_s = 0;
  std::string prices;
  bool resume = false;
  std::string shard;
  std::string store;
  std::string policy;     // that may stop the run early
  std::string incumbent;  // its log, where only the candidate is asked
};

// One target's part of the command.
struct Setup {
  run::RunOptions options;
  RunRecord record;
  std::string log_path;
  std::vector<std::string> warnings;
};

// How many cases the run has, and how many its suite.
struct CaseCounts {
  std::int64_t run = 0;
  std::int64_t suite = 0;
};

// `target`: one of the flag's; empty: the suite's only one.
Result<Setup> MakeSetup(const RunFlags& flags, const std::string& target, const suite::Suite& suite,
                        const std::optional<Shard>& shard, const CaseCounts& cases);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_RUN_SETUP_H_
