// Format: PKWARE APPNOTE 6.3.10: local headers with data, the central directory, its end record (zip64 too).
#include "import/zip_reader.h"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <unordered_map>

#include "io/nearest_name.h"

namespace minslice::import {
namespace {

constexpr std::uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50, kEnd64 = 0x06064b50,
                        kLocator64 = 0x07064b50;
constexpr std::size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22, kLocator64Size = 20, kEnd64Size = 56;
constexpr std::uint64_t kIn64 = 0xffffffff;  // the field stands in the zip64 extra

std::uint64_t Number(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

bool Is(std::string_view bytes, std::size_t at, std::uint32_t signature) {
  return at + 4 <= bytes.size() && Number(bytes, at, 4) == signature;
}

// Replaces those of `fields` that are kIn64 by the zip64 extra's values, in its order.
bool Widen(std::string_view extra, std::vector<std::uint64_t*> fields) {
  const bool needed =
      std::any_of(fields.begin(), fields.end(), [](const std::uint64_t* f) { return *f == kIn64; });
  if (!needed) return true;
  for (std::size_t at = 0; at + 4 <= extra.size();) {
    const std::size_t size = Number(extra, at + 2, 2);
    if (at + 4 + size > extra.size()) return false;
    if (Number(extra, at, 2) == 1) {
      std::size_t value = at + 4;
      for (std::uint64_t* field : fields) {
        if (*field != kIn64) continue;
        if (value + 8 > at + 4 + size) return false;
        *field = Number(extra, value, 8);
        value += 8;
      }
      return true;
    }
    at += 4 + size;
  }
  return false;
}

struct LocalHeader {
  ZipEntry entry;
  std::size_t end = 0;  // of the entry's data
  bool sized = true;    // the size stands in the header
};

std::optional<LocalHeader> ReadLocal(std::string_view bytes, std::size_t at) {
  if (at > bytes.size() || bytes.size() - at < kLocalSize || !Is(bytes, at, kLocal)) return std::nullopt;
  const std::size_t name_size = Number(bytes, at + 26, 2), extra_size = Number(bytes, at + 28, 2);
  if (bytes.size() - at - kLocalSize < name_size + extra_size) return std::nullopt;
  LocalHeader header;
  const std::uint64_t flags = Number(bytes, at + 6, 2);
  std::uint64_t size = Number(bytes, at + 22, 4), compressed = Number(bytes, at + 18, 4);
  if (!Widen(bytes.substr(at + kLocalSize + name_size, extra_size), {&size, &compressed}))
    return std::nullopt;
  header.entry.name = bytes.substr(at + kLocalSize, name_size);
  header.entry.method = static_cast<int>(Number(bytes, at + 8, 2));
  header.entry.crc32 = static_cast<std::uint32_t>(Number(bytes, at + 14, 4));
  header.entry.encrypted = (flags & 1U) != 0;
  header.entry.data_offset = at + kLocalSize + name_size + extra_size;
  header.entry.compressed_size = compressed;
  header.sized = (flags & 8U) == 0;
  header.end = header.entry.data_offset + compressed;
  return header;
}

// The directory at the end, or nullopt where there is no whole one.
std::optional<std::vector<ZipEntry>> ReadDirectory(std::string_view bytes) {
  if (bytes.size() < kEndSize) return std::nullopt;
  const std::size_t lowest = bytes.size() > kEndSize + 65535 ? bytes.size() - kEndSize - 65535 : 0;
  std::size_t end = bytes.size() - kEndSize;
  while (!Is(bytes, end, kEnd)) {
    if (end == lowest) return std::nullopt;
    --end;
  }
  std::uint64_t count = Number(bytes, end + 10, 2), size = Number(bytes, end + 12, 4),
                offset = Number(bytes, end + 16, 4);
  if ((count == 0xffff || size == kIn64 || offset == kIn64) && end >= kLocator64Size &&
      Is(bytes, end - kLocator64Size, kLocator64)) {
    const std::uint64_t at = Number(bytes, end - kLocator64Size + 8, 8);
    if (at > bytes.size() || bytes.size() - at < kEnd64Size || !Is(bytes, at, kEnd64)) return std::nullopt;
    count = Number(bytes, at + 32, 8);
    size = Number(bytes, at + 40, 8);
    offset = Number(bytes, at + 48, 8);
  }
  if (offset > bytes.size() || size > bytes.size() - offset || count > size / kCentralSize)
    return std::nullopt;
  std::vector<ZipEntry> entries;
  std::size_t at = offset;
  const std::size_t directory_end = offset + size;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (directory_end - at < kCentralSize || !Is(bytes, at, kCentral)) return std::nullopt;
    const std::size_t name_size = Number(bytes, at + 28, 2), extra_size = Number(bytes, at + 30, 2),
                      comment_size = Number(bytes, at + 32, 2);
    if (directory_end - at - kCentralSize < name_size + extra_size + comment_size) return std::nullopt;
    std::uint64_t plain = Number(bytes, at + 24, 4), compressed = Number(bytes, at + 20, 4),
                  local = Number(bytes, at + 42, 4);
    if (!Widen(bytes.substr(at + kCentralSize + name_size, extra_size), {&plain, &compressed, &local}))
      return std::nullopt;
    const auto header = ReadLocal(bytes, local);
    if (!header || compressed > bytes.size() - header->entry.data_offset) return std::nullopt;
    ZipEntry entry = header->entry;
    entry.name = bytes.substr(at + kCentralSize, name_size);
    entry.method = static_cast<int>(Number(bytes, at + 10, 2));
    entry.crc32 = static_cast<std::uint32_t>(Number(bytes, at + 16, 4));
    entry.compressed_size = compressed;
    entries.push_back(std::move(entry));
    at += kCentralSize + name_size + extra_size + comment_size;
  }
  return entries;
}

// What a killed writer left: whole entries from the front until one is cut.
std::vector<ZipEntry> Recover(std::string_view bytes) {
  std::vector<ZipEntry> entries;
  for (std::size_t at = 0;;) {
    auto header = ReadLocal(bytes, at);
    if (!header || !header->sized || header->entry.compressed_size > bytes.size() - header->entry.data_offset)
      return entries;
    at = header->end;
    entries.push_back(std::move(header->entry));
  }
}

// Appends up to the bound; false beyond it.
class Growing {
 public:
  Growing(std::size_t compressed, std::size_t slack) : slack_(slack) {
    bound_ = std::min(kZipEntryLimit, std::max(kZipRatioFrom, compressed < kZipEntryLimit / kZipRatioLimit
                                                                  ? compressed * kZipRatioLimit
                                                                  : kZipEntryLimit));
  }
  bool Append(const char* data, std::size_t size) {
    if (size > bound_ - text_.size()) return false;
    text_.append(data, size);
    return true;
  }
  std::string Take() {
    text_.reserve(text_.size() + slack_);
    return std::move(text_);
  }
  const std::string& text() const { return text_; }

 private:
  std::size_t bound_ = 0, slack_;
  std::string text_;
};

enum class Unpacked { kGood, kBroken, kBomb };

Unpacked Inflate(std::string_view data, Growing& out) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return Unpacked::kBroken;
  const std::unique_ptr<z_stream, int (*)(z_stream*)> closer(&stream, inflateEnd);
  std::string block(std::size_t{1} << 16U, '\0');
  int code = Z_OK;
  while (code == Z_OK) {
    if (stream.avail_in == 0) {
      const std::size_t part = std::min<std::size_t>(data.size(), std::size_t{1} << 30U);
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
      stream.avail_in = static_cast<uInt>(part);
      data.remove_prefix(part);
    }
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    code = inflate(&stream, Z_NO_FLUSH);
    const std::size_t made = block.size() - stream.avail_out;
    if (!out.Append(block.data(), made)) return Unpacked::kBomb;
    if (code == Z_OK && made == 0 && stream.avail_in == 0 && data.empty()) return Unpacked::kBroken;
  }
  return code == Z_STREAM_END ? Unpacked::kGood : Unpacked::kBroken;
}

Unpacked Decompress(std::string_view data, Growing& out) {
  const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (!context) return Unpacked::kBroken;
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, 27);  // 128 MiB, zstd's own bound
  std::string block(ZSTD_DStreamOutSize(), '\0');
  ZSTD_inBuffer in{data.data(), data.size(), 0};
  std::size_t left = 0;
  for (;;) {
    ZSTD_outBuffer to{block.data(), block.size(), 0};
    const std::size_t before = in.pos;
    left = ZSTD_decompressStream(context.get(), &to, &in);  // goes on with the next frame
    if (ZSTD_isError(left) != 0) return Unpacked::kBroken;
    if (!out.Append(block.data(), to.pos)) return Unpacked::kBomb;
    if (in.pos == in.size && to.pos < to.size) break;
    if (in.pos == before && to.pos == 0) return Unpacked::kBroken;
  }
  return left == 0 ? Unpacked::kGood : Unpacked::kBroken;
}

}  // namespace

bool LooksLikeZip(std::string_view bytes) { return Is(bytes, 0, kLocal) || Is(bytes, 0, kEnd); }

Result<ZipArchive> OpenZip(std::string_view bytes, const std::string& path) {
  ZipArchive archive;
  auto entries = ReadDirectory(bytes);
  archive.recovered = !entries;
  if (!entries) entries = Recover(bytes);
  std::size_t total = 0;
  std::unordered_map<std::string, std::size_t> last;
  for (std::size_t i = 0; i < entries->size(); ++i) last[(*entries)[i].name] = i;
  for (std::size_t i = 0; i < entries->size(); ++i) {
    total += (*entries)[i].compressed_size;
    if (total > bytes.size()) return FailAt({path, 0, 0}, "the zip's entries overlap: not read");
    if (last[(*entries)[i].name] == i) archive.entries.push_back(std::move((*entries)[i]));
  }
  return archive;
}

Result<std::string> ReadZipEntry(std::string_view bytes, const ZipEntry& entry, const std::string& path,
                                 std::size_t slack) {
  const auto fail = [&](const std::string& text) {
    return FailAt({path, 0, 0}, fmt::format("zip entry {}: {}", io::Quoted(entry.name), text));
  };
  if (entry.encrypted) return fail("is encrypted");
  if (entry.data_offset > bytes.size() || entry.compressed_size > bytes.size() - entry.data_offset)
    return fail("is cut off");
  const std::string_view data = bytes.substr(entry.data_offset, entry.compressed_size);
  Growing out(data.size(), slack);
  Unpacked unpacked = Unpacked::kBroken;
  if (entry.method == 0) {
    unpacked = out.Append(data.data(), data.size()) ? Unpacked::kGood : Unpacked::kBomb;
  } else if (entry.method == 8) {
    unpacked = Inflate(data, out);
  } else if (entry.method == 93) {
    unpacked = Decompress(data, out);
  } else {
    return fail(fmt::format("compression method {}; 0, 8 (deflate) and 93 (zstd) are read", entry.method));
  }
  if (unpacked == Unpacked::kBomb) {
    return fail(fmt::format("grows beyond {} MiB or {} times its size: refused as a zip bomb",
                            kZipEntryLimit >> 20U, kZipRatioLimit));
  }
  if (unpacked == Unpacked::kBroken) return fail("its compressed data are damaged");
  const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(out.text().data()), out.text().size());
  if (crc != entry.crc32) return fail("its CRC-32 does not fit: damaged");
  return out.Take();
}

}  // namespace minslice::import
