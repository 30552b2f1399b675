#include "io/folder.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace minslice::io {

bool IsFolder(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

Result<std::vector<std::string>> FilesIn(const std::string& folder) {
  std::error_code error;
  std::filesystem::directory_iterator entries(folder, error);
  if (error) return FailAt({folder, 0, 0}, "cannot be listed: " + error.message());
  std::vector<std::string> names;
  for (; entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    if (error) return FailAt({folder, 0, 0}, "cannot be listed: " + error.message());
    std::error_code kind;
    if (entries->is_regular_file(kind)) names.push_back(entries->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace minslice::io
