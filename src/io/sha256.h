// SHA-256 as lower-case hex: the name of a log, a suite, a prompt.
#ifndef MINSLICE_IO_SHA256_H_
#define MINSLICE_IO_SHA256_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "io/sha256_lanes.h"
#include "minslice/result.h"

namespace minslice::io {

// Two threads that hash a file each, together: whoever comes second with a block does the work of both, which
// costs little more than that of one where the processor has instructions for it. Neither waits for long.
class Sha256Pair {
 public:
  void Join();
  void Leave();
  void Update(Sha256Lane& lane, std::string_view bytes);  // between Join and Leave

 private:
  struct Waiting {
    Sha256Lane* lane;
    std::string_view bytes;
    bool done = false;
  };
  std::mutex mutex_;
  std::condition_variable changed_;
  Waiting* waiting_ = nullptr;
  int joined_ = 0;
};

class Sha256 {
 public:
  Sha256();
  // `pair`, where there is one, outlives the object.
  explicit Sha256(Sha256Pair* pair);
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void Update(std::string_view bytes);
  std::string HexDigest();  // once; the object is spent after it

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string Sha256Hex(std::string_view bytes);
// Of what a zstd file holds, so that a log keeps its name when it is compressed.
Result<std::string> Sha256OfFile(const std::string& path);

}  // namespace minslice::io

#endif  // MINSLICE_IO_SHA256_H_
