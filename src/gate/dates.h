// Days, as policy files and logs write them. The gate has no clock: what is old is old by the log's own date.
#ifndef MINSLICE_GATE_DATES_H_
#define MINSLICE_GATE_DATES_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "minslice/record.h"

namespace minslice::gate {

// Days since 1970-01-01 of "2026-11-21", or of the date that an RFC 3339 time begins with.
std::optional<std::int64_t> DayOf(std::string_view text);
std::string DayText(std::int64_t day);  // "2026-11-21"

// The latest day on which one of the logs began; nullopt where none says.
std::optional<std::int64_t> RunDay(std::span<const RunLog> logs);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_DATES_H_
