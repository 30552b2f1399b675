// Stopping a run early (methods 2.8). The pairs are looked at one after another, in an order drawn from the
// case ids and not from the answers, by processes that may be looked at after each: a claim keeps its level
// however often one looks (Ville 1939).
//
// Gain, scores of 0 and 1: the e-process of the discordant pairs, E = 2^(b+c) B(1+b, 1+c) >= 1/alpha_promote
// with more fixed than broke. Gain, graded, and non-inferiority: the wealth of a gambler against "no gain",
// against "worse than the margin" (stats::SequentialNonInferiority) >= 1/alpha_promote. Harm: the wealth of
// one against "not worse than the margin", >= 1/alpha_block.
#ifndef MINSLICE_GATE_SEQUENTIAL_H_
#define MINSLICE_GATE_SEQUENTIAL_H_

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "minslice/policy.h"
#include "minslice/record.h"
#include "minslice/result.h"

namespace minslice::gate {

// Indices of the ids in the order in which a sequential run asks them: by SHA-256 of seed and id.
std::vector<std::size_t> SequentialOrder(std::span<const std::string> ids, std::uint64_t seed);

struct SequentialState {
  std::int64_t n = 0;  // pairs looked at, in the order
  std::int64_t broke = 0, fixed = 0;
  double log_e = 0;             // of the goal's process, its largest value
  double log_e_harm = 0;        // of harm's
  std::string decided;          // "gain", "non_inferior", "harm"; empty: not yet
  std::int64_t decided_at = 0;  // n then
};

// Takes differences in [-1, 1], candidate minus incumbent, in the order.
class SequentialTest {
 public:
  explicit SequentialTest(const Policy& policy);  // policy.sequential must be set
  void Add(double difference);
  // Looks at what was added since the last look.
  void Look();
  const SequentialState& state() const { return state_; }

 private:
  Policy policy_;
  std::vector<double> differences_;
  std::int64_t next_look_ = 1;
  SequentialState state_;
};

enum class Side : std::uint8_t { kIncumbent, kCandidate };

// The rows of a run as they come. A pair enters once all cases before it in the order have theirs, so that
// what answers fast has no say.
class SequentialWatch {
 public:
  // Both sides are still to come, for these cases. Fails where the policy has no sequential block.
  static Result<SequentialWatch> Make(const Policy& policy, std::span<const std::string> ids);
  // Against the incumbent's finished log. Fails where policy and log do not go together: several runs a case,
  // cases that share a cluster, an unfinished log.
  static Result<SequentialWatch> Make(const Policy& policy, const RunLog& incumbent);

  // True once decided; later rows change nothing. Rows of cases that are not in the order are ignored.
  bool Add(Side side, const CaseRecord& row);
  const SequentialState& state() const { return test_.state(); }
  std::int64_t cases() const { return static_cast<std::int64_t>(cases_); }
  // So many cases of the order, from its first, have had their rows of both sides.
  std::int64_t looked_at() const { return static_cast<std::int64_t>(next_); }

 private:
  explicit SequentialWatch(const Policy& policy) : policy_(policy), test_(policy) {}
  double ScoreOf(const CaseRecord& row) const;  // kMissing where it is not graded

  Policy policy_;
  SequentialTest test_;
  std::size_t cases_ = 0;
  std::unordered_map<std::string, std::size_t> place_;  // in the order
  std::array<std::vector<double>, 2> scores_;           // by side and place
  std::array<std::vector<bool>, 2> has_row_;
  std::size_t next_ = 0;
};

// "harm is shown after 312 of 1,200 pairs": what a stopped run says of itself.
std::string SequentialSentence(const SequentialState& state, std::int64_t cases);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_SEQUENTIAL_H_
