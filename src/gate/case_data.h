// The cases of a paired table as the rules take them, with the rows that are missing left out, or filled at
// their worst or best for the candidate.
#ifndef MINSLICE_GATE_CASE_DATA_H_
#define MINSLICE_GATE_CASE_DATA_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gate/rules.h"
#include "minslice/paired_table.h"
#include "minslice/policy.h"

namespace minslice::gate {

enum class Fill { kNone, kAgainstCandidate, kForCandidate };
enum Code : std::uint8_t { kBoth, kIncumbentOnly, kCandidateOnly, kNeither, kMissingPair };

bool SharesClusters(const PairedTable& table);  // two cases or more in one cluster

// Counts say everything where each case ran once a side, scored 0 or 1, and no two cases share a cluster.
bool ByCounts(const PairedTable& table);

class CaseData : public DifferenceSource, public SwapSource {
 public:
  // Both are kept by reference.
  CaseData(const PairedTable& table, const Policy& policy, Fill fill);

  // By case; in differences, kIncumbentOnly and kCandidateOnly are means that fell or rose by more than half.
  const std::vector<std::uint8_t>& codes() const { return code_; }
  RuleInput Input() const;  // refers to this object

  Analysis Analyse(std::span<const std::uint32_t> places, double margin) const override;
  Analysis AnalyseAll(double margin) const override;
  Computed<std::vector<double>> StepDown(std::span<const SliceCut> cuts, bool max_t,
                                         std::string& method) const override;
  // The complete pairs among all cases, in canonical order: candidate minus incumbent, and the cluster where
  // cases share one.
  struct Pair {
    std::uint32_t i = 0;  // of the case
    double difference = 0;
    std::uint32_t cluster = kNoValue;
  };
  std::vector<Pair> Pairs() const;
  // Of all complete pairs; differences only.
  Computed<stats::BootstrapIntervals> Bootstrap(double level) const;

 private:
  struct Collected {  // of the complete pairs among some cases
    std::vector<double> difference;
    std::vector<std::uint32_t> cluster;
    Differences differences;  // refers to the two vectors
  };
  std::vector<Pair> ChangedPairs() const;  // of counts: those whose difference is not 0
  std::vector<Pair> PairsOf(const std::vector<std::uint32_t>& cases) const;
  Collected Collect(std::span<const std::uint32_t> places) const;

  const PairedTable& table_;
  const Policy& policy_;
  bool by_counts_;
  // Statistics take the cases in canonical order, so that ids and the order of lines change no digit. A place
  // in it is what RuleValue::cases holds. Counts need none: the table's own.
  std::vector<std::uint32_t> order_;
  std::vector<std::uint8_t> code_;
  std::vector<double> incumbent_, candidate_;  // case means; differences only
};

// The row of all complete pairs.
Analysis AnalyseTable(const Policy& policy, const PairedTable& table, double margin);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_CASE_DATA_H_
