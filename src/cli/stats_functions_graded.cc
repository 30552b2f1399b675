// Graded scores, repeats and clusters: t, Wilcoxon.
#include <vector>

#include "cli/stats_registry.h"
#include "minslice/stats/paired_t.h"
#include "minslice/stats/wilcoxon.h"

namespace minslice::cli {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// Differences, candidate minus baseline, or given as "d".
std::vector<double> DifferencesField(const json& in) {
  if (in.contains("d")) return NumbersField(in, "d");
  std::vector<double> candidate = NumbersField(in, "candidate");
  const std::vector<double> baseline = NumbersField(in, "baseline");
  if (candidate.size() != baseline.size())
    throw StatsInputError("'candidate' and 'baseline' differ in length");
  for (std::size_t i = 0; i < candidate.size(); ++i) candidate[i] -= baseline[i];
  return candidate;
}

ordered_json PairedTOf(const json& in) {
  const stats::PairedT t =
      ValueOrThrow(stats::PairedTTest(DifferencesField(in), NumberField(in, "level", 0.95)));
  return {{"t", NumberJson(t.t)},
          {"df", NumberJson(t.df)},
          {"p", NumberJson(t.p)},
          {"estimate", NumberJson(t.mean.value)},
          {"lower", NumberJson(t.mean.lower)},
          {"upper", NumberJson(t.mean.upper)}};
}

ordered_json WilcoxonOf(const json& in) {
  const stats::WilcoxonSignedRank w = ValueOrThrow(stats::WilcoxonTest(DifferencesField(in)));
  ordered_json result{{"w_plus", NumberJson(w.w_plus)}, {"w_minus", NumberJson(w.w_minus)}};
  if (w.exact_p) result["exact_p"] = NumberJson(*w.exact_p);
  result["normal_p_wilcox"] = NumberJson(w.normal_p);
  result["normal_p_wilcox_cc"] = NumberJson(w.normal_p_corrected);
  result["normal_p_pratt"] = NumberJson(w.pratt_p);
  result["normal_p_pratt_cc"] = NumberJson(w.pratt_p_corrected);
  return result;
}

}  // namespace

void RegisterGradedFunctions(StatsRegistry& registry) {
  registry.Add("paired_t", PairedTOf);
  registry.Add("wilcoxon_signed_rank", WilcoxonOf);
}

}  // namespace minslice::cli
