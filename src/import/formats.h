// The formats' functions, for the table in import.cc. See Format::read.
#ifndef MINSLICE_IMPORT_FORMATS_H_
#define MINSLICE_IMPORT_FORMATS_H_

#include <cstddef>
#include <span>
#include <string>

#include "import/import.h"

namespace minslice::import {

inline constexpr std::size_t kLongestLine = std::size_t{64} << 20U;  // bytes of one row
inline constexpr const char* kJsonList =
    "a JSON list, where one object a line is expected: jq -c '.[]' FILE makes lines of it";
inline constexpr const char* kCutFrame = "its zstd data end within a frame: the file is not whole";

Result<ImportedRun> ReadJsonl(std::span<const std::string> paths, const Options& options,
                              io::FileSystem& files);
Result<ImportedRun> ReadCsv(std::span<const std::string> paths, const Options& options,
                            io::FileSystem& files);
Result<ImportedRun> ReadLmEval(std::span<const std::string> paths, const Options& options,
                               io::FileSystem& files);
Result<ImportedRun> ReadInspect(std::span<const std::string> paths, const Options& options,
                                io::FileSystem& files);
Result<ImportedRun> ReadPromptfoo(std::span<const std::string> paths, const Options& options,
                                  io::FileSystem& files);
Result<ImportedRun> ReadNemo(std::span<const std::string> paths, const Options& options,
                             io::FileSystem& files);

}  // namespace minslice::import

#endif  // MINSLICE_IMPORT_FORMATS_H_
