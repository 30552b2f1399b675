// What a case is: its prompt, its segments, its cluster, which all of its rows must agree on.
#ifndef MINSLICE_PAIR_IDENTITIES_H_
#define MINSLICE_PAIR_IDENTITIES_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "minslice/paired_table.h"
#include "pair/pair.h"
#include "pair/side.h"

namespace minslice::pair {

// What a case is, whichever row says it: must be the same in every row of both sides.
struct Identity {
  std::uint64_t prompt = 0;           // 0: no row says it
  std::uint32_t segments = kNoValue;  // of the side that carries segments
  std::uint32_t cluster = kNoValue;   // of the side that carries clusters
};

// What the rows of a case say that it is, and where they disagree.
class Identities {
 public:
  Identities(const Side (&sides)[2], std::size_t n)
      : one_sided_(sides[0].has_segments != sides[1].has_segments),
        same_clusters_(sides[0].has_clusters == sides[1].has_clusters) {
    cases.reserve(n);
  }

  void Add(std::string_view id, const Side (&sides)[2], std::span<const Row> (&rows)[2]);
  void Report(const Side (&sides)[2], PairResult& result);

  std::vector<Identity> cases;

 private:
  struct Stripped {
    std::size_t cases = 0;
    std::string first;
    bool imported = true;
  };
  bool one_sided_, same_clusters_;
  std::vector<std::string> other_prompt_, other_segments_;
  Stripped stripped_[2];
};

// Cases that ask the very same prompt are one observation, not several, unless they share a cluster.
void WarnOfSharedPrompts(const std::vector<Identity>& cases, std::vector<std::string>& warnings);

}  // namespace minslice::pair

#endif  // MINSLICE_PAIR_IDENTITIES_H_
