// What the rows of one side add up to beside their grades: who answered them, what they cost, how long they
// took.
#ifndef MINSLICE_REDUCE_SIDE_SUMS_H_
#define MINSLICE_REDUCE_SIDE_SUMS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/diagnostics.h"
#include "log/row_sums.h"
#include "minslice/case_counts.h"
#include "minslice/record.h"

namespace minslice::reduce {

// False where a sum leaves 64 bits.
bool AddTo(std::int64_t& sum, std::int64_t value);
// `offset`: what is added to the repeats of `rows`.
bool AddTo(std::vector<std::int64_t>& by_repeat, const std::vector<std::int64_t>& rows, int offset = 0);
bool AddTo(std::optional<std::int64_t>& sum, const std::optional<std::int64_t>& value);
bool AddSide(CountedSide& sum, const CountedSide& part, int offset = 0);

// What the run records of a side's logs say together. They are of one run (pair::CheckOneRun).
void JoinRun(RunRecord& run, const RunRecord& other);

// Sums over the rows of one log.
class RowSums {
 public:
  RowSums(CountedSide& side, int offset) : side_(side), offset_(offset) {}

  void Add(const log::RowUsage& row, int repeat, bool segments, bool cluster, bool prompt);
  bool fits() const { return fits_; }

 private:
  CountedSide& side_;
  int offset_;
  CountedAnswers* last_ = nullptr;
  std::string_view last_name_;
  // Where the class of a latency is counted, for the classes that came last.
  struct Place {
    std::int64_t at = -1;
    std::int64_t* rows = nullptr;
  };
  static constexpr std::size_t kPlaces = 4096;  // 2^12: twelve bits of a hash
  std::vector<Place> places_ = std::vector<Place>(kPlaces);
  bool fits_ = true;
};

// `offsets`: what is added to the repeats of each log.
bool SumRows(std::span<const RunLog> logs, std::span<const int> offsets, CountedSide& side);

// What no counts can be made of: scores and costs that do not fit, and the like.
void CheckSides(const CaseCounts& counts, io::Diagnostics& diagnostics);

}  // namespace minslice::reduce

#endif  // MINSLICE_REDUCE_SIDE_SUMS_H_
