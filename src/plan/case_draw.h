// Runs drawn case by case, for gates that counts cannot describe: several runs a side, or cases that share
// clusters. They are judged as logs are, by the means of the cases.
#ifndef MINSLICE_PLAN_CASE_DRAW_H_
#define MINSLICE_PLAN_CASE_DRAW_H_

#include <cstdint>
#include <span>
#include <vector>

#include "gate/rules.h"
#include "minslice/paired_table.h"
#include "minslice/policy.h"
#include "plan/shape.h"
#include "rng/philox.h"

namespace minslice::plan {

// Intraclass correlation of differences where nobody knows better: between questions on one document.
inline constexpr double kAssumedIcc = 0.1;

// How the runs of a case and the cases of a cluster hang together.
struct CaseModel {
  int repeats = 1;   // a side
  double noise = 0;  // share of cases on which two runs of one side differ
  double icc = 0;    // correlation of the differences within a cluster
};

// Runs a side that the policy takes the mean of.
int RunsAsked(const Policy& policy);

// Where every run of a side may answer otherwise than its case would: with probability f, 2 f (1 - f) =
// noise. What is asked of one run a side (psi, a shift d) is then that of cases with these.
struct Latent {
  double flip = 0;  // f
  double psi = 0, shift = 0;
};
Latent LatentOf(const CaseModel& model, double psi, double shift);

// What becomes of a case of a cell before its runs are noisy.
struct CellOutcome {
  double broke = 0, fixed = 0, both = 0;  // the rest: neither
};

class CaseDraw {
 public:
  // Keeps a reference to `policy`. The shape's dimensions are cut already.
  CaseDraw(const Policy& policy, const SuiteShape& shape, const CaseModel& model);

  // Each case draws what it is, with probability sqrt(icc) as its whole cluster does, which makes the
  // correlation of two of them icc; then its runs.
  gate::Outcome Judge(std::span<const CellOutcome> outcomes, double flip, rng::Stream& stream);

 private:
  const Policy& policy_;
  CaseModel model_;
  PairedTable table_;
  std::vector<std::uint32_t> cell_of_case_;
  std::vector<double> cluster_draw_;
};

}  // namespace minslice::plan

#endif  // MINSLICE_PLAN_CASE_DRAW_H_
