#include "run/shard_flag.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "io/nearest_name.h"
#include "log/shard.h"

namespace minslice::run {
namespace {

std::optional<std::int64_t> Number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

Result<std::optional<std::int64_t>> Variable(const Environment& environment, const char* name) {
  const char* text = environment(name);
  if (text == nullptr || *text == '\0') return std::optional<std::int64_t>();
  const std::optional<std::int64_t> value = Number(text);
  if (!value) return Fail(fmt::format("--shard: {}: expected a number, found {}", name, io::Quoted(text)));
  return value;
}

Result<Shard> Checked(std::int64_t index, std::int64_t of, const std::string& source) {
  if (of < 1 || of > log::kMaxShards) {
    return Fail(
        fmt::format("--shard: expected from 1 to {} shards, found {} ({})", log::kMaxShards, of, source));
  }
  if (index < 1 || index > of) {
    return Fail(fmt::format("--shard: expected a shard from 1 to {}, found {} ({})", of, index, source));
  }
  return Shard{static_cast<int>(index), static_cast<int>(of)};
}

Result<Shard> FromScheduler(const Environment& environment, std::optional<std::int64_t> of) {
  struct Values {
    std::optional<std::int64_t> id, first, step, count, index, completions;
  } values;
  for (const auto& [name, value] :
       {std::pair("SLURM_ARRAY_TASK_ID", &values.id), std::pair("SLURM_ARRAY_TASK_MIN", &values.first),
        std::pair("SLURM_ARRAY_TASK_STEP", &values.step), std::pair("SLURM_ARRAY_TASK_COUNT", &values.count),
        std::pair("JOB_COMPLETION_INDEX", &values.index),
        std::pair("JOB_COMPLETIONS", &values.completions)}) {
    const auto read = Variable(environment, name);
    if (!read) return tl::unexpected(read.error());
    *value = *read;
  }
  if (values.id && values.index) {
    return Fail(
        "--shard auto: both SLURM_ARRAY_TASK_ID and JOB_COMPLETION_INDEX are set; give --shard i/K instead");
  }
  if (values.id) {
    const std::int64_t step = values.step.value_or(1);
    const std::int64_t offset = *values.id - values.first.value_or(0);
    if (step < 1 || offset % step != 0)
      return Fail(
          "--shard auto: SLURM_ARRAY_TASK_ID is no task of the array by SLURM_ARRAY_TASK_MIN and _STEP");
    if (!of) of = values.count;
    if (!of) return Fail("--shard auto: SLURM_ARRAY_TASK_COUNT is not set; give --shard auto/K");
    return Checked(offset / step + 1, *of, "SLURM_ARRAY_TASK_ID");
  }
  if (values.index) {
    if (!of) of = values.completions;
    if (!of) {
      return Fail(
          "--shard auto: JOB_COMPLETION_INDEX is set but not JOB_COMPLETIONS; set it in the job's env, or "
          "give --shard auto/K");
    }
    return Checked(*values.index + 1, *of, "JOB_COMPLETION_INDEX");
  }
  return Fail("--shard auto: expected SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX, found neither");
}

}  // namespace

Result<Shard> ReadShard(const std::string& text, const Environment& environment) {
  const std::size_t slash = text.find('/');
  const std::optional<std::int64_t> of =
      slash == std::string::npos ? std::nullopt : Number(std::string_view(text).substr(slash + 1));
  const std::string first = text.substr(0, slash);
  if (first == "auto" && (slash == std::string::npos || of)) return FromScheduler(environment, of);
  const std::optional<std::int64_t> index = Number(first);
  if (!index || !of) {
    return Fail("--shard: expected i/K (the i-th of K parts, from 1), auto or auto/K, found " +
                io::Quoted(text));
  }
  return Checked(*index, *of, text);
}

std::string ShardName(const Shard& shard) {
  const auto width = static_cast<int>(std::to_string(shard.of).size());
  return fmt::format("{:0{}}-of-{}", shard.index, width, shard.of);
}

}  // namespace minslice::run
