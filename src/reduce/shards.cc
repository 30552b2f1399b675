#include "reduce/shards.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>

#include "minslice/record.h"

namespace minslice::reduce {
namespace {

struct Cut {
  int of = 1;
  std::set<int> shards;  // 1 alone where the logs are no shards
  bool whole() const { return static_cast<int>(shards.size()) == of; }
  std::string Text() const {
    if (whole()) return of == 1 ? "the whole run" : fmt::format("all {} shards", of);
    std::string text = shards.size() == 1 ? "shard" : "shards";
    std::size_t listed = 0;
    for (const int shard : shards) {
      if (++listed > 3) {
        text += fmt::format(", ... ({} in all)", shards.size());
        break;
      }
      text += fmt::format("{} {}", listed > 1 ? "," : "", shard);
    }
    return text + fmt::format(" of {}", of);
  }
};

Cut CutOf(std::span<const CountedLog> logs, std::string_view side) {
  Cut cut;
  for (const CountedLog& log : logs) {
    if (log.side != side) continue;
    cut.shards.insert(log.shard ? log.shard->index : 1);
    if (log.shard) cut.of = log.shard->of;
  }
  return cut;
}

// Logs one by one, each with the counts that it stands in.
class Seen {
 public:
  explicit Seen(io::Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  void Add(const CountedLog& log, const std::string& part) {
    const auto [known, is_new] = logs_.emplace(std::pair(log.side, log.sha256), Place{&log, &part});
    if (!is_new && !log.sha256.empty()) {
      Error(part, part.empty() ? fmt::format("the {}'s log {} is given twice (SHA-256 {:.12})", log.side,
                                             log.path, log.sha256)
                               : fmt::format("the {}'s log {} (SHA-256 {:.12}) is counted in {} already",
                                             log.side, log.path, log.sha256, *known->second.part));
      return;
    }
    const auto [cut, first_cut] = cuts_.emplace(log.side, &log);
    if (log.shard.has_value() != cut->second->shard.has_value()) {
      const bool shard = log.shard.has_value();
      Error(part, fmt::format(
                      "of the {}'s logs {} is a shard and {} is none: which rows are in both is not known",
                      log.side, shard ? log.path : cut->second->path, shard ? cut->second->path : log.path));
      return;
    }
    if (!log.shard) return;
    if (!first_cut && cut->second->shard->of != log.shard->of) {
      Error(part, fmt::format("{} is one of {} shards of the {}, {} one of {}: they are not cut alike",
                              log.path, log.shard->of, log.side, cut->second->path, cut->second->shard->of));
      return;
    }
    const auto [other, first] = shards_.emplace(std::pair(log.side, log.shard->index), Place{&log, &part});
    if (first) return;
    const std::string shard =
        fmt::format("shard {} of {} of the {}", log.shard->index, log.shard->of, log.side);
    Error(part,
          part.empty()
              ? fmt::format("{} is given twice, {} and {}: keep the log that its done file names; repeats "
                            "of a whole run are put together with log merge first",
                            shard, other->second.log->path, log.path)
              : fmt::format("{} is counted in {} already, from another log ({})", shard, *other->second.part,
                            other->second.log->path));
  }

 private:
  struct Place {
    const CountedLog* log;
    const std::string* part;
  };
  void Error(const std::string& part, std::string message) {
    diagnostics_.Add({part, 0, 0}, std::move(message));
  }

  io::Diagnostics& diagnostics_;
  std::map<std::pair<std::string, std::string>, Place> logs_;
  std::map<std::string, const CountedLog*> cuts_;
  std::map<std::pair<std::string, int>, Place> shards_;
};

}  // namespace

void CheckShards(std::span<const CountedLog> logs, io::Diagnostics& diagnostics) {
  const std::string no_part;
  Seen seen(diagnostics);
  for (const CountedLog& log : logs) seen.Add(log, no_part);
  const Cut incumbent = CutOf(logs, kSideNames[0]);
  const Cut candidate = CutOf(logs, kSideNames[1]);
  if (incumbent.whole() && candidate.whole()) return;
  if (incumbent.of == candidate.of && incumbent.shards == candidate.shards) return;
  diagnostics.Add({},
                  fmt::format("the incumbent's logs are {} and the candidate's {}: both sides of a case lie "
                              "in the same shard of the same K; give the same shards of both",
                              incumbent.Text(), candidate.Text()));
}

void CheckShardsOfParts(std::span<const CaseCounts> parts, io::Diagnostics& diagnostics) {
  Seen seen(diagnostics);
  for (const CaseCounts& part : parts) {
    for (const CountedLog& log : part.logs) seen.Add(log, part.path);
  }
}

std::vector<std::string> MissingShards(const CaseCounts& counts) {
  std::vector<std::string> missing;
  for (const char* side : kSideNames) {
    const Cut cut = CutOf(counts.logs, side);
    for (int index = 1; index <= cut.of; ++index) {
      if (!cut.shards.contains(index))
        missing.push_back(
            fmt::format("{}: shard {} of {} of the {} is not counted", counts.path, index, cut.of, side));
    }
  }
  return missing;
}

}  // namespace minslice::reduce
