// minslice run: settings of the suite and the flags are put together and checked as a whole before anything
// is sent.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "cli/early_stop.h"
#include "cli/file_limit.h"
#include "cli/process_privacy.h"
#include "cli/run_report.h"
#include "cli/run_setup.h"
#include "cli/session.h"
#include "cli/stop_signals.h"
#include "cli/store_flag.h"
#include "http/client.h"
#include "io/clock.h"
#include "io/diagnostics.h"
#include "io/file_system.h"
#include "io/nearest_name.h"
#include "log/done_file.h"
#include "log/shard.h"
#include "run/open_log.h"
#include "run/runner.h"
#include "run/shard_flag.h"
#include "score/grader.h"
#include "suite/suite.h"

namespace minslice::cli {
namespace {

// What the logs hold now, whole or not: a run that is resumed is stored again.
void StoreLogs(const std::optional<store::Address>& store, const std::vector<Job>& jobs, Session& session) {
  if (!store) return;
  std::vector<std::string> logs;
  for (const Job& job : jobs) logs.push_back(job.setup.log_path);
  RecordInStore(*store, logs, nullptr, session);
}

void RunSuite(const RunFlags& flags, Session& session) {
  std::optional<store::Address> store;
  if (!flags.store.empty()) {
    Result<store::Address> address = ReadStoreFlag(flags.store);
    if (!address) return session.Report(address.error());
    store = std::move(*address);
  }
  std::optional<Shard> shard;
  if (!flags.shard.empty()) {
    const Result<Shard> read =
        run::ReadShard(flags.shard, [](const char* name) { return std::getenv(name); });
    if (!read) return session.Report(read.error());
    shard = *read;
  }
  io::Diagnostics diagnostics;
  std::int64_t suite_cases = 0;
  std::optional<Result<std::unique_ptr<score::Grader>>> grader;
  SequentialCases sequential_cases;
  const auto keep = [&](const suite::Suite& s, Case&& c) {
    ++suite_cases;
    if (shard && log::ShardOf(s.name, c.id, shard->of) != shard->index) return false;
    if (!grader) grader = score::MakeGrader(s.grader);
    const std::optional<std::string> problem = *grader ? (**grader)->Check(c) : std::nullopt;
    if (problem) diagnostics.Add(c.where, score::CaseProblem(c, *problem));
    if (!flags.policy.empty()) sequential_cases.Add(c);
    return true;
  };
  Result<suite::OpenedSuite> opened = suite::OpenSuite(flags.suite, keep);
  if (!opened) return session.Report(opened.error());
  const suite::Suite* const suite = &opened->suite;
  suite::CaseSource& cases = *opened->cases;
  if (!grader) grader = score::MakeGrader(suite->grader);
  if (!*grader) diagnostics.AddAll(grader->error());
  std::vector<std::string> names = flags.targets;
  if (names.empty()) names.emplace_back();
  std::vector<Job> jobs;
  std::size_t connections = 0;
  for (const std::string& name : names) {
    Result<Setup> setup =
        MakeSetup(flags, name, *suite, shard, {static_cast<std::int64_t>(cases.size()), suite_cases});
    if (!setup) {
      diagnostics.AddAll(setup.error());
      if (!flags.targets.empty() && !suite->targets.empty())
        continue;  // what is wrong with the next one, too
      break;
    }
    for (const Job& other : jobs) {
      if (other.setup.record.target == setup->record.target)
        diagnostics.Add({}, "--target " + io::Quoted(name) + " is given twice");
    }
    connections += static_cast<std::size_t>(setup->options.concurrency);
    jobs.push_back({std::move(*setup), {}, false});
  }
  if (flags.targets.size() > 1 && !flags.model.empty())
    diagnostics.Add({}, "--model goes with one target; with several, the suite names their models");
  if (flags.policy.empty() && !flags.incumbent.empty())
    diagnostics.Add({}, "--incumbent goes with --policy, which says when the run may stop");
  std::unique_ptr<GateStop> early;
  if (!flags.policy.empty() && diagnostics.empty()) {
    std::vector<Setup> setups;
    for (const Job& job : jobs) setups.push_back(job.setup);
    Result<std::unique_ptr<GateStop>> made = GateStop::Make(flags, setups, sequential_cases);
    if (made) {
      early = std::move(*made);
    } else {
      diagnostics.AddAll(made.error());
    }
  }
  // A socket a request, and some for the log, the terminal and libcurl.
  if (const Result<void> raised = RaiseFileLimit(connections + 64); !raised)
    diagnostics.AddAll(raised.error());
  if (!diagnostics.empty()) return session.Report(diagnostics.ToFailure());
  for (const std::string& warning : jobs.front().setup.warnings) session.Note("minslice: note: " + warning);

  http::ClientOptions transport;
  transport.max_connections = connections;
  Result<std::unique_ptr<http::Client>> client =
      http::MakeClientFor(jobs.front().setup.options.base_url, transport);
  if (!client) return session.Report(client.error());

  std::vector<run::Progress> progress(jobs.size());
  std::vector<std::size_t> running;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    Job& job = jobs[i];
    const Setup& setup = job.setup;
    if (flags.log.empty() || flags.log.ends_with('/')) {
      if (const Result<void> made = io::RealFileSystem().MakeDirectories(io::FolderOf(setup.log_path)); !made)
        return session.Report(made.error());
    }
    if (shard && flags.resume) {
      const std::string done = log::DonePath(setup.log_path);
      if (const Result<void> valid = log::CheckDone(setup.log_path, setup.record); valid) {
        session.Note("minslice: " + done + " is valid: nothing to ask");
        job.done = true;
        continue;
      } else if (io::RealFileSystem().Exists(done)) {
        session.Note("minslice: note: " + valid.error().diagnostics[0].ToString() +
                     "; the shard is completed anew");
        std::remove(done.c_str());
      }
    }
    Result<run::OpenedLog> log =
        run::OpenLog(setup.log_path, flags.resume, setup.record, cases, [&](const CaseRecord& row) {
          if (early != nullptr) early->Know(early->SideOf(i), row);
        });
    if (!log) return session.Report(log.error());
    job.log = std::move(*log);
    for (const std::string& note : job.log.notes) session.Note("minslice: note: " + note);
    if (job.log.writer == nullptr) {
      PrintKnown(session, job, *suite);
      WriteDone(session, setup);
      job.done = true;
      continue;
    }
    if (job.log.resumed) {
      session.Note(fmt::format("minslice: {} holds {} answers of {}; the rest is asked", setup.log_path,
                               job.log.plan.counts.total(), job.log.plan.done.size()));
    }
    running.push_back(i);
  }
  if (early != nullptr && early->decided()) {
    session.Note("minslice: nothing to ask: " + early->Sentence());
    return StoreLogs(store, jobs, session);
  }
  if (running.empty()) return StoreLogs(store, jobs, session);

  ProgressLine line(session);
  std::vector<run::TargetRun> targets;
  for (const std::size_t i : running) {
    Job& job = jobs[i];
    job.setup.options.stop = StopSignals::count();
    job.setup.options.on_progress = [&progress, &line, i](const run::Progress& p) {
      progress[i] = p;
      line.Show(Sum(progress));
    };
    targets.push_back({&job.log.plan, &job.setup.options, job.log.writer.get()});
  }
  Result<std::vector<run::Summary>> summaries = [&] {
    const StopSignals signals;
    std::optional<ProcessPrivacy> privacy;
    if (!jobs.front().setup.options.secrets.empty()) privacy.emplace();
    run::Course course;
    if (early != nullptr) {
      std::vector<gate::Side> sides;
      for (const std::size_t i : running) sides.push_back(early->SideOf(i));
      early->SetSides(std::move(sides));
      course = {early->order(), early.get()};
    }
    return run::RunTargets(*suite, cases, ***grader, targets, **client, io::RealClock(), course);
  }();
  line.Clear();
  for (const std::size_t i : running) jobs[i].log.writer.reset();
  if (!summaries) {
    session.Report(summaries.error());
    for (const std::size_t i : running) {
      const std::string& path = jobs[i].setup.log_path;
      if (io::RealFileSystem().Exists(path))
        session.err << "minslice: " << path << " holds what was written; --resume completes it\n";
    }
    return;
  }
  for (std::size_t k = 0; k < running.size(); ++k) {
    PrintEnd(session, jobs[running[k]], (*summaries)[k], *suite);
  }
  StoreLogs(store, jobs, session);
  if (early == nullptr) return;
  if (early->decided()) {
    std::vector<const Job*> asked;
    for (const std::size_t i : running) asked.push_back(&jobs[i]);
    PrintSaved(session, early->Sentence(), asked, *summaries);
  } else if (session.exit_code == 0) {
    session.Note(
        "minslice: note: not stopped early: neither the goal nor harm was shown before the last pair");
  }
}

}  // namespace

void AddRunCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<RunFlags>();
  CLI::App* command = app.add_subcommand("run", "a suite through the gateway, every prompt logged");
  command->add_option("suite", flags->suite, "suite.yaml")->required()->type_name("SUITE");
  command
      ->add_option("--target", flags->targets,
                   "which of the suite's targets; any name where the suite has none. Several, each with its "
                   "flag, are asked in turn, row by row")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command->add_option("--model", flags->model, "model to ask for instead of the target's")
      ->type_name("MODEL");
  command
      ->add_option("-o,--output", flags->log,
                   "log to write, or a folder (ending in /), or a name with {target} and {shard}; default "
                   "runs/<suite>-<target>.jsonl")
      ->type_name("LOG");
  command
      ->add_option("--shard", flags->shard,
                   "i/K: the cases of the i-th of K parts alone, from 1; auto: as the Slurm array or the "
                   "Kubernetes Indexed Job says")
      ->type_name("i/K");
  AddStoreFlag(*command, flags->store,
               "keep the run and its rows: sqlite:FILE, or postgres://USER@HOST/DATABASE");
  command->add_flag("--resume", flags->resume,
                    "complete an existing log: only what has no answer yet is asked");
  command->add_option("--repeats", flags->repeats, "how often each case is asked")
      ->type_name("K")
      ->check(CLI::Range(1, 1000));
  command
      ->add_option("--base-url", flags->base_url,
                   "gateway, e.g. http://127.0.0.1:4000/v1; ${NAME} is read from the environment")
      ->type_name("URL");
  command
      ->add_option(
          "--header", flags->headers,
          "'Name: value', any number; replaces the suite's; ${NAME} is read from the environment (quote it)")
      ->type_name("'K: V'")
      ->allow_extra_args(false);
  command->add_option("--concurrency", flags->concurrency, "requests in flight")
      ->type_name("N")
      ->check(CLI::Range(1, 10000));
  command->add_option("--timeout", flags->timeout_s, "of one request, in seconds")
      ->type_name("S")
      ->check(Between(0.001, 86400.0));
  command
      ->add_option(
          "--gateway", flags->gateway,
          "openai, litellm, portkey or bifrost; recognised by its answers where neither this nor the suite "
          "says it")
      ->type_name("KIND")
      ->check(CLI::IsMember({"openai", "litellm", "portkey", "bifrost"}));
  command
      ->add_option("--budget-usd", flags->budget_usd,
                   "send nothing that could cost more than this, what is in flight included")
      ->type_name("X")
      ->check(Between(1e-9, 1e12));
  command->add_option("--budget-tokens", flags->budget_tokens, "the same for tokens of prompts and answers")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 52));
  command->add_option("--budget-requests", flags->budget_requests, "requests at most, retries included")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 52));
  command->add_option("--budget-wall", flags->budget_wall_s, "seconds at most, from the first request on")
      ->type_name("S")
      ->check(Between(0.001, 1e9));
  command
      ->add_option("--prices", flags->prices,
                   "price table for models whose gateway names no cost, over the built-in one")
      ->type_name("FILE");
  command
      ->add_option("--policy", flags->policy,
                   "stop as soon as this policy's sequential block has decided; of two --target the first is "
                   "the incumbent")
      ->type_name("POLICY");
  command
      ->add_option("--incumbent", flags->incumbent,
                   "with --policy: the incumbent's finished log, where only the candidate is asked")
      ->type_name("LOG");
  command->footer(
      "Retries (429, 408, 5xx, lost connections) always go to the same model. A killed run loses nothing "
      "that was answered:\n"
      "--resume goes on. The first Ctrl-C waits for what is in flight, the second does not. A log that is "
      "not complete gives\n"
      "exit code 2 (interrupted: 1) and never a verdict.\n\n"
      "Examples:\n"
      "  minslice run suite.yaml --target candidate\n"
      "  minslice run suite.yaml --target candidate --repeats 3 -o three.jsonl \\\n"
      "    --header 'x-bf-vk: ${EVAL_VK}'\n"
      "  minslice run suite.yaml --target candidate -o candidate.jsonl --resume\n"
      "  minslice run suite.yaml --target incumbent --target candidate -o both/\n"
      "  minslice run suite.yaml --target incumbent --target candidate -o early/ \\\n"
      "    --policy early.yaml\n"
      "  minslice run suite.yaml --target candidate --shard 3/16 --resume \\\n"
      "    -o 'runs/{target}.{shard}.jsonl'");
  command->callback([flags, &session] { RunSuite(*flags, session); });
}

}  // namespace minslice::cli
