#include "python/columns.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace minslice::python {
namespace {

Result<void> SameLength(const Column& incumbent, const Column& candidate) {
  if (incumbent.n() == candidate.n()) return {};
  return Fail(fmt::format("the sides must have one score a case each: the incumbent has {}, the candidate {}",
                          incumbent.n(), candidate.n()));
}

}  // namespace

Result<Column> Column::Of(Array array, const std::string& name, bool matrix) {
  namespace nb = nanobind;
  Column column;
  const nb::dlpack::dtype dtype = array.dtype();
  if (dtype == nb::dtype<bool>() || dtype == nb::dtype<std::uint8_t>()) {
    column.type_ = Type::kUint8;
  } else if (dtype == nb::dtype<std::int8_t>()) {
    column.type_ = Type::kInt8;
  } else if (dtype == nb::dtype<std::int16_t>()) {
    column.type_ = Type::kInt16;
  } else if (dtype == nb::dtype<std::int32_t>()) {
    column.type_ = Type::kInt32;
  } else if (dtype == nb::dtype<std::int64_t>()) {
    column.type_ = Type::kInt64;
  } else if (dtype == nb::dtype<float>()) {
    column.type_ = Type::kFloat;
  } else if (dtype != nb::dtype<double>()) {
    return Fail(fmt::format("{}: expected bool, integer or float values, found another type", name));
  }
  if (array.ndim() != 1 && !(matrix && array.ndim() == 2)) {
    return Fail(fmt::format("{}: expected {}, found {} dimensions", name,
                            matrix ? "one score a case, or a row of runs a case" : "one value a case",
                            array.ndim()));
  }
  column.n_ = static_cast<std::int64_t>(array.shape(0));
  column.stride_ = array.stride(0);
  if (array.ndim() == 2) {
    column.repeats_ = static_cast<std::int64_t>(array.shape(1));
    column.repeat_stride_ = array.stride(1);
    if (column.repeats_ == 0)
      return Fail(fmt::format("{}: there are no runs: the second dimension is 0", name));
  }
  column.data_ = array.data();
  column.array_ = std::move(array);
  return column;
}

double Column::At(std::int64_t row, std::int64_t repeat) const {
  return VisitData(
      [&](const auto* data) { return static_cast<double>(data[row * stride_ + repeat * repeat_stride_]); });
}

bool Column::OnlyZeroOne() const {
  for (std::int64_t i = 0; i < n_; ++i) {
    for (std::int64_t r = 0; r < repeats_; ++r) {
      const double value = At(i, r);
      if (value != 0 && value != 1 && !std::isnan(value)) return false;
    }
  }
  return true;
}

std::span<const double> Column::Doubles(std::vector<double>& buffer) const {
  if (type_ == Type::kDouble && stride_ == 1)
    return {static_cast<const double*>(data_), static_cast<std::size_t>(n_)};
  buffer.resize(static_cast<std::size_t>(n_));
  VisitData([&](const auto* data) {
    for (std::int64_t i = 0; i < n_; ++i)
      buffer[static_cast<std::size_t>(i)] = static_cast<double>(data[i * stride_]);
  });
  return buffer;
}

Result<stats::PairedCounts> CountPairs(const Column& incumbent, const Column& candidate) {
  if (const auto same = SameLength(incumbent, candidate); !same) return tl::unexpected(same.error());
  const std::int64_t n = incumbent.n();
  std::int64_t incumbent_passes = 0;
  std::int64_t candidate_passes = 0;
  std::int64_t both = 0;
  std::int64_t bad = 0;  // neither 0 nor 1, NaN included
  incumbent.VisitData([&](const auto* a) {
    candidate.VisitData([&](const auto* b) {
      for (std::int64_t i = 0; i < n; ++i) {
        const auto x = a[i * incumbent.stride()];
        const auto y = b[i * candidate.stride()];
        const bool pass_x = x == 1;
        const bool pass_y = y == 1;
        bad += (!pass_x && !(x == 0)) || (!pass_y && !(y == 0));
        incumbent_passes += pass_x;
        candidate_passes += pass_y;
        both += pass_x && pass_y;
      }
    });
  });
  if (bad > 0) {
    for (std::int64_t i = 0; i < n; ++i) {
      for (const auto& [name, column] :
           {std::pair("incumbent", &incumbent), std::pair("candidate", &candidate)}) {
        const double value = column->At(i);
        if (value != 0 && value != 1)
          return Fail(fmt::format("{}: expected 0 or 1, found {} at position {}", name, value, i));
      }
    }
  }
  return stats::PairedCounts{.both = both,
                             .incumbent_only = incumbent_passes - both,
                             .candidate_only = candidate_passes - both,
                             .neither = n - incumbent_passes - candidate_passes + both};
}

Result<std::vector<double>> Differences(const Column& incumbent, const Column& candidate) {
  if (const auto same = SameLength(incumbent, candidate); !same) return tl::unexpected(same.error());
  std::vector<double> differences(static_cast<std::size_t>(incumbent.n()));
  for (std::int64_t i = 0; i < incumbent.n(); ++i)
    differences[static_cast<std::size_t>(i)] = candidate.At(i) - incumbent.At(i);
  return differences;
}

}  // namespace minslice::python
