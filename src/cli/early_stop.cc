#include "cli/early_stop.h"

#include "gate/policy_reader.h"
#include "io/diagnostics.h"
#include "io/nearest_name.h"
#include "log/log_reader.h"

namespace minslice::cli {

void SequentialCases::Add(const Case& c) {
  ids_.push_back(c.id);
  if (c.cluster && !clusters_.insert(*c.cluster).second) share_clusters_ = true;
}

Result<std::unique_ptr<GateStop>> GateStop::Make(const RunFlags& flags, const std::vector<Setup>& targets,
                                                 const SequentialCases& cases) {
  io::Diagnostics diagnostics;
  const Result<Policy> policy = gate::LoadPolicy(flags.policy);
  if (!policy) {
    diagnostics.AddAll(policy.error());
  } else if (!policy->sequential) {
    diagnostics.Add({flags.policy, 0, 0},
                    "has no sequential block, so nothing allows to stop early: add \"sequential: {}\", and "
                    "gate by the same policy");
  }
  const bool both = flags.incumbent.empty();
  if (both && targets.size() != 2) {
    diagnostics.Add({},
                    "--policy: expected two --target, the incumbent first, or one beside --incumbent LOG");
  }
  if (!both && targets.size() != 1)
    diagnostics.Add({}, "--incumbent: expected one --target beside it, the candidate");
  if (!flags.shard.empty())
    diagnostics.Add({},
                    "--policy: the parts of --shard cannot see each other's pairs; leave one of them off");
  if (!targets.empty() && targets.front().options.repeats != 1)
    diagnostics.Add({}, "--policy: stopping early takes one run a case, found repeats " +
                            std::to_string(targets.front().options.repeats) + "; --repeats 1");
  if (cases.share_clusters())
    diagnostics.Add({}, "--policy: cases share clusters, and stopping early takes them to be independent");
  std::optional<RunLog> incumbent;
  if (!both) {
    Result<RunLog> log = log::ReadLog(flags.incumbent);
    if (!log) {
      diagnostics.AddAll(log.error());
    } else if (!targets.empty() && log->run.suite_sha256 != targets.front().record.suite_sha256) {
      diagnostics.Add({flags.incumbent, 1, 0}, "is a log of another suite, or of an older state of this one");
    } else {
      incumbent = std::move(*log);
    }
  }
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  Result<gate::SequentialWatch> watch = both ? gate::SequentialWatch::Make(*policy, cases.ids())
                                             : gate::SequentialWatch::Make(*policy, *incumbent);
  if (!watch) return tl::unexpected(watch.error());
  std::unique_ptr<GateStop> stop(new GateStop(std::move(*watch), policy->sequential->seed));
  stop->both_ = both;
  stop->order_ = gate::SequentialOrder(cases.ids(), policy->sequential->seed);
  return stop;
}

gate::Side GateStop::SideOf(std::size_t target) const {
  return both_ && target == 0 ? gate::Side::kIncumbent : gate::Side::kCandidate;
}

std::string GateStop::Sentence() const { return gate::SequentialSentence(watch_.state(), watch_.cases()); }

std::string GateStop::Why() const {
  return "its pairs had decided, " + Sentence() +
         "; it is a sample that was looked at, for a policy that stops early in the same order alone";
}

SequentialStop GateStop::Facts() const { return {seed_, watch_.looked_at()}; }

}  // namespace minslice::cli
