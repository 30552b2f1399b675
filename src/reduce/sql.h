// The query that counts logs where they lie: in JSON Lines, Parquet or a table. It gives rows
//   kind text, side text, a text, b text, c text, i bigint, n bigint, m bigint
// which CountTallies makes into counts:
//   cases        a segments (JSON), b cluster or null, c pattern, n cases
//   outcome      side, a outcome, n rows
//   model, fingerprint, deployment   side, a name, i repeat, n rows, m passes
//   cached       side, i repeat, n answered rows out of a cache
//   latency      side, i LatencyClass, n rows
//   sum          side, a cost_units | input_tokens | ... | with_segments | lacks_prompt, n or null
//   refused      a what pairing would refuse, n cases, c one of them
#ifndef MINSLICE_REDUCE_SQL_H_
#define MINSLICE_REDUCE_SQL_H_

#include <optional>
#include <string>
#include <vector>

namespace minslice::reduce {

enum class Engine { kDuckDb, kPostgres, kSpark };
enum class Source { kJsonl, kParquet, kTable };

struct SqlOptions {
  Engine engine = Engine::kDuckDb;
  Source source = Source::kJsonl;
  std::vector<std::string> incumbent, candidate;  // files or tables
  int repeats = 1;                                // of each case at most; more are refused by the query
  std::vector<std::string> metrics;               // beside "pass", ascending
};

std::string CountingQuery(const SqlOptions& options);
// A file's name as the engine takes it for this file alone, where it takes names as patterns; nullopt: there
// is no way to write it.
std::optional<std::string> NameOfOneFile(const std::string& path, Engine engine);

}  // namespace minslice::reduce

#endif  // MINSLICE_REDUCE_SQL_H_
