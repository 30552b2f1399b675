#include "cli/figures.h"

#include <fmt/format.h>

#include <cmath>

#include "io/grouped.h"

namespace minslice::cli {
namespace {

// "0.138" -> ".138", "-0.2" -> "-.2".
std::string WithoutZero(std::string text) {
  const std::size_t at = text.starts_with('-') ? 1 : 0;
  if (text.compare(at, 2, "0.") == 0) text.erase(at, 1);
  return text;
}

}  // namespace

std::string CountText(std::int64_t n) { return io::Grouped(n); }

std::string PairsText(double pairs) {
  if (!(pairs < 9e15)) return fmt::format("{:.3g}", pairs);
  return CountText(static_cast<std::int64_t>(std::ceil(pairs - 1e-9)));
}

std::string RateText(double rate) { return fmt::format("{:.1f}", 100 * rate); }

std::string PointsText(double difference) {
  std::string text = fmt::format("{:+.2f}", 100 * difference);
  if (text == "-0.00") text = "+0.00";
  return text;
}

std::string OneDecimal(double difference) {
  std::string text = fmt::format("{:+.1f}", 100 * difference);
  if (text == "-0.0") text = "+0.0";
  return text;
}

std::string SizeText(double size) { return fmt::format("{:.2f}", 100 * size); }

std::string PointsInterval(double lower, double upper) {
  return fmt::format("[{}, {}]", PointsText(lower), PointsText(upper));
}

std::string PText(double p, double log10_p) {
  if (p >= 0.99995) return "1";
  if (p >= 1e-4) return WithoutZero(fmt::format("{:.4f}", p));
  if (p >= 1e-300) return fmt::format("{:.1e}", p);
  return fmt::format("10^{:.1f}", log10_p);
}

std::string ShareText(double share) {
  if (!(share > 0) || share >= 1) return fmt::format("{:g}", share);
  const int decimals = std::max(3, 2 - static_cast<int>(std::floor(std::log10(share))));
  return WithoutZero(fmt::format("{:.{}f}", share, decimals));
}

std::string AlphaText(double alpha) { return WithoutZero(fmt::format("{:.6g}", alpha)); }

std::string LevelText(double level) { return fmt::format("{:.6g}", 100 * level); }

std::string Wrapped(std::string_view text, std::size_t width, std::string_view indent) {
  std::string out;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (column > indent.size() && column + 1 + word.size() > width) {
      out += '\n';
      out += indent;
      column = indent.size();
    } else if (column > 0) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out;
}

std::vector<std::string> SplitCommas(std::string_view text) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace minslice::cli
