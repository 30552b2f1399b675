#include <fmt/format.h>
#include <string>

#include "gate/rule_step.h"
#include "gate/sentences.h"

namespace minslice::gate {
namespace {

class FamilyRules : public RuleStep {
 public:
  using RuleStep::RuleStep;

  void Run() {
    for (Family& family : outcome_.families) {
      const Analysis& a = family.analysis;
      if (!family.p_adjusted || *family.p_adjusted > *family.alpha) continue;
      if (!a.delta || *a.delta > -policy_.segments.margin + kSlack) continue;
      family.status = "block";
      std::string text = fmt::format("family {} {}", family.name, Points(*a.delta));
      if (a.counts)
        text += fmt::format(" ({} broke, {} fixed of {} in {} slices)", Count(a.counts->incumbent_only),
                            Count(a.counts->candidate_only), Count(a.n), Count(family.members));
      Add(Decision::kBlocked, "family_regression",
          fmt::format("{}, adjusted p {} <= {} in the order of families", text, PText(*family.p_adjusted),
                      Level(*family.alpha)),
          input_.dimensions[family.dimension].name, family.name);
      outcome_.reasons.back().family = &family - outcome_.families.data();
    }
  }
};

}  // namespace

void DecideFamilies(RuleState& state) { FamilyRules(state).Run(); }

}  // namespace minslice::gate
