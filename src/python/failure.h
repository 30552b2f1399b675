// How expected failures reach Python: as minslice.InputError, InternalError or Undefined, with the command's
// words.
#ifndef MINSLICE_PYTHON_FAILURE_H_
#define MINSLICE_PYTHON_FAILURE_H_

#include <exception>
#include <utility>

#include "minslice/estimate.h"
#include "minslice/result.h"

namespace minslice::python {

struct FailureError : std::exception {
  explicit FailureError(Failure f) : failure(std::move(f)) {}
  Failure failure;
};

struct UndefinedError : std::exception {
  explicit UndefinedError(Reason r) : reason(std::move(r)) {}
  Reason reason;
};

template <class T>
T Unwrap(Result<T> result) {
  if (!result) throw FailureError(std::move(result.error()));
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

template <class T>
T Unwrap(Computed<T> computed) {
  if (!computed) throw UndefinedError(std::move(computed.error()));
  return *std::move(computed);
}

}  // namespace minslice::python

#endif  // MINSLICE_PYTHON_FAILURE_H_
