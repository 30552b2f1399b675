// Files that appear whole or not at all, alone or several together.
#ifndef MINSLICE_IO_STAGED_FILE_H_
#define MINSLICE_IO_STAGED_FILE_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/posix_file.h"
#include "minslice/result.h"

namespace minslice::io {

// The bytes lie in a temporary file in the target's folder, synced; Commit gives it its name, the destructor
// of one that was not committed removes it. Through a symbolic link what it points to is replaced, the link
// stays. What is no regular file (a pipe, /dev/stdout) is written to by Commit as it stands.
class StagedFile {
 public:
  static Result<StagedFile> Write(const std::string& path, std::string_view bytes);
  // The same in pieces: Append as often as needed, then Commit. What is no regular file gets the bytes as
  // they come.
  static Result<StagedFile> Open(const std::string& path);
  Result<void> Append(std::string_view bytes);
  StagedFile(StagedFile&& other) noexcept;
  StagedFile& operator=(StagedFile&&) = delete;
  ~StagedFile();

  Result<void> Commit();

 private:
  StagedFile(std::string path, std::string target) : path_(std::move(path)), target_(std::move(target)) {}
  Result<void> Seal();  // synced and closed

  std::string path_;       // as the user named it, for messages
  std::string target_;     // where links lead
  std::string temporary_;  // empty: committed, or no regular file
  std::string special_;    // bytes for what is no regular file
  Descriptor fd_{-1};      // while it is written in pieces
};

struct PendingFile {
  std::string path;
  std::string bytes;
};

// All are staged before the first gets its name: an error on the way (a full disk, a folder in the place of a
// file) leaves what was there. The last file is renamed last, so that one that names the others comes last.
Result<void> WriteTogether(std::span<const PendingFile> files);

// Both exist and are one file (device and inode): by another name, a hard or symbolic link.
bool SameFile(const std::string& a, const std::string& b);

// Moves those of the named files that stand in `folder` into folder/subfolder, over what is there. Gives the
// names that were moved.
Result<std::vector<std::string>> MoveAside(const std::string& folder, std::span<const std::string> names,
                                           const std::string& subfolder);

}  // namespace minslice::io

#endif  // MINSLICE_IO_STAGED_FILE_H_
