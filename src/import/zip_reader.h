// Zip archives whose entries are stored, deflated (method 8) or compressed with zstd (method 93, also several
// frames), as Inspect writes them. Nothing is extracted to disk, so names are only names.
#ifndef MINSLICE_IMPORT_ZIP_READER_H_
#define MINSLICE_IMPORT_ZIP_READER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "minslice/result.h"

namespace minslice::import {

struct ZipEntry {
  std::string name;
  int method = 0;
  std::uint32_t crc32 = 0;
  std::size_t data_offset = 0;
  std::size_t compressed_size = 0;
  bool encrypted = false;
};

struct ZipArchive {
  std::vector<ZipEntry> entries;  // the last of a name wins, in the order of the archive
  bool recovered = false;         // no whole directory at the end: found by their own headers
};

// An entry that grows beyond both is a zip bomb, not a log.
inline constexpr std::size_t kZipEntryLimit = std::size_t{512} << 20U;
inline constexpr std::size_t kZipRatioFrom = std::size_t{32} << 20U;  // bytes from which the ratio counts
inline constexpr std::size_t kZipRatioLimit = 1000;

bool LooksLikeZip(std::string_view bytes);
// Entries that overlap are refused.
Result<ZipArchive> OpenZip(std::string_view bytes, const std::string& path);
// The entry's bytes, their CRC checked; the string's capacity leaves `slack` bytes after its end.
Result<std::string> ReadZipEntry(std::string_view bytes, const ZipEntry& entry, const std::string& path,
                                 std::size_t slack = 0);

}  // namespace minslice::import

#endif  // MINSLICE_IMPORT_ZIP_READER_H_
