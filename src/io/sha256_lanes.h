// SHA-256 by the processor's own instructions, of one text or of two at once. One computation waits for its
// own last step most of the time; a second one fills the gaps.
#ifndef MINSLICE_IO_SHA256_LANES_H_
#define MINSLICE_IO_SHA256_LANES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace minslice::io {

class Sha256Lane {
 public:
  static bool Available();  // else nothing of this may be called

  void Update(std::string_view bytes);
  std::array<unsigned char, 32> Digest();  // once, at the end
  // The same as Update on each.
  static void UpdateBoth(Sha256Lane& a, std::string_view bytes_of_a, Sha256Lane& b,
                         std::string_view bytes_of_b);

 private:
  static constexpr std::size_t kBlock = 64;
  // Completes a block that was begun; `bytes` becomes what is left.
  void FillBlock(std::string_view& bytes);
  void Keep(std::string_view rest);

  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<char, kBlock> begun_{};
  std::size_t n_begun_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace minslice::io

#endif  // MINSLICE_IO_SHA256_LANES_H_
