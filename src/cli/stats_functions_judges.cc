// Labels, judges and ranks: correlation, kappa, prediction-powered means, and shrinkage of many slices.
#include <string>
#include <vector>

#include "cli/stats_registry.h"
#include "minslice/stats/agreement.h"
#include "minslice/stats/correlation.h"
#include "minslice/stats/prediction_powered.h"
#include "minslice/stats/shrinkage.h"

namespace minslice::cli {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// A rectangular table of numbers as one row-major vector.
struct Rows {
  std::vector<double> values;
  std::size_t columns = 0;
};

Rows RowsField(const json& in, const char* name) {
  const auto found = in.find(name);
  if (found == in.end() || !found->is_array() || found->empty()) {
    throw StatsInputError(std::string("expected rows of numbers for '") + name + "'");
  }
  Rows rows;
  for (const json& row : *found) {
    if (!row.is_array() || row.empty() || (rows.columns != 0 && row.size() != rows.columns)) {
      throw StatsInputError(std::string("the rows of '") + name + "' must be arrays of one length");
    }
    rows.columns = row.size();
    for (const json& value : row) rows.values.push_back(ToNumber(value, std::string("'") + name + "'"));
  }
  return rows;
}

ordered_json CorrelationOf(const json& in) {
  const std::vector<double> x = NumbersField(in, "x");
  const std::vector<double> y = NumbersField(in, "y");
  const double level = NumberField(in, "level", 0.95);
  const stats::Correlation spearman = ValueOrThrow(stats::Spearman(x, y, level));
  const stats::KendallTauB kendall = ValueOrThrow(stats::Kendall(x, y));
  const stats::Correlation pearson = ValueOrThrow(stats::Pearson(x, y, level));
  ordered_json result;
  result["spearman"] = NumberJson(spearman.estimate.value);
  result["spearman_p_t"] = NumberJson(spearman.p);
  result["spearman_interval"] = {NumberJson(spearman.estimate.lower), NumberJson(spearman.estimate.upper)};
  result["kendall_tau_b"] = NumberJson(kendall.tau);
  result["kendall_p_asymptotic"] = NumberJson(kendall.p);
  result["pearson"] = NumberJson(pearson.estimate.value);
  result["pearson_p"] = NumberJson(pearson.p);
  result["pearson_interval"] = {NumberJson(pearson.estimate.lower), NumberJson(pearson.estimate.upper)};
  return result;
}

ordered_json CohenKappaOf(const json& in) {
  const Rows table = RowsField(in, "table");
  const double level = NumberField(in, "level", 0.95);
  ordered_json result;
  const auto add = [&](const char* name, stats::KappaWeights weights) {
    const stats::Kappa kappa = ValueOrThrow(
        stats::CohenKappa(table.values, static_cast<std::int64_t>(table.columns), weights, level));
    result[name] = {{"kappa", NumberJson(kappa.estimate.value)},
                    {"se", NumberJson(kappa.standard_error)},
                    {"se0", NumberJson(kappa.null_standard_error)},
                    {"lower", NumberJson(kappa.estimate.lower)},
                    {"upper", NumberJson(kappa.estimate.upper)}};
  };
  add("unweighted", stats::KappaWeights::kNone);
  add("linear", stats::KappaWeights::kLinear);
  add("quadratic", stats::KappaWeights::kQuadratic);
  return result;
}

ordered_json FleissKappaOf(const json& in) {
  const Rows counts = RowsField(in, "counts");
  const stats::FleissKappa kappa =
      ValueOrThrow(stats::FleissKappaOf(counts.values, static_cast<std::int64_t>(counts.columns)));
  return {{"fleiss", NumberJson(kappa.fleiss)}, {"randolph", NumberJson(kappa.randolph)}};
}

ordered_json PredictionPoweredOf(const json& in) {
  const std::vector<double> y = NumbersField(in, "y");
  const std::vector<double> f = NumbersField(in, "yhat");
  const std::vector<double> unlabelled = NumbersField(in, "yhat_unlabeled");
  ordered_json result;
  const auto run = [&](double level, std::optional<double> lambda) {
    return ValueOrThrow(stats::PredictionPoweredMean(y, f, unlabelled, level, lambda));
  };
  const auto pair = [](const Estimate& estimate) -> ordered_json {
    return {NumberJson(estimate.lower), NumberJson(estimate.upper)};
  };
  result["lam"] = NumberJson(run(.95, std::nullopt).lambda);
  for (const auto& [name, alpha] : {std::pair{"0.05", .05}, std::pair{"0.1", .1}}) {
    result[std::string("power_tuned_") + name] = pair(run(1 - alpha, std::nullopt).estimate);
    result[std::string("lam1_") + name] = pair(run(1 - alpha, 1.0).estimate);
    result[std::string("lam0_") + name] = pair(run(1 - alpha, 0.0).estimate);
  }
  result["point_power_tuned"] = NumberJson(run(.95, std::nullopt).estimate.value);
  result["point_lam1"] = NumberJson(run(.95, 1.0).estimate.value);
  return result;
}

std::vector<std::int64_t> CountsField(const json& in, const char* name) {
  std::vector<std::int64_t> counts;
  for (const double value : NumbersField(in, name)) {
    if (!(value >= 0 && value <= 1e9) || value != static_cast<double>(static_cast<std::int64_t>(value))) {
      throw StatsInputError(std::string("expected integers from 0 to 1000000000 in '") + name + "'");
    }
    counts.push_back(static_cast<std::int64_t>(value));
  }
  return counts;
}

ordered_json BetaBinomialOf(const json& in) {
  const stats::BetaBinomialShrinkage shrinkage = ValueOrThrow(
      stats::ShrinkRates(CountsField(in, "x"), CountsField(in, "n"), NumberField(in, "level", 0.95)));
  ordered_json result;
  if (shrinkage.complete_pooling) {
    result["complete_pooling"] = true;
    result["pooled_mean"] = NumberJson(shrinkage.prior_mean);
    result["profile_loglik_limit"] = NumberJson(shrinkage.log_likelihood);
    return result;
  }
  result["alpha"] = NumberJson(shrinkage.alpha);
  result["beta"] = NumberJson(shrinkage.beta);
  result["loglik_without_binomial_coef"] = NumberJson(shrinkage.log_likelihood);
  result["prior_mean"] = NumberJson(shrinkage.prior_mean);
  result["posterior_mean"] = NumbersJson(shrinkage.posterior_mean);
  result["shrink_weight"] = NumbersJson(shrinkage.shrink_weight);
  result["q025"] = NumbersJson(shrinkage.lower);
  result["q975"] = NumbersJson(shrinkage.upper);
  return result;
}

ordered_json NormalOf(const json& in) {
  const std::vector<double> effects = NumbersField(in, "effect");
  const std::vector<double> variances = NumbersField(in, "variance");
  ordered_json result;
  const auto add = [&](const char* name, stats::BetweenVariance method) {
    const stats::NormalShrinkage shrinkage = ValueOrThrow(stats::ShrinkNormal(effects, variances, method));
    result[name] = {{"tau2", NumberJson(shrinkage.tau2)},
                    {"mean", NumberJson(shrinkage.mean)},
                    {"se", NumberJson(shrinkage.standard_error)},
                    {"shrunk", NumbersJson(shrinkage.shrunk)},
                    {"q", NumberJson(shrinkage.q)},
                    {"i2", NumberJson(shrinkage.i2)}};
  };
  add("dl", stats::BetweenVariance::kDerSimonianLaird);
  add("pm", stats::BetweenVariance::kPauleMandel);
  return result;
}

ordered_json PredictionPoweredPaired(const json& in) {
  const std::vector<double> y0 = NumbersField(in, "incumbent_y"), y1 = NumbersField(in, "candidate_y");
  const std::vector<double> f0 = NumbersField(in, "incumbent_yhat"), f1 = NumbersField(in, "candidate_yhat");
  const std::vector<double> u0 = NumbersField(in, "incumbent_yhat_unlabeled"),
                            u1 = NumbersField(in, "candidate_yhat_unlabeled");
  const stats::PredictionPowered ppi = ValueOrThrow(
      stats::PredictionPoweredDifference({y0, y1, f0, f1, u0, u1}, NumberField(in, "level", 0.95)));
  return {{"estimate", NumberJson(ppi.estimate.value)},
          {"lower", NumberJson(ppi.estimate.lower)},
          {"upper", NumberJson(ppi.estimate.upper)},
          {"lam", NumberJson(ppi.lambda)},
          {"se", NumberJson(ppi.standard_error)},
          {"se_labels_alone", NumberJson(ppi.labels_alone_standard_error)}};
}

ordered_json RoganGladenOf(const json& in) {
  const Estimate rate = ValueOrThrow(stats::RoganGladen(CountField(in, "x"), CountField(in, "n"),
                                                        {.true_pass = CountField(in, "true_pass"),
                                                         .labelled_pass = CountField(in, "labelled_pass"),
                                                         .true_fail = CountField(in, "true_fail"),
                                                         .labelled_fail = CountField(in, "labelled_fail")},
                                                        NumberField(in, "level", 0.95)));
  return {{"estimate", NumberJson(rate.value)},
          {"lower", NumberJson(rate.lower)},
          {"upper", NumberJson(rate.upper)}};
}

}  // namespace

void RegisterJudgeFunctions(StatsRegistry& registry) {
  registry.Add("correlation", CorrelationOf);
  registry.Add("cohen_kappa", CohenKappaOf);
  registry.Add("fleiss_kappa", FleissKappaOf);
  registry.Add("ppi_mean", PredictionPoweredOf);
  registry.Add("ppi_difference", PredictionPoweredPaired);
  registry.Add("rogan_gladen", RoganGladenOf);
  registry.Add("beta_binomial_eb", BetaBinomialOf);
  registry.Add("normal_eb", NormalOf);
}

}  // namespace minslice::cli
