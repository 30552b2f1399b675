// How the planning and comparison commands write figures (docs/reports.md): rates in per cent, differences in
// pt with two decimals, since a tenth decides how many pairs to buy; p-values with four digits or in powers
// of ten.
#ifndef MINSLICE_CLI_FIGURES_H_
#define MINSLICE_CLI_FIGURES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "minslice/estimate.h"

namespace minslice::cli {

std::string CountText(std::int64_t n);                   // 10,830
std::string PairsText(double pairs);                     // rounded up: 2,706
std::string RateText(double rate);                       // 71.3 (per cent)
std::string PointsText(double difference);               // +2.14, -0.38, never -0.00 (points)
std::string OneDecimal(double difference);               // +2.1, never -0.0 (points)
std::string SizeText(double size);                       // 3.59 (points, no sign)
std::string PointsInterval(double lower, double upper);  // [-0.38, +4.70]
std::string PText(double p, double log10_p);             // .0957, 3.7e-05, 10^-588.8, 1
std::string ShareText(double share);                     // .138: three significant digits
std::string AlphaText(double alpha);                     // .05
std::string LevelText(double level);                     // 95 (per cent)

// Breaks text at spaces so that no line is wider than `width`; every line but the first starts with `indent`.
std::string Wrapped(std::string_view text, std::size_t width, std::string_view indent);

// Splits "a,b,c"; empty parts stay.
std::vector<std::string> SplitCommas(std::string_view text);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_FIGURES_H_
