#include "report/slice_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace minslice::report {
namespace {

constexpr std::size_t kMany = 8;     // slices of a dimension from which triage is worth a line
constexpr std::size_t kNamed = 3;    // slices or families that a line names
constexpr std::size_t kSpreads = 2;  // dimensions that get a line

std::string Weighted(const VerdictWeighted& weighted) {
  std::string text = "no weighted delta";
  if (weighted.delta) {
    text =
        fmt::format("{} pt [{}, {}] ({:.4g} %) by {}, {}", Points(weighted.delta), Points(weighted.ci_low),
                    Points(weighted.ci_high), weighted.level * 100, weighted.weights_source, weighted.status);
  }
  for (const std::string& warning : weighted.warnings) text += "; " + warning;
  return text;
}

std::string Families(const Verdict& verdict) {
  std::vector<const VerdictFamily*> order;
  std::size_t blocked = 0;
  for (const VerdictFamily& family : verdict.families) {
    order.push_back(&family);
    blocked += family.row.status == "block" ? 1 : 0;
  }
  std::stable_sort(order.begin(), order.end(), [](const VerdictFamily* a, const VerdictFamily* b) {
    if ((a->row.status == "block") != (b->row.status == "block")) return a->row.status == "block";
    return a->row.delta.value_or(0) < b->row.delta.value_or(0);
  });
  std::string text = fmt::format("{}, {} block; lowest ", order.size(), blocked);
  for (std::size_t i = 0; i < order.size() && i < kNamed; ++i) {
    const VerdictFamily& family = *order[i];
    text += fmt::format("{}{} {} pt (n {}, {} slice{}{})", i == 0 ? "" : ", ", family.name,
                        Points(family.row.delta), Count(family.row.n_pairs), family.n_slices,
                        family.n_slices == 1 ? "" : "s",
                        family.row.p_adjusted ? ", adj " + PValue(family.row.p_adjusted) : "");
  }
  return text;
}

// "Q 13.8, p .003; I2 78 %; ..." and the slices that stay lowest once their noise is taken off.
std::string Spread(const VerdictDimension& dimension, std::vector<const VerdictSegment*> slices) {
  std::stable_sort(slices.begin(), slices.end(), [](const VerdictSegment* a, const VerdictSegment* b) {
    return *a->shrunken_delta < *b->shrunken_delta;
  });
  std::string text =
      fmt::format("{}: Q {:.1f} over {} slices (p {}), I2 {:.0f} %", dimension.name, *dimension.q,
                  slices.size(), PValue(dimension.q_p), dimension.i2.value_or(0) * 100);
  if (dimension.tau2.value_or(0) <= 0) return text + ": no more than noise";
  text += fmt::format(", sd between slices {:.1f} pt; drawn to their mean of {} pt the lowest are ",
                      std::sqrt(*dimension.tau2) * 100, Points(dimension.mean));
  for (std::size_t i = 0; i < slices.size() && i < kNamed; ++i) {
    text += fmt::format("{}{} {} [{}, {}]", i == 0 ? "" : ", ", slices[i]->value,
                        Points(slices[i]->shrunken_delta), Points(slices[i]->shrunken_low),
                        Points(slices[i]->shrunken_high));
  }
  return text;
}

}  // namespace

std::vector<Fact> SliceFacts(const Verdict& verdict) {
  std::vector<Fact> facts;
  if (verdict.weighted) facts.push_back({"traffic", Weighted(*verdict.weighted)});
  if (!verdict.families.empty()) facts.push_back({"families", Families(verdict)});
  std::size_t spreads = 0;
  for (const VerdictDimension& dimension : verdict.dimensions) {
    std::vector<const VerdictSegment*> slices;
    for (const VerdictSegment& segment : verdict.segments) {
      if (segment.dimension == dimension.name && segment.shrunken_delta) slices.push_back(&segment);
    }
    if (!dimension.q || slices.size() < kMany || ++spreads > kSpreads) continue;
    facts.push_back({"spread", Spread(dimension, std::move(slices))});
  }
  return facts;
}

}  // namespace minslice::report
