#include "io/zstd_stream.h"

#include <zstd.h>

#include <new>

namespace minslice::io {

struct ZstdEncoder::State {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  std::string out;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { ZSTD_freeCCtx(context); }

  std::string_view Run(std::string_view bytes, ZSTD_EndDirective how) {
    out.clear();
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    for (;;) {
      const std::size_t at = out.size();
      out.resize(at + ZSTD_CStreamOutSize());
      ZSTD_outBuffer room{out.data() + at, out.size() - at, 0};
      const std::size_t left = ZSTD_compressStream2(context, &room, &in, how);
      // Of memory to memory, only its lack can fail.
      if (ZSTD_isError(left) != 0) throw std::bad_alloc();
      out.resize(at + room.pos);
      if (how == ZSTD_e_end ? left == 0 : in.pos == in.size) return out;
    }
  }
};

ZstdEncoder::ZstdEncoder(int level) : state_(std::make_unique<State>()) {
  if (state_->context == nullptr) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(state_->context, ZSTD_c_compressionLevel, level);
}
ZstdEncoder::~ZstdEncoder() = default;

std::string_view ZstdEncoder::Add(std::string_view bytes) { return state_->Run(bytes, ZSTD_e_continue); }
std::string_view ZstdEncoder::End() { return state_->Run({}, ZSTD_e_end); }

Result<WholeFrames> FindWholeFrames(FileSystem& files, const std::string& path, std::size_t longest) {
  const auto file = files.OpenInput(path);
  if (!file) return tl::unexpected(file.error());
  const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (!context) return FailInternal("not enough memory to unpack " + path);
  WholeFrames whole;
  std::string in_block(ZSTD_DStreamInSize(), '\0'), out_block(ZSTD_DStreamOutSize(), '\0');
  std::string first, last;  // as far as it is unpacked, with the frame that may be torn
  bool first_ended = false;
  std::int64_t before = 0;  // of the file, before the block
  for (;;) {
    const auto n = (*file)->Read(in_block.data(), in_block.size());
    if (!n) return tl::unexpected(n.error());
    if (*n == 0) return whole;
    ZSTD_inBuffer in{in_block.data(), *n, 0};
    for (bool more = true; more;) {
      ZSTD_outBuffer out{out_block.data(), out_block.size(), 0};
      const std::size_t left = ZSTD_decompressStream(context.get(), &out, &in);
      if (ZSTD_isError(left) != 0)
        return FailAt({path}, std::string("its zstd data are damaged: ") + ZSTD_getErrorName(left));
      const std::string_view made(out_block.data(), out.pos);
      if (!first_ended) {
        const std::size_t newline = made.find('\n');
        first += made.substr(0, newline);
        first_ended = newline != std::string_view::npos;
      }
      const std::size_t newline = made.rfind('\n');
      if (newline != std::string_view::npos) last.clear();
      last += made.substr(newline == std::string_view::npos ? 0 : newline + 1);
      if (last.size() > longest || first.size() > longest)
        return FailAt({path}, "a line of more than " + std::to_string(longest >> 20U) + " MiB: not read");
      if (left == 0) whole = {before + static_cast<std::int64_t>(in.pos), first, last};
      more = in.pos < in.size || out.pos == out.size;
    }
    before += static_cast<std::int64_t>(*n);
  }
}

}  // namespace minslice::io
