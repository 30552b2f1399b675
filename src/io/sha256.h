// SHA-256 as lower-case hex: the name of a log, a suite, a prompt.
#ifndef MINSLICE_IO_SHA256_H_
#define MINSLICE_IO_SHA256_H_

#include <memory>
#include <string>
#include <string_view>

#include "minslice/result.h"

namespace minslice::io {

class Sha256 {
 public:
  Sha256();
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
