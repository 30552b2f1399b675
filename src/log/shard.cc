#include "log/shard.h"

#include <cstdint>
#include <cstdlib>
#include <string>

#include "io/sha256.h"

namespace minslice::log {

int ShardOf(std::string_view suite, std::string_view case_id, int of) {
  std::string name(suite);
  name += '\n';
  name += case_id;
  const std::uint64_t hash = std::strtoull(io::Sha256Hex(name).substr(0, 16).c_str(), nullptr, 16);
  return static_cast<int>(hash % static_cast<std::uint64_t>(of)) + 1;
}

}  // namespace minslice::log
