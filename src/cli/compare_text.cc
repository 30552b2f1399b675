#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/compare_render.h"
#include "cli/figures.h"
#include "report/escape.h"

namespace minslice::cli {
namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kLabel = 14;  // columns before the text of an entry

// "  label       text", wrapped under the text.
std::string Entry(std::string_view label, const std::string& text) {
  std::string out = fmt::format("  {:<12}", label);
  for (const char ch : Wrapped(text, kWidth - kLabel, "")) {
    out += ch;
    if (ch == '\n') out.append(kLabel, ' ');
  }
  return out + '\n';
}

std::string Paragraph(const std::string& text) {
  std::string out = "  ";
  for (const char ch : Wrapped(text, kWidth - 2, "")) {
    out += ch;
    if (ch == '\n') out += "  ";
  }
  return out + '\n';
}

// A foreign name in exactly `width` columns.
std::string Padded(const std::string& text, std::size_t width) {
  std::string shown = report::CutToWidth(report::EscapeTerminal(text), width);
  const std::size_t used = report::DisplayWidth(shown);
  return shown.append(used < width ? width - used : 0, ' ');
}

std::string Heading(const std::string& what, const CompareDocument& document) {
  std::string out = what + ", candidate against incumbent\n";
  const auto side = [&](const char* label, const std::string& name) {
    if (name.empty()) return;
    out +=
        fmt::format("  {:<12}{}\n", label, report::CutToWidth(report::EscapeTerminal(name), kWidth - kLabel));
  };
  side("incumbent", document.incumbent_name);
  side("candidate", document.candidate_name);
  return out + '\n';
}

std::string TableText(const stats::PairedCounts& c) {
  const auto row = [](std::string_view name, std::int64_t passes, std::string_view passes_label,
                      std::int64_t fails, std::string_view fails_label, std::int64_t total) {
    return fmt::format("  {:<16}{:>13} {:<9}{:>14} {:<8}{:>14}\n", name, CountText(passes), passes_label,
                       CountText(fails), fails_label, CountText(total));
  };
  return fmt::format("  {:<16}{:>23}{:>23}{:>14}\n", "", "candidate passes", "candidate fails", "total") +
         row("incumbent passes", c.both, "both pass", c.incumbent_only, "broke", c.both + c.incumbent_only) +
         row("incumbent fails", c.candidate_only, "fixed", c.neither, "neither",
             c.candidate_only + c.neither) +
         row("total", c.both + c.candidate_only, "", c.incumbent_only + c.neither, "", c.n());
}

std::string RateLine(const Estimate& e) {
  if (e.method.empty()) return RateText(e.value) + " %";
  return fmt::format("{} %  [{}, {}]", RateText(e.value), RateText(e.lower), RateText(e.upper));
}

std::string BootstrapLine(const stats::BootstrapIntervals& b, const std::string& which) {
  return fmt::format("percentile {}  BCa {}  {}", PointsInterval(b.percentile.lower, b.percentile.upper),
                     PointsInterval(b.bca.lower, b.bca.upper), which);
}

std::string MarginText(const Comparison& c, const NonInferiorityResult& ni) {
  const bool shown = ni.test.p < c.planning.alpha;
  std::string out = Entry("margin", fmt::format("worse by less than {} pt: {}", SizeText(ni.margin),
                                                shown ? "shown" : "NOT shown"));
  out += Entry("", fmt::format("one-sided p {}, Tango z {:.3f}, {} % lower bound {}",
                               PText(ni.test.p, ni.test.log10_p), ni.test.statistic,
                               LevelText(c.options.level), PointsText(ni.lower)));
  if (ni.pairs) {
    out +=
        Entry("", fmt::format("takes {} pairs at a true difference of 0 (power 80 %)", PairsText(*ni.pairs)));
  }
  return out;
}

std::string PlanningText(const Comparison& c) {
  std::string out =
      Entry("planning", fmt::format("{} pairs discordant, psi {}; Connor, two-sided {}, power 80 %:",
                                    CountText(c.counts.discordant()), ShareText(c.printed_psi),
                                    AlphaText(c.planning.alpha)));
  out += Entry("", c.mde ? fmt::format("{} pairs see differences of {} pt or more", CountText(c.counts.n()),
                                       SizeText(*c.mde))
                         : "no minimum detectable effect: " + c.mde.error().text);
  std::string needs;
  for (const PlannedEffect& effect : c.effects) {
    if (!effect.pairs) continue;
    needs += fmt::format("{}{:g} pt need {} pairs", needs.empty() ? "" : ", ", 100 * effect.effect,
                         PairsText(*effect.pairs));
  }
  if (!needs.empty()) out += Entry("", needs);
  return out;
}

std::string AllMethods(const Comparison& c) {
  const auto excludes = [](double lower, double upper) { return lower > 0 || upper < 0 ? "yes" : "no"; };
  std::string out =
      fmt::format("\n  {:<13}{:>18}  {:<7}{}\n", fmt::format("{} % interval", LevelText(c.options.level)),
                  "pt", "not 0", "valid for");
  const auto interval = [&](const std::string& name, double lower, double upper, const std::string& method) {
    out += fmt::format("  {:<13}{:>18}  {:<7}{}\n", name, PointsInterval(lower, upper),
                       excludes(lower, upper), MethodNote(method));
  };
  for (const Estimate& e : c.intervals) interval(e.method, e.lower, e.upper, e.method);
  if (c.bootstrap_exact) {
    const stats::BootstrapIntervals& b = *c.bootstrap_exact;
    interval("percentile", b.percentile.lower, b.percentile.upper, "percentile");
    interval("basic", b.basic.lower, b.basic.upper, "basic");
    interval("BCa", b.bca.lower, b.bca.upper, "bca");
  }
  out += fmt::format("\n  {:<13}{:>12}{:>12}  {}\n", "McNemar test", "chi2", "p", "valid for");
  const auto test = [&](const std::string& name, const Test& t, bool statistic, const std::string& method) {
    out +=
        fmt::format("  {:<13}{:>12}{:>12}  {}\n", name, statistic ? fmt::format("{:.3f}", t.statistic) : "-",
                    PText(t.p, t.log10_p), MethodNote(method));
  };
  test("mid-p", c.midp, false, "midp");
  test("exact", c.exact, false, "exact");
  test("asymptotic", c.asymptotic, true, "asymptotic");
  test("corrected", c.corrected, true, "corrected");
  out += '\n';
  for (const PlannedEffect& effect : c.effects) {
    if (!effect.at_hand || std::isnan(effect.at_hand->type_m)) continue;
    out += Entry(&effect == &c.effects.front() ? "if true" : "",
                 fmt::format("{:g} {}: power {:.1f} %, exaggeration x {:.2f}, wrong sign {:.1f} %",
                             100 * effect.effect, "pt", 100 * effect.at_hand->power, effect.at_hand->type_m,
                             100 * effect.at_hand->type_s));
  }
  const std::string disagreement = Disagreement(c);
  return out + Entry("agreement", disagreement.empty() ? "All methods say the same about 0." : disagreement);
}

std::string SliceLine(const Slice& slice) {
  if (slice.tango) {
    const stats::PairedCounts& c = slice.counts;
    const double n = static_cast<double>(c.n());
    const Estimate& e = *slice.tango;
    return fmt::format("  {} {:>6}{:>7}{:>7}{:>7} {:<15}{:>6}{:>6}{:>8}\n", Padded(slice.value, 15),
                       CountText(c.n()), RateText(static_cast<double>(c.both + c.incumbent_only) / n),
                       RateText(static_cast<double>(c.both + c.candidate_only) / n), OneDecimal(e.value),
                       fmt::format("[{}, {}]", OneDecimal(e.lower), OneDecimal(e.upper)),
                       CountText(c.incumbent_only), CountText(c.candidate_only), PText(slice.midp, 0));
  }
  if (slice.graded) {
    const GradedComparison& g = *slice.graded;
    const Estimate& e = g.delta;
    return fmt::format("  {} {:>6}{:>8}{:>8}{:>9} {:<18}{:>8}\n", Padded(slice.value, 20), CountText(g.n),
                       RateText(g.incumbent.value), RateText(g.candidate.value), PointsText(e.value),
                       PointsInterval(e.lower, e.upper), g.sign_flip ? PText(g.sign_flip->midp, 0) : "-");
  }
  return fmt::format("  {} {:>6}  no interval: one case, or all differences equal\n", Padded(slice.value, 20),
                     CountText(static_cast<std::int64_t>(slice.cases.size())));
}

std::string SlicesText(const std::vector<Slice>& slices, const CompareOptions& options) {
  std::string out;
  for (auto first = slices.begin(); first != slices.end();) {
    const auto last = std::find_if(first, slices.end(),
                                   [&](const Slice& slice) { return slice.dimension != first->dimension; });
    const auto count = last - first;
    const std::string level = LevelText(options.level);
    out += fmt::format("\n  by {} ({} {})\n", report::EscapeTerminal(first->dimension), count,
                       count == 1 ? "slice" : "slices");
    if (first->tango) {
      out += fmt::format("  {:<15} {:>6}{:>7}{:>7}{:>7} {:<15}{:>6}{:>6}{:>8}\n", "", "n", "before", "after",
                         "delta", level + " % Tango", "broke", "fixed", "mid-p");
    } else {
      out += fmt::format("  {:<20} {:>6}{:>8}{:>8}{:>9} {:<18}{:>8}\n", "", "n", "before", "after", "delta",
                         level + " % interval", "mid-p");
    }
    for (auto slice = first; slice != last; ++slice) out += SliceLine(*slice);
    if (first->tango) {
      const auto worst = std::min_element(
          first, last, [](const Slice& a, const Slice& b) { return a.harm_adjusted < b.harm_adjusted; });
      out +=
          Paragraph(fmt::format("mid-p is not adjusted for the number of slices. Smallest adjusted p for "
                                "harm (wy_discrete): {}, {}.",
                                PText(worst->harm_adjusted, 0), report::EscapeTerminal(worst->value)));
    }
    first = last;
  }
  return out;
}

std::string GradedText(const GradedComparison& g, const CompareDocument& document) {
  const std::string level = LevelText(g.options.level);
  std::string what = CountText(g.n) + (g.n == 1 ? " pair" : " pairs");
  if (document.metric != "pass") what += ", metric " + report::EscapeTerminal(document.metric);
  if (g.incumbent_repeats > 1 || g.candidate_repeats > 1) {
    what += g.incumbent_repeats == g.candidate_repeats
                ? fmt::format(", {} runs a case", g.incumbent_repeats)
                : fmt::format(", {} and {} runs a case", g.incumbent_repeats, g.candidate_repeats);
  }
  std::string out = Heading(what, document);
  out += Entry("mean", fmt::format("incumbent  {}{}", RateLine(g.incumbent),
                                   g.incumbent.method.empty() ? "" : "  " + level + " % t"));
  out += Entry("", "candidate  " + RateLine(g.candidate));
  out += Entry("delta", fmt::format("{} pt {}  {} % {}", PointsText(g.delta.value),
                                    PointsInterval(g.delta.lower, g.delta.upper), level, g.delta.method));
  if (g.sign_flip) {
    out +=
        Entry("sign flip", fmt::format("mid-p {}, exact {}", PText(g.sign_flip->midp, g.sign_flip->log10_p),
                                       PText(g.sign_flip->p, g.sign_flip->log10_p)));
  }
  const auto bootstrap = [&](const char* label, const Computed<stats::MeanBootstrap>& b,
                             const std::string& which) {
    out += b ? Entry(label, BootstrapLine(b->intervals, which)) : Entry(label, "none: " + b.error().text);
  };
  if (g.bootstrap)
    bootstrap("bootstrap", *g.bootstrap,
              fmt::format("B {}, seed {}", CountText(g.options.replicates), g.options.seed));
  if (g.bootstrap_exact && *g.bootstrap_exact) bootstrap("", *g.bootstrap_exact, "exact limit");
  if (g.clusters) {
    out += Entry("clusters",
                 fmt::format("{} clusters of {} cases in all, design effect {:.2f}, worth {:.0f} cases",
                             CountText(g.clusters->mean.n), CountText(g.clusters->items),
                             g.clusters->design_effect, g.clusters->n_effective));
  }
  if (g.split) {
    out += Entry("repeats", fmt::format("{:.0f} % of the variance is the models' own noise",
                                        100 * g.split->noise_share));
    if (g.split->repeats_that_pay > 0) {
      out += Entry("", fmt::format("beyond {} runs a side, more cases pay and more runs do not",
                                   g.split->repeats_that_pay));
    }
  }
  if (!g.effects.empty()) {
    out += Entry("planning", fmt::format("{} such cases see differences of {} pt or more", CountText(g.n),
                                         SizeText(g.mde)));
    std::string needs;
    for (const PlannedEffect& effect : g.effects) {
      needs += fmt::format("{}{:g} pt need {} cases", needs.empty() ? "" : ", ", 100 * effect.effect,
                           PairsText(*effect.pairs));
    }
    out += Entry("", fmt::format("{} (two-sided {}, power 80 %)", needs,
                                 AlphaText(std::round((1 - g.options.level) * 1e12) / 1e12)));
  }
  out += Entry("", g.clusters ? "the unit is the cluster: cases within it are never pooled"
                              : "the unit is the case: its runs are averaged, never pooled");
  return out + '\n' + Paragraph(g.conclusion.text);
}

}  // namespace

std::string CompareText(const CompareDocument& document, bool all_methods) {
  std::string out;
  if (document.binary()) {
    const Comparison& c = *document.binary();
    const std::string level = LevelText(c.options.level);
    out += Heading(CountText(c.counts.n()) + (c.counts.n() == 1 ? " pair" : " pairs"), document);
    out += TableText(c.counts) + '\n';
    out += Entry("pass rate", fmt::format("incumbent  {}  {} % Wilson", RateLine(c.incumbent), level));
    out += Entry("", "candidate  " + RateLine(c.candidate));
    out += Entry("delta", fmt::format("{} pt {}  {} % Tango score interval", PointsText(c.tango().value),
                                      PointsInterval(c.tango().lower, c.tango().upper), level));
    out += Entry("McNemar", fmt::format("mid-p {}, exact {}", PText(c.midp.p, c.midp.log10_p),
                                        PText(c.exact.p, c.exact.log10_p)));
    out += Entry("", fmt::format("asymptotic chi2 {:.3f}, p {}", c.asymptotic.statistic,
                                 PText(c.asymptotic.p, c.asymptotic.log10_p)));
    out += Entry("", fmt::format("corrected chi2 {:.3f}, p {}", c.corrected.statistic,
                                 PText(c.corrected.p, c.corrected.log10_p)));
    if (c.bootstrap && c.bootstrap_exact) {
      out += Entry("bootstrap",
                   BootstrapLine(*c.bootstrap, fmt::format("B {}, seed {}", CountText(c.options.replicates),
                                                           c.options.seed)));
      out += Entry("", BootstrapLine(*c.bootstrap_exact, "exact limit"));
    } else {
      out += Entry("bootstrap", "none: " + c.bootstrap.error().text);
    }
    if (c.non_inferiority) out += MarginText(c, *c.non_inferiority);
    out += PlanningText(c);
    if (all_methods) out += AllMethods(c);
    out += '\n' + Paragraph(c.conclusion.text);
  } else {
    out += GradedText(*document.graded(), document);
  }
  out += SlicesText(document.slices, document.options());
  if (!document.notes.empty()) out += '\n';
  for (const std::string& note : document.notes) out += Paragraph(report::EscapeTerminal(note));
  return out;
}

}  // namespace minslice::cli
