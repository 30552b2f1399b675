// The gate's sequential processes beside a run of `run --policy`.
#ifndef MINSLICE_CLI_EARLY_STOP_H_
#define MINSLICE_CLI_EARLY_STOP_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "cli/run_setup.h"
#include "gate/sequential.h"
#include "minslice/case.h"
#include "minslice/policy.h"
#include "minslice/record.h"
#include "minslice/result.h"
#include "run/runner.h"

namespace minslice::cli {

// What has to be known of the cases before: their ids, and whether they are independent.
class SequentialCases {
 public:
  void Add(const Case& c);
  const std::vector<std::string>& ids() const { return ids_; }
  bool share_clusters() const { return share_clusters_; }

 private:
  std::vector<std::string> ids_;
  std::unordered_set<std::string> clusters_;
  bool share_clusters_ = false;
};

class GateStop final : public run::EarlyStop {
 public:
  // Every reason for which this run cannot be stopped by that policy at once. The first target is the
  // incumbent where there are two.
  static Result<std::unique_ptr<GateStop>> Make(const RunFlags& flags, const std::vector<Setup>& targets,
                                                const SequentialCases& cases);

  const std::vector<std::size_t>& order() const { return order_; }
  // The sides of the targets that are asked, in their order.
  void SetSides(std::vector<gate::Side> sides) { sides_ = std::move(sides); }
  gate::Side SideOf(std::size_t target) const;  // of those of the command
  void Know(gate::Side side, const CaseRecord& row) { watch_.Add(side, row); }

  void Add(std::size_t target, const CaseRecord& row) override { watch_.Add(sides_[target], row); }
  bool decided() const override { return !watch_.state().decided.empty(); }
  std::string Why() const override;
  SequentialStop Facts() const override;
  std::string Sentence() const;

 private:
  GateStop(gate::SequentialWatch watch, std::uint64_t seed) : watch_(std::move(watch)), seed_(seed) {}

  gate::SequentialWatch watch_;
  std::uint64_t seed_;
  bool both_ = false;
  std::vector<std::size_t> order_;
  std::vector<gate::Side> sides_;
};

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_EARLY_STOP_H_
