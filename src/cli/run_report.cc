#include "cli/run_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "io/file_system.h"
#include "io/nearest_name.h"
#include "log/done_file.h"

namespace minslice::cli {
namespace {

std::string Duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string Figures(const run::Progress& p) {
  const double rate = p.elapsed_s > 0 ? static_cast<double>(p.asked) / p.elapsed_s : 0;
  std::string text = fmt::format("{}/{}", p.counts.total(), p.total);
  if (p.total > 0)
    text +=
        fmt::format(" {:.0f}%", 100.0 * static_cast<double>(p.counts.total()) / static_cast<double>(p.total));
  text += fmt::format("  {:.1f}/s", rate);
  if (rate > 0) text += "  ETA " + Duration(static_cast<double>(p.to_ask - p.asked) / rate);
  text += fmt::format("  {} fail", p.counts.fail);
  if (p.counts.model_error > 0) text += fmt::format("  {} model_error", p.counts.model_error);
  if (p.counts.infra_error > 0) text += fmt::format("  {} infra_error", p.counts.infra_error);
  if (p.retries > 0) text += fmt::format("  {} retries", p.retries);
  if (p.waiting > 0) text += fmt::format("  {} waiting", p.waiting);
  if (p.any_cost) text += fmt::format("  {:.4f} USD", p.spent_usd);
  return text;
}

void PrintSummary(Session& session, const Setup& setup, const run::Summary& summary,
                  const suite::Suite& suite) {
  const run::Progress& p = summary.progress;
  session.out << fmt::format("{} ({}): {} of {} answered: {} pass, {} fail, {} model_error; {} infra_error\n",
                             setup.record.target, setup.record.request_model, p.counts.answered(), p.total,
                             p.counts.pass, p.counts.fail, p.counts.model_error, p.counts.infra_error);
  if (!summary.response_models.empty()) {
    std::string models;
    std::int64_t named = 0;
    for (const auto& [model, rows] : summary.response_models) {
      models += fmt::format("{}{} ({})", models.empty() ? "" : ", ", io::Quoted(model), rows);
      named += rows;
    }
    if (named < p.counts.answered()) models += fmt::format(", no name ({})", p.counts.answered() - named);
    session.out << "answered by " << models << '\n';
  }
  session.out << fmt::format("{:.1f} s, {:.1f} rows/s, {} requests, {} retries", p.elapsed_s,
                             p.elapsed_s > 0 ? static_cast<double>(p.asked) / p.elapsed_s : 0.0, p.requests,
                             p.retries);
  if (p.any_cost) session.out << fmt::format(", {:.6g} USD", p.spent_usd);
  session.out << "\nlog " << setup.log_path << "  suite " << suite.sha256.substr(0, 12) << '\n';
}

void NoteGateway(Session& session, const Setup& setup, const run::Summary& summary) {
  if (summary.gateway != run::GatewayKind::kUnknown && setup.options.gateway == run::GatewayKind::kUnknown) {
    session.Note(
        fmt::format("minslice: note: the gateway is {}; with gateway: {{kind: {}}} its cache, retries and "
                    "fallbacks are turned "
                    "off from the first request on",
                    run::GatewayKindName(summary.gateway), run::GatewayKindName(summary.gateway)));
  }
  if (summary.not_fresh > 0) {
    session.Note(
        fmt::format("minslice: note: {} answers came from the gateway's cache, a fallback or a retry of its "
                    "own; none of them "
                    "was graded",
                    summary.not_fresh));
  }
  if (summary.pauses > 0 || summary.narrowest < static_cast<std::size_t>(setup.options.concurrency)) {
    session.Note(fmt::format(
        "minslice: note: the gateway pushed back: {} pauses, at the narrowest {} of {} requests in flight",
        summary.pauses, summary.narrowest, setup.options.concurrency));
  }
}

}  // namespace

void ProgressLine::Show(const run::Progress& p) {
  if (session_.quiet) return;
  const double every_s = session_.err_is_terminal ? 0.1 : 10;
  if (p.elapsed_s - shown_at_s_ < every_s) return;
  shown_at_s_ = p.elapsed_s;
  const std::string figures = Figures(p);
  if (!session_.err_is_terminal) {
    session_.err << figures << '\n' << std::flush;
    return;
  }
  constexpr int kCells = 24;
  const auto filled = p.total == 0 ? 0 : static_cast<int>(kCells * p.counts.total() / p.total);
  std::string line = "[" + std::string(static_cast<std::size_t>(filled), '#') +
                     std::string(static_cast<std::size_t>(kCells - filled), '.') + "] " + figures;
  const auto width = static_cast<std::size_t>(std::max(20, session_.width - 1));
  if (line.size() > width) line.resize(width);
  session_.err << '\r' << line << "\x1b[K" << std::flush;
  drawn_ = true;
}

void ProgressLine::Clear() {
  if (drawn_) session_.err << "\r\x1b[K" << std::flush;
  drawn_ = false;
}

// The receipt of a shard that is complete.
void WriteDone(Session& session, const Setup& setup) {
  if (!setup.record.shard) return;
  const Result<log::LogSummary> done = log::DescribeDone(setup.log_path);
  if (!done) return session.Report(done.error());
  const std::string path = log::DonePath(setup.log_path);
  if (const Result<void> written = io::RealFileSystem().WriteFile(path, log::DoneJson(*done, setup.log_path));
      !written)
    return session.Report(written.error());
  session.Note("minslice: done file " + path);
}

void PrintKnown(Session& session, const Job& job, const suite::Suite& suite) {
  run::Summary summary;
  summary.progress.counts = job.log.plan.counts;
  summary.progress.total = job.log.plan.counts.total();
  summary.progress.spent_usd = job.log.plan.spent_usd;
  summary.progress.any_cost = job.log.plan.any_cost;
  summary.response_models = job.log.plan.response_models;
  session.Note("minslice: " + job.setup.log_path + " is complete: nothing to ask");
  PrintSummary(session, job.setup, summary, suite);
}

void PrintEnd(Session& session, Job& job, const run::Summary& summary, const suite::Suite& suite) {
  const Setup& setup = job.setup;
  PrintSummary(session, setup, summary, suite);
  const run::Counts& counts = summary.progress.counts;
  if (summary.cost_assumed && !setup.options.budget.price.known()) {
    session.Note(fmt::format(
        "minslice: note: a budget in USD is set, but for some answers neither the gateway nor a price table "
        "names "
        "a cost: {:g} and {:g} USD a million tokens were assumed; --prices FILE names the model's own",
        setup.options.budget.price.price.input, setup.options.budget.price.price.output));
  }
  NoteGateway(session, setup, summary);
  if (summary.end == run::End::kComplete) {
    if (counts.infra_error > 0) {
      session.Note(fmt::format(
          "minslice: note: {} of {} rows are infra_error and say nothing about the model; --resume asks "
          "them again",
          counts.infra_error, summary.progress.total));
    }
    return WriteDone(session, setup);
  }
  if (summary.end == run::End::kDecided) return;
  const bool refused = summary.end == run::End::kRefused || summary.end == run::End::kRejected;
  if (!job.log.resumed && (summary.progress.asked == 0 || (refused && counts.answered() == 0))) {
    // A log without an answer could be continued by the same wrong model alone.
    std::remove(setup.log_path.c_str());
    session.err << fmt::format("minslice: {}; 0 of {} answered; no log was left\n", summary.why,
                               summary.progress.total);
  } else {
    session.err << fmt::format("minslice: {}; {} of {} answered; {} can be completed with --resume\n",
                               summary.why, counts.answered(), summary.progress.total, setup.log_path);
  }
  const int code = summary.end == run::End::kInterrupted ? kExitInternal : kExitUsage;
  session.exit_code = std::max(session.exit_code, code);
}

void PrintSaved(Session& session, const std::string& sentence, const std::vector<const Job*>& jobs,
                const std::vector<run::Summary>& summaries) {
  std::int64_t rows = 0;
  std::int64_t missing = 0;
  double requests = 0;
  double tokens = 0;
  double usd = 0;
  for (std::size_t k = 0; k < jobs.size(); ++k) {
    const run::Progress& p = summaries[k].progress;
    rows += p.total;
    missing += p.total - p.counts.total();
    if (p.counts.total() == 0) continue;
    // As the rows of the same target that were asked.
    const double share =
        static_cast<double>(p.total - p.counts.total()) / static_cast<double>(p.counts.total());
    requests += share * static_cast<double>(p.requests + jobs[k]->log.plan.spent.requests);
    tokens += share * static_cast<double>(p.tokens);
    usd += share * p.spent_usd;
  }
  session.out << fmt::format("stopped early: {}\nsaved {} of {} rows: about {:.0f} requests", sentence,
                             missing, rows, requests);
  if (tokens > 0) session.out << fmt::format(", {:.0f} tokens", tokens);
  if (usd > 0) session.out << fmt::format(", {:.4g} USD", usd);
  session.out << ", by the mean of what was asked\n";
}

run::Progress Sum(const std::vector<run::Progress>& parts) {
  run::Progress sum;
  for (const run::Progress& p : parts) {
    sum.total += p.total;
    sum.asked += p.asked;
    sum.to_ask += p.to_ask;
    sum.requests += p.requests;
    sum.retries += p.retries;
    sum.tokens += p.tokens;
    sum.in_flight += p.in_flight;
    sum.waiting += p.waiting;
    sum.counts.Add(p.counts);
    sum.spent_usd += p.spent_usd;
    sum.any_cost = sum.any_cost || p.any_cost;
    sum.elapsed_s = std::max(sum.elapsed_s, p.elapsed_s);
  }
  return sum;
}

}  // namespace minslice::cli
