// What a log says of itself in its first and last lines, and its hash; the rows between are not looked at.
#ifndef MINSLICE_LOG_LOG_FRAME_H_
#define MINSLICE_LOG_LOG_FRAME_H_

#include <string>

#include "minslice/record.h"
#include "minslice/result.h"

namespace minslice::log {

// RunLog without its rows.
Result<RunLog> ReadFrame(const std::string& path);

}  // namespace minslice::log

#endif  // MINSLICE_LOG_LOG_FRAME_H_
