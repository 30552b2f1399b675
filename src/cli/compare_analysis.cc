#include "cli/compare_analysis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "cli/figures.h"
#include "minslice/stats/mcnemar.h"
#include "minslice/stats/multiplicity.h"
#include "minslice/stats/paired_t.h"
#include "minslice/stats/proportion.h"
#include "pair/canonical_order.h"

namespace minslice::cli {
namespace {

constexpr stats::PairedMethod kMethods[] = {
    stats::PairedMethod::kTango,     stats::PairedMethod::kScas,        stats::PairedMethod::kNewcombe10,
    stats::PairedMethod::kNewcombe8, stats::PairedMethod::kBonettPrice, stats::PairedMethod::kAgrestiMin,
    stats::PairedMethod::kWald};
constexpr double kPlannedEffects[] = {0.02, 0.01};
constexpr std::int64_t kEnumerateUpTo = 100'000;

bool ExcludesZero(double lower, double upper) { return lower > 0 || upper < 0; }

std::string Span(double lower, double upper) {
  return fmt::format("{} to {} pt", PointsText(lower), PointsText(upper));
}

Conclusion Conclude(const Comparison& c) {
  const Estimate& tango = c.tango();
  const auto broke = c.counts.incumbent_only;
  const auto fixed = c.counts.candidate_only;
  const std::string level = LevelText(tango.level);
  if (c.counts.discordant() == 0) {
    return {"no_discordance", fmt::format("No case changed sides. That does not make the models equal: a "
                                          "true difference of up to {} pt "
                                          "either way fits {} pairs without a change ({} % interval).",
                                          SizeText(tango.upper), CountText(c.counts.n()), level)};
  }
  const double alpha = 1 - c.options.level;
  const bool interval = ExcludesZero(tango.lower, tango.upper);
  const bool test = c.midp.p < alpha;
  const std::string moved = fmt::format("it fixed {} and broke {}", CountText(fixed), CountText(broke));
  if (interval && test) {
    const bool better = tango.value > 0;
    return {better ? "better" : "worse",
            fmt::format("The candidate is {} on this suite: {}; a true {} between {} and {} pt fits ({} %).",
                        better ? "better" : "worse", moved, better ? "gain" : "loss",
                        SizeText(better ? tango.lower : -tango.upper),
                        SizeText(better ? tango.upper : -tango.lower), level)};
  }
  if (interval != test) {
    return {"disagree", fmt::format("The interval ({}) and the mid-p test ({}) disagree about a difference; "
                                    "a claim needs both, so none is shown: {}; "
                                    "any true difference from {} fits.",
                                    interval ? "excludes 0" : "includes 0", PText(c.midp.p, c.midp.log10_p),
                                    moved, Span(tango.lower, tango.upper))};
  }
  return {"cannot_tell",
          fmt::format("These data cannot say which side is better: the candidate fixed {} and broke {}; any "
                      "true difference from {} "
                      "fits ({} %). That is not evidence that the sides are equal.",
                      CountText(fixed), CountText(broke), Span(tango.lower, tango.upper), level)};
}

}  // namespace

Comparison Compare(const stats::PairedCounts& counts, const CompareOptions& options) {
  const std::int64_t n = counts.n();
  Comparison c;
  c.counts = counts;
  c.options = options;
  c.incumbent = *stats::WilsonInterval(counts.both + counts.incumbent_only, n, options.level);
  c.candidate = *stats::WilsonInterval(counts.both + counts.candidate_only, n, options.level);
  for (const stats::PairedMethod method : kMethods)
    c.intervals.push_back(*stats::PairedInterval(counts, options.level, method));
  c.exact = stats::McNemarExact(counts);
  c.midp = stats::McNemarMidP(counts);
  c.asymptotic = stats::McNemarAsymptotic(counts);
  c.corrected = stats::McNemarCorrected(counts);
  c.harm = stats::McNemarHarmExact(counts);
  c.bootstrap = stats::BootstrapBinary(
      counts,
      {.level = options.level, .replicates = options.replicates, .seed = options.seed, .studentised = false});
  c.bootstrap_exact = stats::BootstrapBinaryExact(counts, options.level);
  // Without the last bits of 1 - .95, so that .05 is printed as .05.
  c.planning.alpha = std::round((1 - options.level) * 1e12) / 1e12;
  const double psi = counts.psi();
  c.printed_psi = stats::PrintedPsi(psi);
  c.mde = stats::McNemarPlanningMde(n, psi, stats::McNemarTest::kMidP, c.planning);
  c.resolvable_margin =
      stats::ResolvableMargin(static_cast<double>(n), psi, c.planning.alpha, c.planning.power);
  for (const double effect : kPlannedEffects) {
    PlannedEffect planned{effect, stats::McNemarPairsNeeded(c.printed_psi, effect, c.planning), std::nullopt};
    if (n <= kEnumerateUpTo) {
      const auto power = stats::McNemarExactPower(n, psi, effect, stats::McNemarTest::kMidP, c.planning);
      if (power) planned.at_hand = *power;
    }
    c.effects.push_back(std::move(planned));
  }
  if (options.margin) {
    // A one-sided bound at `level` is a limit of the two-sided interval at 2 level - 1.
    const double two_sided = 2 * options.level - 1;
    c.non_inferiority = NonInferiorityResult{
        .margin = *options.margin,
        .test = *stats::NonInferiority(counts, *options.margin),
        .lower = two_sided > 0 ? stats::TangoInterval(counts, two_sided)->lower : counts.delta(),
        .pairs = stats::NonInferiorityPairsNeeded(c.printed_psi, *options.margin, c.planning.alpha,
                                                  c.planning.power)};
  }
  c.conclusion = Conclude(c);
  return c;
}

std::string MethodNote(const std::string& method) {
  static const std::map<std::string, std::string> kNotes = {
      {"tango", "any n; worst coverage 93.3 %; default"},
      {"scas", "n >= 2; evens out Tango's two tails"},
      {"newcombe10", "any n; cautious near rates of 0 or 1"},
      {"newcombe8", "as newcombe10, less so at small n"},
      {"bonett_price", "any n; weak one-sided (worst 91.1 %)"},
      {"agresti_min", "n >= 20; shrinks towards 0"},
      {"wald", "50 discordant or more; else too narrow"},
      {"midp", "any b + c; never above 5 % on the grid"},
      {"exact", "any b + c; cautious: true size near .04"},
      {"asymptotic", "b + c >= 25; can exceed its level"},
      {"corrected", "nowhere better than exact; old papers"},
      {"percentile", "50 discordant or more; else too narrow"},
      {"basic", "50 discordant or more; else too narrow"},
      {"bca", "50 discordant or more; else too narrow"},
  };
  const auto found = kNotes.find(method);
  return found == kNotes.end() ? "" : found->second;
}

std::string Disagreement(const Comparison& c) {
  std::string yes;
  std::string no;
  const auto vote = [&](const std::string& name, bool excludes) {
    std::string& side = excludes ? yes : no;
    side += (side.empty() ? "" : ", ") + name;
  };
  for (const Estimate& estimate : c.intervals)
    vote(estimate.method, ExcludesZero(estimate.lower, estimate.upper));
  if (c.bootstrap_exact) {
    vote("percentile",
         ExcludesZero(c.bootstrap_exact->percentile.lower, c.bootstrap_exact->percentile.upper));
    vote("bca", ExcludesZero(c.bootstrap_exact->bca.lower, c.bootstrap_exact->bca.upper));
  }
  const double alpha = 1 - c.options.level;
  vote("mid-p", c.midp.p < alpha);
  vote("exact", c.exact.p < alpha);
  vote("asymptotic", c.asymptotic.p < alpha);
  vote("corrected", c.corrected.p < alpha);
  if (yes.empty() || no.empty()) return "";
  return fmt::format(
      "Methods disagree. A difference is shown by: {}. Not by: {}. The default claim needs tango and mid-p.",
      yes, no);
}

namespace {

constexpr std::int64_t kFew = 30;  // below, the t distribution of a mean is not to be relied on

// Where all cases score the same a side has a mean but no interval: its method stays empty.
Estimate MeanOf(const std::vector<double>& values, double level) {
  if (const Computed<stats::PairedT> t = stats::PairedTTest(values, level)) {
    Estimate estimate = t->mean;
    estimate.method = "t";
    return estimate;
  }
  Estimate estimate;
  for (const double value : values) estimate.value += value / static_cast<double>(values.size());
  estimate.n = static_cast<std::int64_t>(values.size());
  estimate.level = level;
  return estimate;
}

struct MeanInterval {
  Estimate estimate;
  double standard_error = 0;
};

Computed<MeanInterval> IntervalOf(const std::vector<double>& difference, const stats::ClusterSums* sums,
                                  const CompareOptions& options) {
  const stats::WildOptions wild_options{.level = options.level, .replicates = 9999, .seed = options.seed};
  if (sums != nullptr) {
    const auto robust = stats::ClusterRobustMean(*sums, stats::ClusterError::kCr2, options.level);
    if (!robust) return tl::unexpected(robust.error());
    if (static_cast<std::int64_t>(sums->sum.size()) >= kFew)
      return MeanInterval{robust->mean, robust->standard_error};
    const auto wild = stats::WildClusterBootstrap(*sums, wild_options);
    if (!wild) return tl::unexpected(wild.error());
    return MeanInterval{wild->mean, robust->standard_error};
  }
  const auto t = stats::PairedTTest(difference, options.level);
  if (!t) return tl::unexpected(t.error());
  if (static_cast<std::int64_t>(difference.size()) >= kFew) return MeanInterval{t->mean, t->standard_error};
  const auto bootstrap = stats::BootstrapT(
      difference,
      {.level = options.level, .replicates = options.replicates, .seed = options.seed, .studentised = false});
  if (!bootstrap) return tl::unexpected(bootstrap.error());
  return MeanInterval{*bootstrap, t->standard_error};
}

Conclusion ConcludeGraded(const GradedComparison& g) {
  const Estimate& d = g.delta;
  const std::string level = LevelText(g.options.level);
  const bool interval = ExcludesZero(d.lower, d.upper);
  const bool test = g.sign_flip && g.sign_flip->midp < 1 - g.options.level;
  if (interval && test) {
    return {d.value > 0 ? "better" : "worse",
            fmt::format("The candidate is {} on this suite: a true difference from {} fits ({} %).",
                        d.value > 0 ? "better" : "worse", Span(d.lower, d.upper), level)};
  }
  if (interval != test) {
    return {"disagree",
            fmt::format("The interval ({}) and the sign-flip test ({}) disagree about a difference; a claim "
                        "needs both, so "
                        "none is shown.",
                        interval ? "excludes 0" : "includes 0",
                        g.sign_flip ? "mid-p " + PText(g.sign_flip->midp, g.sign_flip->log10_p) : "none")};
  }
  return {
      "cannot_tell",
      fmt::format(
          "These data cannot say which side is better: any true difference from {} fits ({} %). That is not "
          "evidence that the sides are equal.",
          Span(d.lower, d.upper), level)};
}

void AddPlanning(const MeanInterval& shown, GradedComparison& g) {
  const double alpha = 1 - g.options.level;
  const double z =
      *stats::NonInferiorityPairsNeeded(1, 0.5, alpha / 2, 0.80);  // (z_alpha/2 + z_power)^2 / .25
  const double width = std::sqrt(z * 0.25);
  g.mde = width * shown.standard_error;
  for (const double effect : kPlannedEffects) {
    const double ratio = g.mde / effect;
    g.effects.push_back({effect, ratio * ratio * static_cast<double>(g.n), std::nullopt});
  }
}

}  // namespace

Computed<GradedComparison> CompareGraded(const PairedTable& table, const std::vector<std::size_t>& cases,
                                         const CompareOptions& options, bool whole) {
  std::vector<double> incumbent;
  std::vector<double> candidate;
  std::vector<double> difference;
  std::vector<std::int64_t> cluster;
  auto next_cluster = static_cast<std::int64_t>(table.clusters.size());
  for (const std::size_t i : cases) {
    incumbent.push_back(table.incumbent.case_mean(i));
    candidate.push_back(table.candidate.case_mean(i));
    difference.push_back(candidate.back() - incumbent.back());
    if (table.clusters.empty()) continue;
    const std::uint32_t id = table.cluster_of_case[i];
    cluster.push_back(id == kNoValue ? next_cluster++ : static_cast<std::int64_t>(id));
  }
  if (difference.empty()) return Undefined("no_pairs", "there are no complete pairs");
  GradedComparison g;
  g.n = static_cast<std::int64_t>(cases.size());
  g.incumbent_repeats = table.incumbent.repeats;
  g.candidate_repeats = table.candidate.repeats;
  g.options = options;
  g.incumbent = MeanOf(incumbent, options.level);
  g.candidate = MeanOf(candidate, options.level);
  std::optional<stats::ClusterSums> sums;
  if (!cluster.empty()) {
    auto made = stats::SumClusters(difference, cluster);
    if (!made) return tl::unexpected(made.error());
    sums = *std::move(made);
    if (const auto robust = stats::ClusterRobustMean(*sums, stats::ClusterError::kCr2, options.level))
      g.clusters = *robust;
  }
  g.sign_flip = stats::SignFlipTest(sums ? sums->sum : difference);
  const auto units = sums ? static_cast<std::int64_t>(sums->sum.size()) : g.n;
  if (std::all_of(difference.begin(), difference.end(), [](double d) { return d == 0; })) {
    // As for zero discordant pairs: an interval of Tango's width about 0, never [0, 0].
    g.delta = *stats::TangoInterval({.both = units, .incumbent_only = 0, .candidate_only = 0, .neither = 0},
                                    options.level);
    g.conclusion = {"no_discordance", fmt::format("No case changed. That does not make the models equal: a "
                                                  "true difference of up to {} pt either way "
                                                  "fits {} {} without a change ({} % interval).",
                                                  SizeText(g.delta.upper), CountText(units),
                                                  sums ? "clusters" : "cases", LevelText(options.level))};
    return g;
  }
  const auto shown = IntervalOf(difference, sums ? &*sums : nullptr, options);
  if (!shown) return tl::unexpected(shown.error());
  g.delta = shown->estimate;
  g.delta.lower = std::max(g.delta.lower, table.binary ? -1.0 : g.delta.lower);
  g.delta.upper = std::min(g.delta.upper, table.binary ? 1.0 : g.delta.upper);
  g.conclusion = ConcludeGraded(g);
  if (!whole) return g;
  if (!sums) {
    g.bootstrap = stats::BootstrapMean(difference, {.level = options.level,
                                                    .replicates = options.replicates,
                                                    .seed = options.seed,
                                                    .studentised = false});
    g.bootstrap_exact = stats::BootstrapMeanExact(difference, options.level);
  }
  if (table.incumbent.repeats > 1 && table.candidate.repeats > 1) {
    const std::vector<std::uint32_t> order = pair::CanonicalOrder(table);
    const std::vector<double> before = pair::ScoresInOrder(table.incumbent, order);
    const std::vector<double> after = pair::ScoresInOrder(table.candidate, order);
    const auto split =
        stats::SplitVariance({before, table.incumbent.repeats}, {after, table.candidate.repeats});
    if (split) g.split = *split;
  }
  AddPlanning(*shown, g);
  return g;
}

bool IsBinaryPairs(const PairedTable& table) {
  return table.binary && table.incumbent.repeats == 1 && table.candidate.repeats == 1 &&
         table.clusters.empty();
}

stats::PairedCounts CountCases(const PairedTable& table, const std::vector<std::size_t>& cases) {
  stats::PairedCounts counts;
  for (const std::size_t i : cases) {
    const bool incumbent = table.incumbent.case_mean(i) > 0.5;
    const bool candidate = table.candidate.case_mean(i) > 0.5;
    ++(incumbent ? (candidate ? counts.both : counts.incumbent_only)
                 : (candidate ? counts.candidate_only : counts.neither));
  }
  return counts;
}

std::vector<Slice> CompareSlices(const PairedTable& table, const std::vector<std::size_t>& dimensions,
                                 const CompareOptions& options) {
  std::vector<Slice> slices;
  const bool binary = IsBinaryPairs(table);
  const std::vector<std::uint32_t> order = pair::CanonicalOrder(table);
  for (const std::size_t d : dimensions) {
    const Dimension& dimension = table.dimensions[d];
    std::vector<Slice> own(dimension.values.size() + 1);
    for (std::size_t v = 0; v < own.size(); ++v) {
      own[v].dimension = dimension.name;
      own[v].value = v < dimension.values.size() ? dimension.values[v] : "(none)";
    }
    for (const std::uint32_t i : order) {
      if (!table.complete(i)) continue;
      const std::uint32_t value = dimension.value_of_case[i];
      own[value == kNoValue ? dimension.values.size() : value].cases.push_back(i);
    }
    std::erase_if(own, [](const Slice& slice) { return slice.cases.empty(); });
    std::vector<stats::SliceDiscordance> discordance;
    for (Slice& slice : own) {
      if (binary) {
        slice.counts = CountCases(table, slice.cases);
        slice.tango = *stats::TangoInterval(slice.counts, options.level);
        slice.midp = stats::McNemarMidP(slice.counts).p;
        slice.harm = stats::McNemarHarmExact(slice.counts).p;
        discordance.push_back({.broke = slice.counts.incumbent_only, .fixed = slice.counts.candidate_only});
      } else if (auto graded = CompareGraded(table, slice.cases, options, false)) {
        slice.graded = *std::move(graded);
      }
    }
    if (binary) {
      const std::vector<double> adjusted = stats::WestfallYoungDiscrete(discordance);
      for (std::size_t s = 0; s < own.size(); ++s) own[s].harm_adjusted = adjusted[s];
    }
    std::stable_sort(own.begin(), own.end(), [](const Slice& a, const Slice& b) {
      const auto delta = [](const Slice& slice) {
        if (slice.tango) return slice.tango->value;
        return slice.graded ? slice.graded->delta.value : 2.0;
      };
      return delta(a) < delta(b);
    });
    slices.insert(slices.end(), std::make_move_iterator(own.begin()), std::make_move_iterator(own.end()));
  }
  return slices;
}

}  // namespace minslice::cli
