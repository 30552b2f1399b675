#include "report/evidence_facts.h"

#include <fmt/format.h>

namespace minslice::report {
namespace {

std::string List(const std::vector<std::string>& texts, std::size_t most) {
  std::string list;
  for (std::size_t i = 0; i < texts.size() && i < most; ++i) list += (i > 0 ? ", " : "") + texts[i];
  if (texts.size() > most) list += fmt::format(" and {} more", texts.size() - most);
  return list;
}

std::string Interval(const std::optional<double>& low, const std::optional<double>& high, double level) {
  if (!low || !high) return "no interval";
  return fmt::format("{:.4g} % CI [{}, {}]", level * 100, Points(low), Points(high));
}

std::string Words(std::string status) {
  for (char& c : status) c = c == '_' ? ' ' : c;
  return status;
}

void AddMetrics(const Verdict& verdict, std::vector<Fact>& facts) {
  for (const VerdictMetric& metric : verdict.metrics) {
    if (metric.role == "primary") {
      if (metric.scale.graded || metric.scale.down) {
        facts.push_back(
            {"scale", fmt::format("{} is {}in [{:g}, {:g}]{}; figures are shares of that range", metric.name,
                                  metric.scale.graded ? "graded, " : "", metric.scale.low, metric.scale.high,
                                  metric.scale.down ? ", less is better: shown is 1 minus the share" : "")});
      }
      continue;
    }
    const VerdictRow& row = metric.row;
    std::string text;
    if (row.delta) {
      text = fmt::format("{} {} to {}, delta {} pt, {} ({}), n {}", metric.name, Rate(row.incumbent_rate),
                         Rate(row.candidate_rate), Points(row.delta),
                         Interval(row.ci_low, row.ci_high, row.level), MethodTitle(row.method),
                         Count(row.n_pairs));
    } else {
      text = metric.name + ": no difference could be computed";
    }
    if (metric.role == "deterioration") {
      if (row.p_adjusted) text += fmt::format(", p for harm {} (Holm)", PValue(row.p_adjusted));
    } else if (row.lower_bound) {
      text += fmt::format(", one-sided lower bound {} pt, margin {} pt", Points(row.lower_bound),
                          Size(metric.margin));
    }
    if (metric.n_labels)
      text += fmt::format(", corrected by {} labelled pairs{}", Count(*metric.n_labels),
                          metric.lambda ? fmt::format(" (lambda {:.2f})", *metric.lambda) : "");
    facts.push_back({metric.role, text + ": " + Words(row.status)});
  }
}

}  // namespace

void AddEvidenceFacts(const Verdict& verdict, std::vector<Fact>& facts) {
  for (const VerdictReview& review : verdict.reviews) {
    std::string text = fmt::format("{} signed {} on {}", review.reviewer, review.path, review.date);
    text += review.cleared.empty() ? ": clears nothing here" : ": cleared " + List(review.cleared, 4);
    if (!review.note.empty()) text += "; note: " + review.note;
    facts.push_back({"review", text});
  }
  const VerdictHolds& holds = verdict.holds;
  if (holds.expected_false && holds.slices > 0) {
    facts.push_back(
        {"holds", fmt::format("{} slice{} suspected at p <= {:.3g}; where nothing changed, {:.2f} a run "
                              "would be (the policy allows {:g})",
                              Count(holds.slices), holds.slices == 1 ? "" : "s",
                              verdict.hold_level.value_or(0), *holds.expected_false, holds.most_expected)});
  }
  AddMetrics(verdict, facts);
  if (verdict.anchor) {
    const VerdictAnchor& anchor = *verdict.anchor;
    std::string text = anchor.path + (anchor.model.empty() ? "" : " (" + anchor.model + ")");
    if (anchor.row.delta)
      text += fmt::format(": delta {} pt over {} shared cases, {}, one-sided lower bound {} pt, margin {} pt",
                          Points(anchor.row.delta), Count(anchor.row.n_pairs),
                          Interval(anchor.row.ci_low, anchor.row.ci_high, anchor.row.level),
                          Points(anchor.row.lower_bound), Size(anchor.margin));
    facts.push_back({"anchor", text + ": " + Words(anchor.row.status)});
  }
  if (verdict.ledger) {
    const VerdictLedger& ledger = *verdict.ledger;
    facts.push_back(
        {"ledger",
         fmt::format("{} gate{} of {} other candidate{} on this suite before; alpha_promote {:.4g} shared "
                     "by {} candidate{}: {:.4g} each",
                     Count(ledger.gates_before), ledger.gates_before == 1 ? "" : "s",
                     Count(ledger.candidates_before), ledger.candidates_before == 1 ? "" : "s",
                     verdict.policy.error_rates.alpha_promote, Count(ledger.candidates),
                     ledger.candidates == 1 ? "" : "s", ledger.alpha_promote.value_or(0))});
  }
  if (verdict.sequential) {
    const VerdictSequential& s = *verdict.sequential;
    std::string text = s.decided.empty()
                           ? fmt::format("not decided after {} of {} cases", Count(s.n_pairs), Count(s.cases))
                           : fmt::format("{} decided after {} of {} cases", Words(s.decided),
                                         Count(s.n_pairs), Count(s.cases));
    text += fmt::format(" ({}; anytime p {})",
                        s.method == "e_process" ? "e-process of the discordant pairs" : "betting",
                        PValue(s.p_value));
    if (s.stopped) text += "; the run was stopped there";
    facts.push_back({"sequential", text});
  }
  if (verdict.partial && verdict.partial->n_fell + verdict.partial->n_rose > 0) {
    const VerdictPartial& p = *verdict.partial;
    std::string text = fmt::format("{} cases fell by half or less", Count(p.n_fell));
    for (std::size_t i = 0; i < p.fell.size() && i < 3; ++i)
      text += fmt::format("{}{} {}", i == 0 ? ": " : ", ", p.fell[i].case_id, Points(p.fell[i].delta));
    if (p.fell.size() > 3) text += ", ...";
    facts.push_back({"partial", text + fmt::format("; {} rose", Count(p.n_rose))});
  }
  if (verdict.flaky && !(verdict.flaky->ids.empty() && verdict.flaky->quarantined.empty())) {
    const VerdictFlaky& flaky = *verdict.flaky;
    std::string text =
        fmt::format("{} prompt{} on which the incumbent's runs disagree",
                    Count(static_cast<std::int64_t>(flaky.ids.size())), flaky.ids.size() == 1 ? "" : "s");
    if (!flaky.ids.empty()) text += " (" + List(flaky.ids, 4) + ")";
    if (!flaky.path.empty())
      text += fmt::format("; {} left out by {}", Count(static_cast<std::int64_t>(flaky.quarantined.size())),
                          flaky.path);
    if (flaky.with && flaky.without) {
      text += fmt::format("; delta with {} {} pt ({}), without {} pt ({})",
                          flaky.policy == "keep" ? "them" : "those left out", Points(flaky.with->delta),
                          Interval(flaky.with->ci_low, flaky.with->ci_high, flaky.with->level),
                          Points(flaky.without->delta),
                          Interval(flaky.without->ci_low, flaky.without->ci_high, flaky.without->level));
    }
    facts.push_back({"flaky", text});
  }
}

}  // namespace minslice::report
