#include "io/sha256.h"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

#include "io/file_system.h"
#include "io/input_stream.h"

namespace minslice::io {

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  // Fails only where the library lacks SHA-256 or memory is out: nothing can go on then.
  if (state_->context == nullptr || EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("the SHA-256 of the OpenSSL library is not available");
  }
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::Update(std::string_view bytes) { EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()); }

std::string Sha256::HexDigest() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_DigestFinal_ex(state_->context, digest.data(), &size);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * std::size_t{size});
  for (unsigned int i = 0; i < size; ++i) {
    text.push_back(kHex[digest[i] >> 4]);
    text.push_back(kHex[digest[i] & 15]);
  }
  return text;
}

std::string Sha256Hex(std::string_view bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.HexDigest();
}

Result<std::string> Sha256OfFile(const std::string& path) {
  auto stream = PlainStream::Open(RealFileSystem(), path);
  if (!stream) return tl::unexpected(stream.error());
  Sha256 hash;
  std::string block(1 << 18, '\0');
  for (;;) {
    const auto n = (*stream)->Read(block.data(), block.size());
    if (!n) return tl::unexpected(n.error());
    if (*n == 0) return hash.HexDigest();
    hash.Update({block.data(), *n});
  }
}

}  // namespace minslice::io
