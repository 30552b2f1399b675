// Columns that Python holds, read where they lie: any numpy array, DLPack or buffer object of bool, integer
// or float values, of any stride. Nothing is copied but what a statistic needs as doubles and is not yet.
#ifndef MINSLICE_PYTHON_COLUMNS_H_
#define MINSLICE_PYTHON_COLUMNS_H_

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "minslice/result.h"
#include "minslice/stats/counts.h"

namespace minslice::python {

using Array = nanobind::ndarray<nanobind::ro, nanobind::device::cpu>;

// One side's scores: n cases, `repeats` runs each. The array keeps the memory alive. NaN is a missing score.
class Column {
 public:
  // `name` says in messages which argument it is. One dimension, or two where `matrix`.
  static Result<Column> Of(Array array, const std::string& name, bool matrix);

  std::int64_t n() const { return n_; }
  std::int64_t repeats() const { return repeats_; }
  double At(std::int64_t row, std::int64_t repeat = 0) const;
  bool OnlyZeroOne() const;  // or missing
  // In place where the array is contiguous float64, else copied into `buffer`.
  std::span<const double> Doubles(std::vector<double>& buffer) const;

  // Calls visit(pointer, case stride) with the element's own type.
  template <class Visit>
  auto VisitData(const Visit& visit) const {
    switch (type_) {
      case Type::kUint8:
        return visit(static_cast<const std::uint8_t*>(data_));
      case Type::kInt8:
        return visit(static_cast<const std::int8_t*>(data_));
      case Type::kInt16:
        return visit(static_cast<const std::int16_t*>(data_));
      case Type::kInt32:
        return visit(static_cast<const std::int32_t*>(data_));
      case Type::kInt64:
        return visit(static_cast<const std::int64_t*>(data_));
      case Type::kFloat:
        return visit(static_cast<const float*>(data_));
      case Type::kDouble:
        break;
    }
    return visit(static_cast<const double*>(data_));
  }
  std::int64_t stride() const { return stride_; }

 private:
  enum class Type { kUint8, kInt8, kInt16, kInt32, kInt64, kFloat, kDouble };

  Array array_;
  const void* data_ = nullptr;
  Type type_ = Type::kDouble;
  std::int64_t n_ = 0, repeats_ = 1;
  std::int64_t stride_ = 1, repeat_stride_ = 1;  // in elements
};

// Binary pairs counted in one pass, one run a side. Both must be 0 or 1 throughout; a missing score is an
// error here.
Result<stats::PairedCounts> CountPairs(const Column& incumbent, const Column& candidate);
// candidate - incumbent. Missing scores are an error.
Result<std::vector<double>> Differences(const Column& incumbent, const Column& candidate);

}  // namespace minslice::python

#endif  // MINSLICE_PYTHON_COLUMNS_H_
