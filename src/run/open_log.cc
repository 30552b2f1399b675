#include "run/open_log.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "io/diagnostics.h"
#include "io/file_system.h"
#include "io/input_stream.h"
#include "io/nearest_name.h"
#include "json/canonical.h"
#include "json/node.h"
#include "log/log_reader.h"
#include "log/log_scan.h"

namespace minslice::run {
namespace {

// A run that was killed before its first line was whole left nothing to continue.
bool HoldsNoLine(const std::string& bytes) {
  constexpr std::string_view kStart = "{\"record\":\"run\"";
  if (bytes.find('\n') != std::string::npos) return false;
  const std::size_t n = std::min(bytes.size(), kStart.size());
  return std::string_view(bytes).substr(0, n) == kStart.substr(0, n);
}

// The first bytes of a log, unpacked where it is compressed.
Result<std::string> Head(const std::string& path, io::FileSystem& files) {
  constexpr std::size_t kMost = std::size_t{1} << 20;
  const auto stream = io::PlainStream::Open(files, path);
  if (!stream) return tl::unexpected(stream.error());
  std::string bytes(kMost, '\0');
  std::size_t size = 0;
  while (size < kMost) {
    const auto n = (*stream)->Read(bytes.data() + size, kMost - size);
    if (!n) return tl::unexpected(n.error());
    if (*n == 0) break;
    size += *n;
  }
  bytes.resize(size);
  // Cut within the four bytes that say what it is.
  if (size < 4 && io::NamesZstd(path) && io::BeginsLikeZstd(bytes)) bytes.clear();
  return bytes;
}

bool SameJson(const std::string& a, const std::string& b) {
  const Result<json::Node> left = json::ParseNode(a, {});
  const Result<json::Node> right = json::ParseNode(b, {});
  return left && right && json::SameValue(*left, *right);
}

std::string ShardText(const std::optional<Shard>& shard) {
  return shard ? fmt::format("{}/{}", shard->index, shard->of) : "none";
}

Result<void> CheckSameRun(const std::string& path, const RunRecord& then, const RunRecord& now) {
  io::Diagnostics diagnostics;
  const auto differs = [&](const std::string& what, const std::string& then_value,
                           const std::string& now_value) {
    diagnostics.Add({path, 1, 0},
                    fmt::format("cannot be resumed: {} was {} and is now {}", what, then_value, now_value));
  };
  if (!then.imported_from.empty()) {
    return FailAt({path, 1, 0},
                  "cannot be resumed: the log was imported from " + io::Quoted(then.imported_from));
  }
  if (then.suite_sha256 != now.suite_sha256) {
    differs("the suite's digest", then.suite_sha256.value_or("none"), now.suite_sha256.value_or("none"));
  }
  if (then.target != now.target) differs("the target", io::Quoted(then.target), io::Quoted(now.target));
  if (then.request_model != now.request_model) {
    differs("the model", io::Quoted(then.request_model), io::Quoted(now.request_model));
  }
  if (!SameJson(then.request_json, now.request_json)) {
    differs("the request", io::Quoted(then.request_json, 400), io::Quoted(now.request_json, 400));
  }
  if (then.shard != now.shard) differs("the shard", ShardText(then.shard), ShardText(now.shard));
  if (then.repeats != now.repeats)
    differs("repeats", std::to_string(then.repeats), std::to_string(now.repeats));
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  return {};
}

}  // namespace

Result<OpenedLog> OpenLog(const std::string& path, bool resume, const RunRecord& run,
                          suite::CaseSource& cases,
                          const std::function<void(const CaseRecord& row)>& on_kept) {
  io::FileSystem& files = io::RealFileSystem();
  OpenedLog opened;
  if (files.Exists(path)) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error))
      return FailAt({path, 0, 0}, "is no regular file, and a log has to be one");
    if (!resume) {
      const Result<RunLog> there = log::ReadLog(path);
      return FailAt(
          {path, 0, 0},
          there && there->end
              ? "exists already and is complete: there is nothing to resume; gate it, or give another "
                "file with -o"
              : "exists already; --resume completes it, or give another file with -o");
    }
    const Result<std::string> head = Head(path, files);
    if (!head) return tl::unexpected(head.error());
    if (HoldsNoLine(*head)) {
      // Under its lock: a run that has had no answer yet holds an empty file.
      const auto held = files.OpenAppend(path, io::AppendMode::kContinue);
      if (!held) return tl::unexpected(held.error());
      if (std::remove(path.c_str()) != 0) return FailAt({path, 0, 0}, "is empty and cannot be replaced");
    } else {
      opened.resumed = true;
    }
  }
  if (!opened.resumed) {
    Result<std::unique_ptr<log::LogWriter>> writer = log::LogWriter::Create(path, run);
    if (!writer) return tl::unexpected(writer.error());
    opened.writer = std::move(*writer);
    return opened;
  }

  // Checked before the writer touches the file, and read again once it is locked.
  const Result<log::LogScan> before = log::ScanLog(path, [](std::vector<CaseRecord>&&) {});
  if (!before) return tl::unexpected(before.error());
  if (Result<void> same = CheckSameRun(path, before->run, run); !same) return tl::unexpected(same.error());
  Result<std::unique_ptr<log::LogWriter>> writer = log::LogWriter::Continue(path);
  if (!writer) return tl::unexpected(writer.error());
  Plan& plan = opened.plan;
  plan.done.resize(cases.size() * static_cast<std::size_t>(run.repeats));
  io::Diagnostics diagnostics;
  const auto take = [&](const CaseRecord& row) {
    const std::optional<std::size_t> found = cases.Find(row.case_id);
    if (!found || row.repeat < 1 || row.repeat > run.repeats) {
      diagnostics.Add({path, 0, 0}, fmt::format("cannot be resumed: case {} repeat {} is none of the suite's",
                                                io::Quoted(row.case_id), row.repeat));
      return;
    }
    if (row.cost_usd) {
      plan.spent_usd += *row.cost_usd;
      plan.any_cost = true;
    } else {
      plan.unpriced_input_tokens += row.input_tokens.value_or(0);
      plan.unpriced_output_tokens += row.output_tokens.value_or(0);
    }
    plan.spent.tokens += row.input_tokens.value_or(0) + row.output_tokens.value_or(0);
    plan.spent.requests += row.attempts;
    if (row.outcome == Outcome::kInfraError) return;
    const std::size_t item = static_cast<std::size_t>(row.repeat - 1) * cases.size() + *found;
    if (plan.done[item]) {
      diagnostics.Add({path, 0, 0}, fmt::format("cannot be resumed: two rows for case {} repeat {}",
                                                io::Quoted(row.case_id), row.repeat));
      return;
    }
    plan.done[item] = true;
    plan.counts.Add(row.outcome);
    if (on_kept) on_kept(row);
    if (row.response_model) ++plan.response_models[*row.response_model];
  };
  const Result<log::LogScan> log = log::ScanLog(path, [&](std::vector<CaseRecord>&& rows) {
    for (const CaseRecord& row : rows) take(row);
  });
  if (!log) return tl::unexpected(log.error());
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  if (log->run.gateway != run.gateway) {
    opened.notes.push_back(
        fmt::format("the log began at gateway {} and goes on at {}", log->run.gateway, run.gateway));
  }
  const bool complete = plan.counts.total() == static_cast<std::int64_t>(plan.done.size());
  if (!complete || !log->end) opened.writer = std::move(*writer);
  return opened;
}

}  // namespace minslice::run
