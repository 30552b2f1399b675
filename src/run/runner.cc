#include "run/runner.h"

#include <algorithm>
#include <memory>

#include "run/lane.h"

namespace minslice::run {
namespace {

constexpr double kPollSeconds = 0.1;

}  // namespace

void Counts::Add(const Counts& other) {
  pass += other.pass;
  fail += other.fail;
  model_error += other.model_error;
  infra_error += other.infra_error;
}

void Counts::Add(Outcome outcome, std::int64_t n) {
  switch (outcome) {
    case Outcome::kPass:
      pass += n;
      break;
    case Outcome::kFail:
      fail += n;
      break;
    case Outcome::kModelError:
      model_error += n;
      break;
    case Outcome::kInfraError:
      infra_error += n;
      break;
  }
}

namespace {

// Rows of all targets in turn: of those that have a place, the one that is furthest behind goes first, and
// where two are level, now the one and now the other. A target that cannot send holds the others up, so that
// what changes in time (load, another model behind a name) changes for all of them.
void SendInTurn(std::vector<std::unique_ptr<Lane>>& lanes) {
  for (;;) {
    Lane* chosen = nullptr;
    std::size_t least = 0;
    const std::size_t n = lanes.size();
    for (std::size_t k = 0; k < n; ++k) {
      Lane* lane = lanes[k].get();
      const std::optional<std::size_t> next = lane->NextRow();
      if (!next) continue;
      const bool before = chosen == nullptr || *next < least || (*next == least && *next % 2 == 1);
      if (!before) continue;
      chosen = lane;
      least = *next;
    }
    if (chosen == nullptr || !chosen->SendNext()) return;
  }
}

}  // namespace

Result<std::vector<Summary>> RunTargets(const suite::Suite& suite, suite::CaseSource& cases,
                                        const score::Grader& grader, std::span<const TargetRun> targets,
                                        http::Client& client, io::Clock& clock, const Course& course) {
  std::vector<std::unique_ptr<Lane>> lanes;
  for (const TargetRun& target : targets) {
    lanes.push_back(std::make_unique<Lane>(suite, cases, grader, *target.plan, *target.options, *target.log,
                                           client, clock, course, lanes.size()));
    if (Result<void> started = lanes.back()->Start(); !started) return tl::unexpected(started.error());
  }
  const std::atomic<int>* stop = targets.front().options->stop;
  const http::CompletionHandler on_done = [&](http::Response&& response) {
    lanes[response.tag >> kSlotBits]->OnDone(std::move(response));
  };
  const auto all = [&](auto holds) { return std::all_of(lanes.begin(), lanes.end(), holds); };
  for (;;) {
    const int stopped = stop == nullptr ? 0 : stop->load();
    if (stopped >= 1) {
      for (auto& lane : lanes) lane->StopSending(End::kInterrupted, "interrupted");
    }
    if (stopped >= 2 ||
        std::any_of(lanes.begin(), lanes.end(), [](const auto& r) { return r->log_failed(); }))
      break;
    if (course.early_stop != nullptr && course.early_stop->decided()) {
      for (auto& lane : lanes) lane->StopSending(End::kDecided, course.early_stop->Why());
    }
    // Rows of one side alone compare nothing.
    for (const auto& ended : lanes) {
      if (!ended->ending()) continue;
      for (auto& lane : lanes)
        lane->StopSending(End::kInterrupted, "stopped with the target \"" + ended->target() + "\"");
      break;
    }
    if (all([](const auto& r) { return r->abandoned() || r->idle(); }) &&
        std::any_of(lanes.begin(), lanes.end(), [](const auto& r) { return r->abandoned(); }))
      break;
    for (auto& lane : lanes) {
      if (!lane->abandoned()) lane->SendRetries();
    }
    SendInTurn(lanes);
    if (all([](const auto& r) { return r->idle() && !r->paused(); })) break;
    double wait_s = kPollSeconds;
    for (const auto& lane : lanes) {
      if (!lane->idle() || lane->paused()) wait_s = std::min(wait_s, lane->SecondsToWait(kPollSeconds));
    }
    client.Poll(wait_s, on_done);
    for (auto& lane : lanes) {
      lane->Flush();
      lane->Report();
    }
  }
  client.CancelAll();
  std::vector<Summary> summaries;
  std::optional<Failure> failure;
  for (auto& lane : lanes) {
    Result<Summary> summary = lane->TakeSummary();
    if (summary) {
      summaries.push_back(std::move(*summary));
    } else if (!failure) {
      failure = summary.error();
    }
  }
  if (failure) return tl::unexpected(*failure);
  return summaries;
}

Result<Summary> Run(const suite::Suite& suite, suite::CaseSource& cases, const score::Grader& grader,
                    const Plan& plan, const RunOptions& options, log::LogWriter& log, http::Client& client,
                    io::Clock& clock) {
  const TargetRun target{&plan, &options, &log};
  Result<std::vector<Summary>> summaries = RunTargets(suite, cases, grader, {&target, 1}, client, clock);
  if (!summaries) return tl::unexpected(summaries.error());
  return std::move(summaries->front());
}

}  // namespace minslice::run
