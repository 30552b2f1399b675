#include "io/input_stream.h"

#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace minslice::io {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 18U;
constexpr std::size_t kLineBuffer = std::size_t{1} << 18U;  // stays in the cache of one core
constexpr int kMostWindow = 27;                             // 128 MiB, zstd's own bound

class Through final : public PlainStream {
 public:
  Through(std::unique_ptr<InputStream> file, std::string head)
      : file_(std::move(file)), head_(std::move(head)) {
    file_size_ = file_->size();
  }
  Result<std::size_t> Read(char* to, std::size_t room) override {
    if (at_ < head_.size()) {
      const std::size_t n = std::min(room, head_.size() - at_);
      std::memcpy(to, head_.data() + at_, n);
      at_ += n;
      return n;
    }
    return file_->Read(to, room);
  }
  bool compressed() const override { return false; }
  bool cut() const override { return false; }

 private:
  std::unique_ptr<InputStream> file_;
  std::string head_;
  std::size_t at_ = 0;
};

class Unzstd final : public PlainStream {
 public:
  Unzstd(std::unique_ptr<InputStream> file, std::string head, std::string path)
      : file_(std::move(file)),
        path_(std::move(path)),
        block_(std::move(head)),
        context_(ZSTD_createDCtx(), ZSTD_freeDCtx) {
    file_size_ = file_->size();
    read_ = block_.size();
    in_ = {block_.data(), block_.size(), 0};
    if (context_) ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kMostWindow);
  }
  Result<std::size_t> Read(char* to, std::size_t room) override {
    if (!context_) return FailInternal("not enough memory to unpack " + path_);
    for (;;) {
      if (in_.pos == in_.size && !file_end_) {
        block_.resize(kBlock);
        auto n = file_->Read(block_.data(), block_.size());
        if (!n) return n;
        in_ = {block_.data(), *n, 0};
        read_ += *n;
        file_end_ = *n == 0;
      }
      if (in_.pos == in_.size && file_end_ && left_ == 0) return std::size_t{0};
      ZSTD_outBuffer out{to, room, 0};
      const std::size_t before = in_.pos;
      left_ = ZSTD_decompressStream(context_.get(), &out, &in_);
      if (ZSTD_isError(left_) != 0)
        return FailAt({path_}, std::string("its zstd data are damaged: ") + ZSTD_getErrorName(left_));
      made_ += out.pos;
      if (made_ > kBombFrom && made_ / kBombRatio > read_)
        return FailAt({path_}, "unpacks to more than 1000 times its size: refused as a zstd bomb");
      if (out.pos > 0) return out.pos;
      if (file_end_ && in_.pos == before) {
        cut_ = true;
        return std::size_t{0};
      }
    }
  }
  bool compressed() const override { return true; }
  bool cut() const override { return cut_; }

 private:
  std::unique_ptr<InputStream> file_;
  std::string path_, block_;
  std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context_;
  ZSTD_inBuffer in_{};
  std::uint64_t read_ = 0, made_ = 0;
  std::size_t left_ = 0;
  bool file_end_ = false, cut_ = false;
};

class ViewInput final : public InputStream {
 public:
  explicit ViewInput(std::string_view bytes) : rest_(bytes), size_(static_cast<std::int64_t>(bytes.size())) {}
  Result<std::size_t> Read(char* to, std::size_t room) override {
    const std::size_t n = std::min(room, rest_.size());
    std::memcpy(to, rest_.data(), n);
    rest_.remove_prefix(n);
    return n;
  }
  std::int64_t size() const override { return size_; }

 private:
  std::string_view rest_;
  std::int64_t size_;
};

}  // namespace

bool LooksLikeZstd(std::string_view bytes) { return bytes.size() >= 4 && BeginsLikeZstd(bytes); }

bool BeginsLikeZstd(std::string_view bytes) {
  const std::string_view magic = "\x28\xb5\x2f\xfd";
  return bytes.substr(0, magic.size()) == magic.substr(0, bytes.size());
}

bool NamesZstd(std::string_view path) { return path.ends_with(".zst"); }

std::string CompressZstd(std::string_view bytes, int level) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), level));
  return out;
}

std::unique_ptr<PlainStream> PlainStream::OfText(std::string_view bytes, const std::string& path) {
  auto input = std::make_unique<ViewInput>(bytes);
  if (LooksLikeZstd(bytes)) return std::make_unique<Unzstd>(std::move(input), "", path);
  return std::make_unique<Through>(std::move(input), "");
}

Result<std::unique_ptr<PlainStream>> PlainStream::Open(FileSystem& files, const std::string& path) {
  auto file = files.OpenInput(path);
  if (!file) return tl::unexpected(file.error());
  std::string head(4, '\0');
  std::size_t size = 0;
  while (size < head.size()) {
    const auto n = (*file)->Read(head.data() + size, head.size() - size);
    if (!n) return tl::unexpected(n.error());
    if (*n == 0) break;
    size += *n;
  }
  head.resize(size);
  if (LooksLikeZstd(head)) return std::make_unique<Unzstd>(std::move(*file), std::move(head), path);
  return std::make_unique<Through>(std::move(*file), std::move(head));
}

Result<std::string> ReadPlain(FileSystem& files, const std::string& path, const PlainOptions& options) {
  const std::size_t slack = options.slack, limit = options.limit;
  auto stream = PlainStream::Open(files, path);
  if (!stream) return tl::unexpected(stream.error());
  std::string text;
  const auto expected = static_cast<std::size_t>((*stream)->file_size());
  if (expected > limit)
    return FailAt({path}, "larger than " + std::to_string(limit >> 20U) + " MiB: not read");
  try {
    text.reserve(expected + slack + 1);
    for (;;) {
      const std::size_t at = text.size();
      // Behind the last byte that was expected, what is left shows that there is none more.
      const std::size_t left = text.capacity() - at;
      const std::size_t room =
          at == expected && left > 0 ? left : std::max(kBlock, std::min(left, std::size_t{1} << 24U));
      text.resize(at + room);
      const auto n = (*stream)->Read(text.data() + at, room);
      if (!n) return tl::unexpected(n.error());
      text.resize(at + *n);
      if (*n == 0) break;
      if (text.size() > limit)
        return FailAt({path}, "larger than " + std::to_string(limit >> 20U) + " MiB: not read");
    }
    text.reserve(text.size() + slack);
    if (options.cut != nullptr) *options.cut = (*stream)->cut();
  } catch (const std::bad_alloc&) {
    return FailInternal(path + ": not enough memory to read it whole");
  }
  return text;
}

LineSource::LineSource(PlainStream& stream, std::string path, std::size_t longest, Sha256* hash)
    : stream_(stream), path_(std::move(path)), longest_(longest), hash_(hash) {
  std::size_t capacity = std::min(kLineBuffer, longest_ + 1);
  // A line alone, as repair reads them, needs no block.
  if (const auto size = static_cast<std::size_t>(stream.file_size()); size > 0 && !stream.compressed())
    capacity = std::min(capacity, size + 1);
  TurnOver(capacity);
}

// Goes on in another block, with what of this one is no whole line.
void LineSource::TurnOver(std::size_t capacity) {
  Block next = std::move(spare_);
  if (next.bytes == nullptr || next.capacity < capacity)
    next = {std::make_unique_for_overwrite<char[]>(capacity + kLineSlack), capacity};
  const std::size_t kept = end_ - begin_;
  if (kept > 0) std::memcpy(next.bytes.get(), buffer_.bytes.get() + begin_, kept);
  if (hash_ != nullptr && end_ > hashed_) {
    const std::string_view bytes(buffer_.bytes.get() + hashed_, end_ - hashed_);
    spare_ = hash_->Hand(std::move(buffer_), bytes);
  } else {
    spare_ = std::move(buffer_);
  }
  buffer_ = std::move(next);
  begin_ = 0;
  end_ = hashed_ = kept;
}

Result<bool> LineSource::Fill() {
  if (at_end_) return false;
  if (end_ == buffer_.capacity) {
    const bool grow = end_ - begin_ > buffer_.capacity / 2;
    TurnOver(grow ? std::min(buffer_.capacity * 2, longest_ + 1) : buffer_.capacity);
  }
  const auto n = stream_.Read(buffer_.bytes.get() + end_, buffer_.capacity - end_);
  if (!n) return tl::unexpected(n.error());
  if (*n == 0) {
    at_end_ = true;
    if (hash_ != nullptr && end_ > hashed_) hash_->Update({buffer_.bytes.get() + hashed_, end_ - hashed_});
    hashed_ = end_;
    return false;
  }
  read_ += *n;
  end_ += *n;
  std::memset(buffer_.bytes.get() + end_, 0, kLineSlack);
  return true;
}

std::string LineSource::Head(std::size_t most) const {
  return {buffer_.bytes.get() + last_, std::min(most, end_ - last_)};
}

Result<std::optional<std::string_view>> LineSource::Next() {
  for (;;) {
    const char* from = buffer_.bytes.get() + begin_;
    const auto* newline =
        static_cast<const char*>(std::memchr(from + searched_, '\n', end_ - begin_ - searched_));
    if (newline != nullptr) {
      const auto size = static_cast<std::size_t>(newline - from);
      last_ = begin_;
      begin_ += size + 1;
      searched_ = 0;
      ++line_;
      terminated_ = true;
      return std::string_view(from, size);
    }
    searched_ = end_ - begin_;
    if (searched_ > longest_) {
      return FailAt({path_, static_cast<int>(line_ + 1), 0},
                    "a line of more than " + std::to_string(longest_ >> 20U) + " MiB: not read");
    }
    const auto more = Fill();
    if (!more) return tl::unexpected(more.error());
    if (*more) continue;
    if (begin_ == end_) return std::optional<std::string_view>();
    const std::string_view rest(buffer_.bytes.get() + begin_, end_ - begin_);
    last_ = begin_;
    begin_ = end_;
    searched_ = 0;
    ++line_;
    terminated_ = false;
    return rest;
  }
}

}  // namespace minslice::io
