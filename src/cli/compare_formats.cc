#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "cli/compare_render.h"
#include "cli/figures.h"
#include "cli/stats_registry.h"
#include "json/json.h"
#include "minslice/version.h"
#include "report/escape.h"
#include "report/machine_escape.h"

namespace minslice::cli {
namespace {

using nlohmann::ordered_json;

// A number, or null where there is none: what cannot be computed is never 0.
ordered_json OrNull(double value) {
  return std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr);
}

template <class T>
void PutComputed(ordered_json& object, const char* key, const Computed<T>& computed) {
  if (computed) {
    object[key] = *computed;
  } else {
    object[key] = nullptr;
    object[std::string(key) + "_reason"] = {{"code", computed.error().code}, {"text", computed.error().text}};
  }
}

ordered_json EstimateJson(const Estimate& e) {
  ordered_json object;
  object["value"] = e.value;
  object["lower"] = e.method.empty() ? ordered_json(nullptr) : OrNull(e.lower);
  object["upper"] = e.method.empty() ? ordered_json(nullptr) : OrNull(e.upper);
  object["level"] = e.level;
  object["n"] = e.n;
  object["method"] = e.method;
  if (!e.warnings.empty()) object["warnings"] = e.warnings;
  return object;
}

ordered_json RateJson(const Estimate& e, std::int64_t passes) {
  ordered_json object;
  object["passes"] = passes;
  object["rate"] = e.value;
  object["lower"] = e.lower;
  object["upper"] = e.upper;
  object["level"] = e.level;
  object["n"] = e.n;
  object["method"] = e.method;
  return object;
}

ordered_json TestJson(const Test& test) {
  ordered_json object;
  object["p"] = test.p;
  object["log10_p"] = OrNull(test.log10_p);
  object["statistic"] = OrNull(test.statistic);
  return object;
}

ordered_json LimitsJson(const Interval& interval) {
  return ordered_json::array({OrNull(interval.lower), OrNull(interval.upper)});
}

ordered_json BootstrapJson(const stats::BootstrapIntervals& b) {
  ordered_json object;
  object["percentile"] = LimitsJson(b.percentile);
  object["basic"] = LimitsJson(b.basic);
  object["bca"] = LimitsJson(b.bca);
  object["bca_strict"] = LimitsJson(b.bca_strict);
  object["z0"] = OrNull(b.z0);
  object["acceleration"] = b.acceleration;
  object["standard_error"] = b.standard_error;
  return object;
}

ordered_json TableJson(const stats::PairedCounts& c) {
  ordered_json object;
  object["both"] = c.both;
  object["incumbent_only"] = c.incumbent_only;
  object["candidate_only"] = c.candidate_only;
  object["neither"] = c.neither;
  object["n_pairs"] = c.n();
  return object;
}

ordered_json BinaryJson(const Comparison& c) {
  ordered_json j;
  j["table"] = TableJson(c.counts);
  j["n_pairs"] = c.counts.n();
  j["incumbent"] = RateJson(c.incumbent, c.counts.both + c.counts.incumbent_only);
  j["candidate"] = RateJson(c.candidate, c.counts.both + c.counts.candidate_only);
  j["delta"] = c.tango().value;
  j["level"] = c.options.level;
  j["discordance_rate"] = c.counts.psi();
  j["tango"] = EstimateJson(c.tango());
  ordered_json& intervals = j["intervals"];
  for (const Estimate& e : c.intervals) {
    intervals[e.method] = EstimateJson(e);
    intervals[e.method]["valid_for"] = MethodNote(e.method);
  }
  j["mcnemar"] = {{"exact", TestJson(c.exact)},
                  {"midp", TestJson(c.midp)},
                  {"asymptotic", TestJson(c.asymptotic)},
                  {"corrected", TestJson(c.corrected)},
                  {"harm_one_sided", TestJson(c.harm)}};
  ordered_json& bootstrap = j["bootstrap"];
  bootstrap["replicates"] = c.options.replicates;
  bootstrap["seed"] = c.options.seed;
  if (c.bootstrap && c.bootstrap_exact) {
    bootstrap.update(BootstrapJson(*c.bootstrap));
    bootstrap["exact"] = BootstrapJson(*c.bootstrap_exact);
  } else {
    bootstrap["percentile"] = nullptr;
    bootstrap["bca"] = nullptr;
    bootstrap["reason"] = {{"code", c.bootstrap.error().code}, {"text", c.bootstrap.error().text}};
  }
  if (c.non_inferiority) {
    const NonInferiorityResult& ni = *c.non_inferiority;
    ordered_json& object = j["non_inferiority"];
    object["margin"] = c.non_inferiority->margin;
    object["z"] = OrNull(ni.test.statistic);
    object["p"] = ni.test.p;
    object["log10_p"] = OrNull(ni.test.log10_p);
    object["alpha"] = c.planning.alpha;
    object["lower_bound"] = ni.lower;
    object["non_inferior"] = ni.test.p < c.planning.alpha;
    PutComputed(object, "pairs_needed", ni.pairs);
  }
  ordered_json& planning = j["planning"];
  planning["method"] = "connor";
  planning["alpha"] = c.planning.alpha;
  planning["sides"] = c.planning.sides;
  planning["power"] = c.planning.power;
  planning["psi"] = c.counts.psi();
  planning["psi_printed"] = c.printed_psi;
  PutComputed(planning, "mde", c.mde);
  PutComputed(planning, "resolvable_margin", c.resolvable_margin);
  planning["pairs_needed"] = ordered_json::array();
  for (const PlannedEffect& effect : c.effects) {
    ordered_json row;
    row["effect"] = effect.effect;
    if (effect.pairs) {
      row["pairs"] = static_cast<std::int64_t>(std::ceil(*effect.pairs - 1e-9));
    } else {
      PutComputed(row, "pairs", effect.pairs);
    }
    if (effect.at_hand) {
      row["power_midp"] = effect.at_hand->power;
      row["type_m"] = OrNull(effect.at_hand->type_m);
      row["type_s"] = OrNull(effect.at_hand->type_s);
    }
    planning["pairs_needed"].push_back(std::move(row));
  }
  const std::string disagreement = Disagreement(c);
  j["methods_agree"] = disagreement.empty();
  if (!disagreement.empty()) j["disagreement"] = disagreement;
  j["conclusion"] = {{"code", c.conclusion.code}, {"text", c.conclusion.text}};
  return j;
}

ordered_json GradedJson(const GradedComparison& g) {
  ordered_json j;
  j["n_pairs"] = g.n;
  j["repeats"] = {{"incumbent", g.incumbent_repeats}, {"candidate", g.candidate_repeats}};
  j["incumbent"] = EstimateJson(g.incumbent);
  j["candidate"] = EstimateJson(g.candidate);
  j["delta"] = g.delta.value;
  j["level"] = g.options.level;
  j["interval"] = EstimateJson(g.delta);
  if (g.sign_flip) {
    j["sign_flip"] = {{"p", g.sign_flip->p},
                      {"midp", g.sign_flip->midp},
                      {"p_harm", g.sign_flip->p_harm},
                      {"log10_p", OrNull(g.sign_flip->log10_p)},
                      {"method", g.sign_flip->method}};
  } else {
    PutComputed(j, "sign_flip", Computed<double>(tl::unexpected(g.sign_flip.error())));
  }
  const auto limits = [](const Computed<stats::MeanBootstrap>& b) {
    ordered_json object;
    if (!b) {
      object["reason"] = {{"code", b.error().code}, {"text", b.error().text}};
      return object;
    }
    object["percentile"] = LimitsJson(b->intervals.percentile);
    object["basic"] = LimitsJson(b->intervals.basic);
    object["bca"] = LimitsJson(b->intervals.bca);
    object["standard_error"] = b->intervals.standard_error;
    object["method"] = b->method;
    return object;
  };
  if (g.bootstrap) {
    ordered_json& bootstrap = j["bootstrap"];
    bootstrap["replicates"] = g.options.replicates;
    bootstrap["seed"] = g.options.seed;
    bootstrap.update(limits(*g.bootstrap));
    if (g.bootstrap_exact) bootstrap["exact"] = limits(*g.bootstrap_exact);
  }
  if (g.clusters) {
    j["clusters"] = {{"n_clusters", g.clusters->mean.n},
                     {"icc", OrNull(g.clusters->icc)},
                     {"design_effect", g.clusters->design_effect},
                     {"n_effective", g.clusters->n_effective},
                     {"se_cr0", g.clusters->se_cr0},
                     {"se_cr1", g.clusters->se_cr1},
                     {"se_cr2", g.clusters->se_cr2}};
  }
  if (g.split) {
    j["variance_split"] = {{"omega2", g.split->omega2},
                           {"sigma2_incumbent", g.split->sigma2_incumbent},
                           {"sigma2_candidate", g.split->sigma2_candidate},
                           {"noise_share", g.split->noise_share},
                           {"repeats_that_pay", g.split->repeats_that_pay}};
  }
  if (!g.effects.empty()) {
    ordered_json& planning = j["planning"];
    planning["method"] = "normal";
    planning["alpha"] = std::round((1 - g.options.level) * 1e12) / 1e12;
    planning["sides"] = 2;
    planning["power"] = 0.80;
    planning["mde"] = g.mde;
    for (const PlannedEffect& effect : g.effects) {
      planning["pairs_needed"].push_back(
          {{"effect", effect.effect}, {"pairs", static_cast<std::int64_t>(std::ceil(*effect.pairs - 1e-9))}});
    }
  }
  j["conclusion"] = {{"code", g.conclusion.code}, {"text", g.conclusion.text}};
  return j;
}

ordered_json SliceJson(const Slice& slice) {
  ordered_json j;
  j["dimension"] = slice.dimension;
  j["value"] = slice.value;
  j["n_pairs"] = slice.cases.size();
  if (slice.tango) {
    const auto n = static_cast<double>(slice.counts.n());
    j["table"] = TableJson(slice.counts);
    j["incumbent_rate"] = static_cast<double>(slice.counts.both + slice.counts.incumbent_only) / n;
    j["candidate_rate"] = static_cast<double>(slice.counts.both + slice.counts.candidate_only) / n;
    j["delta"] = slice.tango->value;
    j["ci_low"] = slice.tango->lower;
    j["ci_high"] = slice.tango->upper;
    j["p_value"] = slice.midp;
    j["p_harm"] = slice.harm;
    j["p_harm_adjusted"] = slice.harm_adjusted;
  } else if (slice.graded) {
    j.update(GradedJson(*slice.graded));
  } else {
    j["delta"] = nullptr;
    j["reason"] = "too few cases for an interval, or all differences equal";
  }
  return j;
}

// The lines of --format csv and markdown: a figure with what belongs to it. Empty where it has none.
struct Row {
  std::string figure, method, value, lower, upper, statistic, p, log10_p, level, n;
};

std::string Full(double value) { return std::isfinite(value) ? fmt::format("{}", value) : ""; }

std::vector<Row> Rows(const CompareDocument& document) {
  std::vector<Row> rows;
  const auto estimate = [&](const std::string& figure, const Estimate& e) {
    rows.push_back({.figure = figure,
                    .method = e.method,
                    .value = Full(e.value),
                    .lower = e.method.empty() ? "" : Full(e.lower),
                    .upper = e.method.empty() ? "" : Full(e.upper),
                    .statistic = "",
                    .p = "",
                    .log10_p = "",
                    .level = Full(e.level),
                    .n = std::to_string(e.n)});
  };
  const auto test = [&](const std::string& method, const Test& t, std::int64_t n) {
    rows.push_back({.figure = "mcnemar",
                    .method = method,
                    .value = "",
                    .lower = "",
                    .upper = "",
                    .statistic = Full(t.statistic),
                    .p = Full(t.p),
                    .log10_p = Full(t.log10_p),
                    .level = "",
                    .n = std::to_string(n)});
  };
  if (document.graded()) {
    const GradedComparison& g = *document.graded();
    estimate("incumbent", g.incumbent);
    estimate("candidate", g.candidate);
    estimate("delta", g.delta);
    if (g.sign_flip) rows.back().p = Full(g.sign_flip->midp);
  } else {
    const Comparison& c = *document.binary();
    const std::string n = std::to_string(c.counts.n());
    const auto count = [&](const char* figure, std::int64_t value) {
      rows.push_back({.figure = figure,
                      .method = "count",
                      .value = std::to_string(value),
                      .lower = "",
                      .upper = "",
                      .statistic = "",
                      .p = "",
                      .log10_p = "",
                      .level = "",
                      .n = n});
    };
    count("both", c.counts.both);
    count("incumbent_only", c.counts.incumbent_only);
    count("candidate_only", c.counts.candidate_only);
    count("neither", c.counts.neither);
    estimate("incumbent_rate", c.incumbent);
    estimate("candidate_rate", c.candidate);
    for (const Estimate& e : c.intervals) estimate("delta", e);
    const auto bootstrap = [&](const char* method, const stats::BootstrapIntervals& b,
                               const Interval& limits) {
      rows.push_back({.figure = "delta",
                      .method = method,
                      .value = Full(c.tango().value),
                      .lower = Full(limits.lower),
                      .upper = Full(limits.upper),
                      .statistic = "",
                      .p = "",
                      .log10_p = "",
                      .level = Full(b.level),
                      .n = n});
    };
    if (c.bootstrap && c.bootstrap_exact) {
      bootstrap("bootstrap_percentile", *c.bootstrap, c.bootstrap->percentile);
      bootstrap("bootstrap_bca", *c.bootstrap, c.bootstrap->bca);
      bootstrap("bootstrap_percentile_exact", *c.bootstrap_exact, c.bootstrap_exact->percentile);
      bootstrap("bootstrap_bca_exact", *c.bootstrap_exact, c.bootstrap_exact->bca);
    }
    test("midp", c.midp, c.counts.n());
    test("exact", c.exact, c.counts.n());
    test("asymptotic", c.asymptotic, c.counts.n());
    test("corrected", c.corrected, c.counts.n());
    if (c.non_inferiority) {
      test(fmt::format("noninferiority margin {}", c.non_inferiority->margin), c.non_inferiority->test,
           c.counts.n());
      rows.back().figure = "margin";
    }
    const auto planning = [&](const std::string& figure, const Computed<double>& value) {
      rows.push_back({.figure = figure,
                      .method = "connor",
                      .value = value ? Full(*value) : "",
                      .lower = "",
                      .upper = "",
                      .statistic = "",
                      .p = "",
                      .log10_p = "",
                      .level = Full(c.options.level),
                      .n = n});
    };
    planning("mde", c.mde);
    planning("resolvable_margin", c.resolvable_margin);
    for (const PlannedEffect& effect : c.effects) {
      planning(fmt::format("pairs_needed {}", effect.effect),
               effect.pairs ? Computed<double>(std::ceil(*effect.pairs - 1e-9)) : effect.pairs);
    }
  }
  return rows;
}

// ": candidate x against incumbent y", as far as they have names.
std::string Sides(const CompareDocument& document) {
  if (document.incumbent_name.empty() && document.candidate_name.empty())
    return ", candidate against incumbent";
  return ": candidate " + report::MarkdownCode(document.candidate_name) + " against incumbent " +
         report::MarkdownCode(document.incumbent_name);
}

}  // namespace

ordered_json GoldenFunctions(const Comparison& c) {
  const StatsRegistry& registry = StatsFunctions();
  nlohmann::json in;
  in["n11"] = c.counts.both;
  in["n10"] = c.counts.incumbent_only;
  in["n01"] = c.counts.candidate_only;
  in["n00"] = c.counts.neither;
  in["level"] = c.options.level;
  in["alpha"] = c.planning.alpha;
  in["sides"] = c.planning.sides;
  in["power"] = c.planning.power;
  in["n"] = c.counts.n();
  in["psi"] = c.counts.psi();
  ordered_json all;
  const auto call = [&](const std::string& name, const nlohmann::json& input) -> ordered_json {
    try {
      return (*registry.Find(name))(input);
    } catch (const std::exception& error) {
      return {{"error", error.what()}};
    }
  };
  for (const char* name :
       {"mcnemar_exact", "mcnemar_midp", "mcnemar_asymptotic", "mcnemar_cc", "paired_ci_tango",
        "paired_ci_scas", "paired_ci_newcombe10", "paired_ci_newcombe8", "paired_ci_bonett_price",
        "paired_ci_agresti_min", "paired_ci_wald", "boot_binary_percentile", "boot_binary_basic",
        "boot_binary_bca_mid", "boot_binary_bca_strict", "boot_binary_moments", "mcnemar_mde"}) {
    all[name] = call(name, in);
  }
  if (c.non_inferiority) {
    in["margin"] = c.non_inferiority->margin;
    all["noninferiority_tango"] = call("noninferiority_tango", in);
  }
  for (const auto& [side, passes] : {std::pair{"incumbent", c.counts.both + c.counts.incumbent_only},
                                     std::pair{"candidate", c.counts.both + c.counts.candidate_only}}) {
    all["proportion_ci"][side] =
        call("proportion_ci", {{"x", passes}, {"n", c.counts.n()}, {"level", c.options.level}});
  }
  return all;
}

std::string CompareJson(const CompareDocument& document) {
  ordered_json j;
  j["compare_version"] = 1;
  j["minslice"] = kVersion;
  j["metric"] = document.metric;
  if (!document.incumbent_name.empty() || !document.candidate_name.empty()) {
    j["sides"] = {{"incumbent", document.incumbent_name}, {"candidate", document.candidate_name}};
  }
  j.update(document.binary() ? BinaryJson(*document.binary()) : GradedJson(*document.graded()));
  if (document.binary()) j["functions"] = GoldenFunctions(*document.binary());
  j["slices"] = ordered_json::array();
  for (const Slice& slice : document.slices) j["slices"].push_back(SliceJson(slice));
  j["notes"] = document.notes;
  return json::Pretty(j);
}

std::string CompareCsv(const CompareDocument& document) {
  std::string out = "dimension,value,figure,method,estimate,lower,upper,statistic,p,log10_p,level,n\n";
  const auto line = [&](const std::string& dimension, const std::string& value, const Row& r) {
    out += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{}\n", report::CsvText(dimension),
                       report::CsvText(value), r.figure, r.method, r.value, r.lower, r.upper, r.statistic,
                       r.p, r.log10_p, r.level, r.n);
  };
  for (const Row& row : Rows(document)) line("", "", row);
  for (const Slice& slice : document.slices) {
    Row row{.figure = "delta",
            .method = "tango",
            .value = "",
            .lower = "",
            .upper = "",
            .statistic = "",
            .p = "",
            .log10_p = "",
            .level = "",
            .n = std::to_string(slice.cases.size())};
    if (slice.tango) {
      row.value = Full(slice.tango->value);
      row.lower = Full(slice.tango->lower);
      row.upper = Full(slice.tango->upper);
      row.level = Full(slice.tango->level);
      row.p = Full(slice.midp);
    } else if (slice.graded) {
      const Estimate& e = slice.graded->delta;
      row.method = e.method;
      row.value = Full(e.value);
      row.lower = Full(e.lower);
      row.upper = Full(e.upper);
      row.level = Full(e.level);
      row.p = slice.graded->sign_flip ? Full(slice.graded->sign_flip->midp) : "";
    }
    line(slice.dimension, slice.value, row);
  }
  return out;
}

std::string CompareMarkdown(const CompareDocument& document, bool all_methods) {
  std::string out;
  const auto escape = [](const std::string& text) { return report::MarkdownText(text); };
  if (document.binary()) {
    const Comparison& c = *document.binary();
    const stats::PairedCounts& t = c.counts;
    out += fmt::format("**{} pairs**{}\n\n", CountText(t.n()), Sides(document));
    out += "| | candidate passes | candidate fails | total |\n| --- | ---: | ---: | ---: |\n";
    out += fmt::format("| incumbent passes | {} both pass | {} broke | {} |\n", CountText(t.both),
                       CountText(t.incumbent_only), CountText(t.both + t.incumbent_only));
    out += fmt::format("| incumbent fails | {} fixed | {} neither | {} |\n", CountText(t.candidate_only),
                       CountText(t.neither), CountText(t.candidate_only + t.neither));
    out += fmt::format("| total | {} | {} | {} |\n\n", CountText(t.both + t.candidate_only),
                       CountText(t.incumbent_only + t.neither), CountText(t.n()));
    const std::string level = LevelText(c.options.level);
    out += fmt::format("| figure | value | {} % interval | method |\n| --- | ---: | --- | --- |\n", level);
    const auto rate = [&](const char* name, const Estimate& e) {
      out += fmt::format("| {} | {} % | [{}, {}] | Wilson |\n", name, RateText(e.value), RateText(e.lower),
                         RateText(e.upper));
    };
    rate("incumbent pass rate", c.incumbent);
    rate("candidate pass rate", c.candidate);
    for (const Estimate& e : c.intervals) {
      if (e.method != "tango" && !all_methods) continue;
      out += fmt::format("| delta, pt | {} | {} | {} |\n", PointsText(e.value),
                         PointsInterval(e.lower, e.upper), e.method);
    }
    if (c.bootstrap && c.bootstrap_exact) {
      const std::string delta = PointsText(c.tango().value);
      const std::string drawn =
          fmt::format("B = {}, seed {}", CountText(c.options.replicates), c.options.seed);
      const auto boot = [&](const Interval& i, const std::string& method) {
        out += fmt::format("| delta, pt | {} | {} | {} |\n", delta, PointsInterval(i.lower, i.upper), method);
      };
      boot(c.bootstrap->percentile, "bootstrap percentile, " + drawn);
      boot(c.bootstrap->bca, "bootstrap BCa, " + drawn);
      boot(c.bootstrap_exact->percentile, "bootstrap percentile, exact limit");
      boot(c.bootstrap_exact->bca, "bootstrap BCa, exact limit");
    } else {
      out += fmt::format("| bootstrap | - | - | {} |\n", escape(c.bootstrap.error().text));
    }
    out += "\n| McNemar | statistic | p |\n| --- | ---: | ---: |\n";
    const auto test = [&](const char* name, const Test& value) {
      out += fmt::format("| {} | {} | {} |\n", name,
                         std::isnan(value.statistic) ? "-" : fmt::format("{:.3f}", value.statistic),
                         PText(value.p, value.log10_p));
    };
    test("mid-p", c.midp);
    test("exact", c.exact);
    test("asymptotic", c.asymptotic);
    test("corrected", c.corrected);
    if (c.non_inferiority) {
      out += fmt::format("\nMargin {} pt: {} (one-sided p {}).\n", SizeText(c.non_inferiority->margin),
                         c.non_inferiority->test.p < c.planning.alpha ? "shown" : "not shown",
                         PText(c.non_inferiority->test.p, c.non_inferiority->test.log10_p));
    }
    out += fmt::format("\nPlanning (Connor, two-sided {}, power 80 %, psi {}): ", AlphaText(c.planning.alpha),
                       ShareText(c.printed_psi));
    out += c.mde ? fmt::format("these pairs see {} pt or more", SizeText(*c.mde)) : c.mde.error().text;
    for (const PlannedEffect& effect : c.effects) {
      if (effect.pairs)
        out += fmt::format("; {:g} {}: {} pairs", 100 * effect.effect, "pt", PairsText(*effect.pairs));
    }
    out += ".\n\n" + c.conclusion.text + '\n';
    const std::string disagreement = Disagreement(c);
    if (all_methods && !disagreement.empty()) out += '\n' + disagreement + '\n';
  } else {
    const GradedComparison& g = *document.graded();
    out += fmt::format("**{} pairs**, metric {}, {} and {} runs a case{}\n\n", CountText(g.n),
                       escape(document.metric), g.incumbent_repeats, g.candidate_repeats, Sides(document));
    out +=
        fmt::format("| figure | value | {} % interval |\n| --- | ---: | --- |\n", LevelText(g.options.level));
    const auto mean = [&](const char* name, const Estimate& e) {
      out +=
          fmt::format("| {} | {} % | {} |\n", name, RateText(e.value),
                      e.method.empty() ? "-" : fmt::format("[{}, {}]", RateText(e.lower), RateText(e.upper)));
    };
    mean("incumbent mean", g.incumbent);
    mean("candidate mean", g.candidate);
    const Estimate& d = g.delta;
    out += fmt::format("| delta, pt | {} | {} |\n\n", PointsText(d.value), PointsInterval(d.lower, d.upper));
    out += fmt::format("Interval {}; exact sign flip mid-p {}.\n\n{}\n", d.method,
                       g.sign_flip ? PText(g.sign_flip->midp, g.sign_flip->log10_p) : "-", g.conclusion.text);
  }
  if (!document.slices.empty()) {
    out +=
        "\n| slice | n | before | after | delta | interval | broke | fixed | p |\n| --- | ---: | ---: | ---: "
        "| ---: | --- | ---: | ---: | ---: |\n";
    for (const Slice& slice : document.slices) {
      const std::string name = escape(slice.dimension) + ": " + escape(slice.value);
      if (slice.tango) {
        const stats::PairedCounts& t = slice.counts;
        const auto n = static_cast<double>(t.n());
        out += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n", name, CountText(t.n()),
                           RateText(static_cast<double>(t.both + t.incumbent_only) / n),
                           RateText(static_cast<double>(t.both + t.candidate_only) / n),
                           PointsText(slice.tango->value),
                           PointsInterval(slice.tango->lower, slice.tango->upper),
                           CountText(t.incumbent_only), CountText(t.candidate_only), PText(slice.midp, 0));
      } else if (slice.graded) {
        const Estimate& e = slice.graded->delta;
        out += fmt::format("| {} | {} | {} | {} | {} | {} | - | - | {} |\n", name, CountText(slice.graded->n),
                           RateText(slice.graded->incumbent.value), RateText(slice.graded->candidate.value),
                           PointsText(e.value), PointsInterval(e.lower, e.upper),
                           slice.graded->sign_flip ? PText(slice.graded->sign_flip->midp, 0) : "-");
      } else {
        out += fmt::format("| {} | {} | - | - | - | - | - | - | - |\n", name, slice.cases.size());
      }
    }
  }
  for (const std::string& note : document.notes) out += '\n' + escape(note) + '\n';
  return out;
}

}  // namespace minslice::cli
