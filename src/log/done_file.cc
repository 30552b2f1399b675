#include "log/done_file.h"

#include <fmt/format.h>

#include "io/file_system.h"
#include "io/nearest_name.h"
#include "io/sha256.h"
#include "json/json.h"

namespace minslice::log {
namespace {

constexpr int kDoneVersion = 1;

std::string FileName(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

tl::unexpected<Failure> OfAnotherLog(const std::string& path) {
  return FailAt({path, 0, 0}, "speaks of another log than the one beside it");
}

template <class T>
json::Value OrNull(const std::optional<T>& value) {
  return value ? json::Value(*value) : json::Value();
}

}  // namespace

std::string DonePath(const std::string& log_path) { return log_path + ".done"; }

Result<LogSummary> DescribeDone(const std::string& log_path) {
  Result<LogSummary> done = SummarizeLog(log_path);
  if (done && !done->finished) return FailAt({log_path, 0, 0}, "has no end record: the shard is not done");
  return done;
}

std::string DoneJson(const LogSummary& done, const std::string& log_path) {
  json::Value shard;
  if (done.run.shard) shard = {{"index", done.run.shard->index}, {"of", done.run.shard->of}};
  const json::Value value = {
      {"done_version", kDoneVersion},
      {"log", FileName(log_path)},
      {"rows", done.rows},
      {"bytes", done.bytes},
      {"sha256", done.sha256},
      {"suite", done.run.suite},
      {"suite_sha256", OrNull(done.run.suite_sha256)},
      {"suite_cases", OrNull(done.run.suite_cases)},
      {"cases", OrNull(done.run.cases)},
      {"shard", shard},
      {"target", done.run.target},
      {"request_model", done.run.request_model},
      {"request_sha256", done.request_sha256},
      {"repeats", done.run.repeats},
      {"outcomes", done.outcomes},
      {"response_models", done.response_models},
      {"input_tokens", done.input_tokens},
      {"output_tokens", done.output_tokens},
      {"spent_usd", OrNull(done.spent_usd)},
      {"ended_at", done.ended_at},
  };
  return json::Pretty(value);
}

Result<void> CheckDone(const std::string& log_path, const RunRecord& run) {
  const std::string path = DonePath(log_path);
  const auto value = json::ReadFile(path);
  if (!value) return tl::unexpected(value.error());
  const auto differs = [&](const char* what) {
    return FailAt({path, 0, 0}, fmt::format("is of another {}", what));
  };
  const auto text = [&](const char* key) {
    const auto found = value->find(key);
    return found != value->end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const auto integer = [&](const json::Value& object, const char* key) {
    if (!object.is_object()) return std::int64_t{-1};
    const auto found = object.find(key);
    return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>()
                                                               : std::int64_t{-1};
  };
  if (!value->is_object() || integer(*value, "done_version") != kDoneVersion) return differs("version");
  if (text("suite") != run.suite || text("suite_sha256") != run.suite_sha256.value_or(""))
    return differs("suite");
  if (text("target") != run.target) return differs("target");
  if (text("request_model") != run.request_model) return differs("model");
  if (text("request_sha256") != RequestSha256(run.request_json)) return differs("request");
  if (integer(*value, "repeats") != run.repeats) return differs("number of repeats");
  const std::int64_t unanswered =
      integer(value->value("outcomes", json::Value()), OutcomeName(Outcome::kInfraError));
  if (unanswered > 0) return FailAt({path, 0, 0}, fmt::format("counts {} infra_error rows", unanswered));
  const json::Value shard = value->value("shard", json::Value());
  const std::int64_t index = run.shard ? run.shard->index : -1;
  const std::int64_t of = run.shard ? run.shard->of : -1;
  if (integer(shard, "index") != index || integer(shard, "of") != of) return differs("shard");
  const auto sha256 = io::Sha256OfFile(log_path);
  if (!sha256) return tl::unexpected(sha256.error());
  if (text("sha256") != *sha256) return OfAnotherLog(path);
  return {};
}

Result<void> CheckDoneBeside(const std::string& log_path) {
  const std::string path = DonePath(log_path);
  if (!io::RealFileSystem().Exists(path)) return {};
  const auto value = json::ReadFile(path);
  if (!value) return tl::unexpected(value.error());
  const auto sha256 = io::Sha256OfFile(log_path);
  if (!sha256) return tl::unexpected(sha256.error());
  const auto found = value->find("sha256");
  const bool same = found != value->end() && found->is_string() && *found == *sha256;
  return same ? Result<void>() : OfAnotherLog(path);
}

}  // namespace minslice::log
