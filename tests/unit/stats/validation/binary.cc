// Methods 4.1 to 4.4 and 4.6: everything here is deterministic.
#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "minslice/stats/bootstrap_binary.h"
#include "minslice/stats/mcnemar.h"
#include "minslice/stats/paired_interval.h"
#include "minslice/stats/power.h"
#include "minslice/stats/proportion.h"
#include "unit/stats/validation/report.h"

namespace minslice::validation {
namespace {

using stats::PairedCounts;
using stats::PairedMethod;

PairedCounts Counts(std::int64_t both, std::int64_t b, std::int64_t c, std::int64_t neither) {
  return {.both = both, .incumbent_only = b, .candidate_only = c, .neither = neither};
}

double Choose(std::int64_t n, std::int64_t k, double p) {
  if (p <= 0) return k == 0 ? 1 : 0;
  const auto nn = static_cast<double>(n);
  const auto kk = static_cast<double>(k);
  return std::exp(std::lgamma(nn + 1) - std::lgamma(kk + 1) - std::lgamma(nn - kk + 1) + kk * std::log(p) +
                  (nn - kk) * std::log1p(-p));
}

std::string TableText(const PairedCounts& c) {
  return "(" + std::to_string(c.both) + ", " + std::to_string(c.incumbent_only) + ", " +
         std::to_string(c.candidate_only) + ", " + std::to_string(c.neither) + ")";
}

}  // namespace

void ValidateIntervals(Report& report) {
  report.Section("Intervals and tests as printed",
                 "Tables are (both pass, incumbent only, candidate only, neither), delta candidate minus "
                 "incumbent. Sources: Tango 1998 (tables V, "
                 "VII), Newcombe 1998, Agresti and Min 2005, Tang 2010, Fagerland 2014, Chang 2024, the "
                 "tests of ratesci and contingencytables; "
                 "evalstats for the last line.");
  struct Printed {
    const char* source;
    PairedCounts counts;
    PairedMethod method;
    double level, lower, upper, tolerance;
  };
  const Printed all[] = {
      {"Tango 1998", Counts(4, 9, 3, 16), PairedMethod::kTango, .95, -.390, .027, 5e-4},
      {"Tango 1998", Counts(43, 0, 1, 0), PairedMethod::kTango, .90, -.037, .096, 5e-4},
      {"Agresti-Min 2005", Counts(53, 16, 8, 9), PairedMethod::kTango, .95, -.207, .020, 5e-4},
      {"Fagerland 2014", Counts(1, 1, 7, 12), PairedMethod::kTango, .95, .026, .517, 5e-4},
      {"Fagerland 2014", Counts(1, 1, 7, 12), PairedMethod::kNewcombe10, .95, .026, .507, 5e-4},
      {"Fagerland 2014", Counts(1, 1, 7, 12), PairedMethod::kWald, .95, .052, .520, 5e-4},
      {"Fagerland 2014", Counts(1, 1, 7, 12), PairedMethod::kBonettPrice, .95, .013, .508, 5e-4},
      {"ratesci (Laud)", Counts(1, 1, 7, 12), PairedMethod::kScas, .95, .0184, .5281, 5e-5},
      {"Tang 2010", Counts(8, 3, 1, 2), PairedMethod::kTango, .95, -.4327, .1670, 5e-5},
      {"Tang 2010", Counts(8, 3, 1, 2), PairedMethod::kNewcombe10, .95, -.4136, .1574, 5e-5},
      {"Chang 2024", Counts(7, 25, 2, 68), PairedMethod::kTango, .95, -.321, -.139, 5e-4},
      {"Chang 2024", Counts(7, 25, 2, 68), PairedMethod::kNewcombe10, .95, -.318, -.133, 5e-4},
      {"Newcombe 1998", Counts(20, 12, 2, 16), PairedMethod::kNewcombe8, .95, -.3242, -.0618, 5e-5},
      {"Newcombe 1998", Counts(20, 12, 2, 16), PairedMethod::kNewcombe10, .95, -.3292, -.0562, 5e-5},
      {"Cavo 2012", Counts(59, 6, 16, 80), PairedMethod::kTango, .95, .0054, .1240, 5e-5},
      {"Cavo 2012", Counts(59, 6, 16, 80), PairedMethod::kWald, .95, .0058, .1184, 1.5e-4},
      {"Cavo 2012", Counts(59, 6, 16, 80), PairedMethod::kBonettPrice, .95, .0032, .1195, 5e-5},
      {"Cavo 2012", Counts(59, 6, 16, 80), PairedMethod::kAgrestiMin, .95, .0045, .1182, 5e-5},
      {"Cavo 2012", Counts(59, 6, 16, 80), PairedMethod::kNewcombe10, .95, .0046, .1186, 5e-4},
      {"evalstats", Counts(38, 8, 1, 0), PairedMethod::kBonettPrice, .95, -.2693, -.0164, 5e-5},
  };
  for (const Printed& item : all) {
    const Estimate estimate = *stats::PairedInterval(item.counts, item.level, item.method);
    const std::string name = std::string(item.source) + " " + TableText(item.counts) + " " + estimate.method;
    report.Check(name + ", lower", item.lower, estimate.lower, item.tolerance);
    report.Check(name + ", upper", item.upper, estimate.upper, item.tolerance);
  }
  report.Check("nothing discordant, n = 47, Tango: z^2 / (n + z^2)", .0756,
               stats::TangoInterval(Counts(47, 0, 0, 0), .95)->upper, 5e-5);
  report.Check("(1, 0, 0, 1) newcombe10", .5734,
               stats::PairedInterval(Counts(1, 0, 0, 1), .95, PairedMethod::kNewcombe10)->upper, 5e-5);
  report.Check("(0, 3, 0, 0) Tango, upper", .1230, stats::TangoInterval(Counts(0, 3, 0, 0), .95)->upper,
               5e-5);
  const PairedCounts cavo = Counts(59, 6, 16, 80);
  report.Check("Cavo 2012 asymptotic p", .033006, stats::McNemarAsymptotic(cavo).p, 5e-7, 6);
  report.Check("Cavo 2012 corrected p", .055009, stats::McNemarCorrected(cavo).p, 5e-7, 6);
  report.Check("Cavo 2012 exact p", .052479, stats::McNemarExact(cavo).p, 5e-7, 6);
  report.Check("Cavo 2012 mid-p", .034690, stats::McNemarMidP(cavo).p, 5e-7, 6);
  const PairedCounts r = Counts(794, 86, 150, 570);
  report.Check("R's approval ratings, chi-squared", 17.356, stats::McNemarAsymptotic(r).statistic, 5e-4, 3);
  report.Check("R's approval ratings, corrected", 16.818, stats::McNemarCorrected(r).statistic, 5e-4, 3);
}

namespace {

enum Method { kTango, kBonettPrice, kWald, kBootstrap };
constexpr int kMethods = 4;

struct Limits {
  Interval two_sided[kMethods];  // 95 %
  double lower[kMethods];        // one-sided 95 %
};

// All tables that any setting with these n pairs makes likely, each computed once.
class Tables {
 public:
  explicit Tables(std::int64_t n) : n_(n) {}

  const Limits& At(std::int64_t b, std::int64_t c) {
    const auto found = limits_.find({b, c});
    if (found != limits_.end()) return found->second;
    Limits limits;
    const PairedCounts counts = Counts(n_ - b - c, b, c, 0);
    const PairedMethod methods[] = {PairedMethod::kTango, PairedMethod::kBonettPrice, PairedMethod::kWald};
    for (int m = 0; m < 3; ++m) {
      const Estimate wide = *stats::PairedInterval(counts, .95, methods[m]);
      limits.two_sided[m] = {wide.lower, wide.upper};
      limits.lower[m] = stats::PairedInterval(counts, .90, methods[m])->lower;
    }
    const auto wide = stats::BootstrapBinaryExact(counts, .95);
    const auto one_sided = stats::BootstrapBinaryExact(counts, .90);
    // Where no pair is discordant the percentile bootstrap gives [0, 0]; that is what is on trial here.
    const double delta = counts.delta();
    limits.two_sided[kBootstrap] = wide ? wide->percentile : Interval{delta, delta};
    limits.lower[kBootstrap] = one_sided ? one_sided->percentile.lower : delta;
    return limits_.emplace(std::pair{b, c}, limits).first->second;
  }

 private:
  std::int64_t n_;
  std::map<std::pair<std::int64_t, std::int64_t>, Limits> limits_;
};

struct Coverage {
  double two_sided[kMethods] = {};
  double lower[kMethods] = {};
};

Coverage Cover(std::int64_t n, double psi, double delta, Tables& tables) {
  const double p_broke = (psi - delta) / 2;
  const double p_fixed = std::max(0.0, (psi + delta) / 2);
  Coverage coverage;
  // A limit that equals delta but for the last bits covers it.
  const double slack = 1e-12;
  double total = 0;
  for (std::int64_t b = 0; b <= n; ++b) {
    const double mass_b = Choose(n, b, p_broke);
    if (mass_b < 1e-12) continue;
    for (std::int64_t c = 0; b + c <= n; ++c) {
      const double mass = mass_b * Choose(n - b, c, p_fixed / (1 - p_broke));
      if (mass < 1e-12) continue;
      total += mass;
      const Limits& limits = tables.At(b, c);
      for (int m = 0; m < kMethods; ++m) {
        if (limits.two_sided[m].lower <= delta + slack && delta - slack <= limits.two_sided[m].upper)
          coverage.two_sided[m] += mass;
        if (limits.lower[m] <= delta + slack) coverage.lower[m] += mass;
      }
    }
  }
  for (int m = 0; m < kMethods; ++m) {
    coverage.two_sided[m] /= total;
    coverage.lower[m] /= total;
  }
  return coverage;
}

}  // namespace

void ValidateCoverage(Report& report) {
  report.Section("Coverage by enumeration of all tables",
                 "95 % two-sided intervals and one-sided 95 % lower limits; n in 20, 50, 100, 200, 500, psi "
                 "in .02, .05, .1, .2, delta in 0, -.005, -.02, "
                 "-.05, -.1 where |delta| <= psi. The percentile bootstrap is the exact one (infinitely many "
                 "resamples), with [0, 0] where no pair is "
                 "discordant. Expected: methods note, computed independently.");
  Coverage worst;
  std::fill_n(worst.two_sided, kMethods, 1.0);
  std::fill_n(worst.lower, kMethods, 1.0);
  std::map<std::string, Coverage> cells;
  for (const std::int64_t n : {20, 50, 100, 200, 500}) {
    Tables tables(n);
    for (const double psi : {.02, .05, .1, .2}) {
      for (const double delta : {0.0, -.005, -.02, -.05, -.1}) {
        if (-delta > psi) continue;
        const Coverage coverage = Cover(n, psi, delta, tables);
        for (int m = 0; m < kMethods; ++m) {
          worst.two_sided[m] = std::min(worst.two_sided[m], coverage.two_sided[m]);
          worst.lower[m] = std::min(worst.lower[m], coverage.lower[m]);
        }
        if (n == 20 && psi == .02 && delta == -.005) cells["n = 20, psi .02, delta -.005"] = coverage;
        if (n == 50 && psi == .05 && delta == -.02) cells["n = 50, psi .05, delta -.02"] = coverage;
        if (n == 200 && psi == .02 && delta == -.02) cells["n = 200, psi .02, delta -.02"] = coverage;
      }
    }
  }
  const char* names[] = {"Tango", "Bonett-Price", "Wald", "percentile bootstrap"};
  const double two_sided[] = {.933, .938, .332, .222};
  const double lower[] = {.942, .911, .332, .222};
  for (int m = 0; m < kMethods; ++m) {
    report.Check(std::string("smallest two-sided coverage, ") + names[m], two_sided[m], worst.two_sided[m],
                 .003);
    report.Check(std::string("smallest one-sided coverage, ") + names[m], lower[m], worst.lower[m], .003);
  }
  const std::map<std::string, std::vector<double>> expected = {
      {"n = 20, psi .02, delta -.005", {.998, 1, .332, .222}},
      {"n = 50, psi .05, delta -.02", {.978, .998, .827, .827}},
      {"n = 200, psi .02, delta -.02", {.933, .980, .908, .908}}};
  for (const auto& [cell, values] : expected) {
    for (int m = 0; m < kMethods; ++m)
      report.Check(cell + ", " + names[m], values[static_cast<std::size_t>(m)], cells[cell].two_sided[m],
                   .003);
  }
}

void ValidateMcNemarSize(Report& report) {
  report.Section("Size of McNemar's tests on Fagerland's grid",
                 "Fagerland, Lydersen, Laake 2013: n = 10 to 100 by 5, odds ratio of the two sides 1, 2, 3, "
                 "5, 10, common pass rate 0 to 1 by .01: 9,595 "
                 "scenarios, nominal 5 %, each by enumeration. Published: mid-p violates the level in none.");
  minslice::Test (*const tests[])(const PairedCounts&) = {stats::McNemarAsymptotic, stats::McNemarCorrected,
                                                          stats::McNemarExact, stats::McNemarMidP};
  double largest[4] = {};
  int above[4] = {};
  int scenarios = 0;
  // P(reject | m discordant pairs) under H0.
  std::vector<double> reject[4];
  for (int t = 0; t < 4; ++t) {
    for (std::int64_t m = 0; m <= 100; ++m) {
      double sum = 0;
      for (std::int64_t b = 0; b <= m; ++b) {
        if (tests[t](Counts(0, b, m - b, 0)).p <= .05) sum += Choose(m, b, .5);
      }
      reject[t].push_back(sum);
    }
  }
  for (std::int64_t n = 10; n <= 100; n += 5) {
    for (const double theta : {1.0, 2.0, 3.0, 5.0, 10.0}) {
      for (int i = 0; i <= 100; ++i) {
        const double p = i / 100.0;
        // P(only one side passes) given both margins p and the odds ratio: pi^2 (1 - theta) - pi + p (1 - p)
        // = 0.
        const double product = p * (1 - p);
        const double pi =
            theta == 1 ? product : (std::sqrt(1 + 4 * (theta - 1) * product) - 1) / (2 * (theta - 1));
        ++scenarios;
        for (int t = 0; t < 4; ++t) {
          double size = 0;
          for (std::int64_t m = 0; m <= n; ++m)
            size += Choose(n, m, 2 * pi) * reject[t][static_cast<std::size_t>(m)];
          largest[t] = std::max(largest[t], size);
          if (size > .05) ++above[t];
        }
      }
    }
  }
  report.Check("scenarios", 9595, scenarios, 0, 0);
  report.Check("largest size, asymptotic", .0537, largest[0], 5e-5);
  report.Check("largest size, corrected", .0357, largest[1], 5e-5);
  report.Check("largest size, exact", .0367, largest[2], 5e-5);
  report.Check("largest size, mid-p", .0495, largest[3], 5e-5);
  report.Check("share of scenarios above 5 %, asymptotic", .294, static_cast<double>(above[0]) / scenarios,
               5e-4);
  report.Check("scenarios above 5 %, mid-p", 0, above[3], 0, 0);
}

void ValidatePower(Report& report) {
  report.Section("Planning",
                 "Card et al. 2020 (notebook; the exact figures of the methods note), Miller 2024, the "
                 "840-prompt incident, G*Power's manual.");
  using stats::McNemarTest;
  const stats::PowerOptions options;
  const auto card = *stats::McNemarExactPower(500, .025, .02, McNemarTest::kExact, options);
  report.Check("Card: n = 500, agreement .975, delta .02: power", .7976, card.power, 5e-5);
  report.Check("Card: the same, type M", 1.116, card.type_m, 5e-4, 3);
  const auto least = *stats::McNemarExactPower(1000, .02, .02, McNemarTest::kExact, options);
  const auto most = *stats::McNemarExactPower(1000, .58, .02, McNemarTest::kExact, options);
  report.Check("Card: .70 against .72, n = 1,000, least discordance: power", .9999, least.power, 5e-5);
  report.Check("Card: the same, greatest discordance: power with the right sign", .1207,
               most.power * (1 - most.type_s), 5e-5);
  report.Check("Card: type M", 2.997, most.type_m, 5e-4, 3);
  report.Check("Card: type S", .0188, most.type_s, 5e-5);
  const auto gpower =
      *stats::McNemarExactPower(50, .4, .24, McNemarTest::kExact, {.alpha = .05, .sides = 1, .power = .8});
  report.Check("G*Power manual, one-sided (its sum stops early)", .839343, gpower.power, 2e-5, 6);
  report.Check("the same in exact fractions", .839357, gpower.power, 5e-7, 6);
  report.Check("incident: MDE, Connor", .0359, *stats::McNemarMde(840, 116.0 / 840, options), 5e-5);
  report.Check("incident: MDE, exact test", .0368,
               *stats::McNemarExactMde(840, .138, McNemarTest::kExact, options), 5e-5);
  report.Check("incident: MDE, mid-p", .0357, *stats::McNemarExactMde(840, .138, McNemarTest::kMidP, options),
               5e-5);
  report.Check("incident: pairs for 2 points", 2706,
               std::ceil(*stats::McNemarPairsNeeded(.138, .02, options)), 0, 0);
  report.Check("incident: pairs for 1 point", 10830,
               std::ceil(*stats::McNemarPairsNeeded(.138, .01, options)), 0, 0);
  report.Check("incident: power at its own delta", .39, *stats::McNemarPower(840, .138, .0214, options),
               5e-3);
  report.Check("unpaired MDE at 840", .0597, *stats::UnpairedMde(.713, 840, options), 5e-5);
  const double n[] = {200, 840, 1200, 3000};
  const double mde[] = {.0623, .0305, .0255, .0162};
  for (std::size_t i = 0; i < 4; ++i) {
    report.Check("MDE at psi .10, n = " + std::to_string(static_cast<int>(n[i])), mde[i],
                 *stats::McNemarMde(n[i], .10, options), 5.1e-5);
  }
  const double margin[] = {.005, .01, .02};
  const double few[] = {4947, 1237, 310};
  const double more[] = {12366, 3092, 773};
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string name = "non-inferiority pairs, margin " + std::to_string(margin[i]).substr(1, 4);
    report.Check(name + ", psi .02", few[i],
                 std::ceil(*stats::NonInferiorityPairsNeeded(.02, margin[i], .05, .80)), 0, 0);
    report.Check(name + ", psi .05", more[i],
                 std::ceil(*stats::NonInferiorityPairsNeeded(.05, margin[i], .05, .80)), 0, 0);
  }
}

void ValidateProportions(Report& report) {
  report.Section("One proportion: mean coverage of 95 % intervals over a uniform rate",
                 "Setting of Bowyer 2025; the integral of each likelihood over its interval by Simpson's "
                 "rule. Expected: methods note 4.6.");
  using IntervalOf = Computed<Estimate> (*)(std::int64_t, std::int64_t, double);
  const auto mean_coverage = [](std::int64_t n, IntervalOf interval) {
    double sum = 0;
    for (std::int64_t x = 0; x <= n; ++x) {
      const Estimate e = *interval(x, n, .95);
      constexpr int kSteps = 400;
      const double h = (e.upper - e.lower) / kSteps;
      double integral = 0;
      for (int i = 0; i <= kSteps; ++i) {
        const double p = e.lower + i * h;
        const double weight = i == 0 || i == kSteps ? 1 : i % 2 == 1 ? 4 : 2;
        integral += weight * (p >= 1 ? (x == n ? 1.0 : 0.0) : Choose(n, x, p));
      }
      sum += integral * h / 3;
    }
    return sum;
  };
  const std::int64_t n[] = {3, 10, 30, 100, 300};
  const double wilson[] = {.956, .954, .952, .951, .9505};
  const double clopper[] = {.995, .984, .973, .965, .959};
  for (std::size_t i = 0; i < 5; ++i) {
    report.Check("Wilson, n = " + std::to_string(n[i]), wilson[i], mean_coverage(n[i], stats::WilsonInterval),
                 6e-4);
    report.Check("Clopper-Pearson, n = " + std::to_string(n[i]), clopper[i],
                 mean_coverage(n[i], stats::ClopperPearsonInterval), 6e-4);
  }
}

}  // namespace minslice::validation
