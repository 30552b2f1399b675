#include "gate/sentences.h"

#include <fmt/format.h>

#include <cmath>

#include "io/grouped.h"

namespace minslice::gate {

std::string Points(double difference) {
  const std::string text = fmt::format("{:+.1f}", difference * 100);
  return (text == "+0.0" || text == "-0.0" ? "0.0" : text) + " pt";
}
std::string Size(double size) {
  std::string text = fmt::format("{:.2f}", size * 100);
  if (text.back() == '0') text.pop_back();
  return text + " pt";
}
std::string Percent(double rate) { return fmt::format("{:.1f} %", rate * 100); }
std::string PText(double p) {
  if (p < 0.00005) return "<.0001";
  const std::string text = fmt::format("{:.4f}", p);
  return text.front() == '1' ? "1" : text.substr(1);
}
std::string Level(double level) {
  const std::string text = fmt::format("{:.4g}", level);
  return text.starts_with("0.") ? text.substr(1) : text;
}

std::string Count(std::int64_t n) { return io::Grouped(n); }

std::string Many(std::int64_t n, const char* noun) { return io::Many(n, noun); }

double RoundSignificant(double value, int digits) {
  if (value == 0) return 0;
  const double scale = std::pow(10.0, digits - 1 - std::floor(std::log10(std::fabs(value))));
  return std::round(value * scale) / scale;
}

}  // namespace minslice::gate
