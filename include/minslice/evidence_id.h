// What names a log's rows as evidence: the SHA-256 of its file, and of a foreign file that is read in place
// ("promptfoo:FILE#provider=a") also what was chosen in it, since one file may hold several systems.
#ifndef MINSLICE_EVIDENCE_ID_H_
#define MINSLICE_EVIDENCE_ID_H_

#include <set>
#include <string>
#include <string_view>

namespace minslice {

inline std::string EvidenceId(const std::string& sha256, std::string_view path) {
  const std::size_t format = path.find_first_not_of("abcdefghijklmnopqrstuvwxyz-");
  if (sha256.empty() || format == std::string_view::npos || path[format] != ':') return sha256;
  // From the right, as the flags are read; their order says nothing.
  std::set<std::string> flags;
  for (std::size_t hash; (hash = path.rfind('#')) != std::string_view::npos; path = path.substr(0, hash)) {
    if (path.find('=', hash) == std::string_view::npos) break;
    flags.insert(std::string(path.substr(hash)));
  }
  std::string id = sha256;
  for (const std::string& flag : flags) id += flag;
  return id;
}

}  // namespace minslice

#endif  // MINSLICE_EVIDENCE_ID_H_
