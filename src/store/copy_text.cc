#include "store/copy_text.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "io/utf8.h"

namespace minslice::store {

Value Text(const std::string& text) {
  std::string clean = io::ReplaceInvalidUtf8(text);
  for (std::size_t at = clean.find('\0'); at != std::string::npos; at = clean.find('\0', at))
    clean.replace(at, 1, "\xEF\xBF\xBD");
  return clean;
}

Value TextOrNull(const std::optional<std::string>& text) { return text ? Text(*text) : Value(); }

Value Real(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Value(*value) : Value();
}

Value Whole(const std::optional<std::int64_t>& value) { return value ? Value(*value) : Value(); }

namespace {

template <class T>
std::optional<T> NumberOf(const std::optional<std::string>& cell) {
  if (!cell) return std::nullopt;
  T value{};
  const auto [end, error] = std::from_chars(cell->data(), cell->data() + cell->size(), value);
  if (error != std::errc() || end != cell->data() + cell->size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::int64_t> WholeOf(const std::optional<std::string>& cell) {
  return NumberOf<std::int64_t>(cell);
}

std::optional<double> RealOf(const std::optional<std::string>& cell) { return NumberOf<double>(cell); }

std::string PlainText(const Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return std::to_string(*whole);
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{}", *real);  // reads back the same
  return std::get<std::string>(value);
}

void AppendCopyLine(std::span<const Value> row, std::string& text) {
  bool first = true;
  for (const Value& value : row) {
    if (!first) text += '\t';
    first = false;
    if (std::holds_alternative<std::monostate>(value)) {
      text += "\\N";
      continue;
    }
    for (const char c : PlainText(value)) {
      switch (c) {
        case '\\':
          text += "\\\\";
          break;
        case '\t':
          text += "\\t";
          break;
        case '\n':
          text += "\\n";
          break;
        case '\r':
          text += "\\r";
          break;
        default:
          text += c;
      }
    }
  }
  text += '\n';
}

}  // namespace minslice::store
