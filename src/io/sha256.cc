#include "io/sha256.h"

#include <openssl/evp.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "io/file_system.h"
#include "io/input_stream.h"

namespace minslice::io {

namespace {

// A block of half a megabyte takes some 0.3 ms: the other thread is nearly always there by then.
constexpr std::chrono::milliseconds kPatience{2};

std::string Hex(const unsigned char* bytes, std::size_t size) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * size);
  for (std::size_t i = 0; i < size; ++i) {
    text.push_back(kHex[bytes[i] >> 4]);
    text.push_back(kHex[bytes[i] & 15]);
  }
  return text;
}

}  // namespace

void Sha256Pair::Join() {
  const std::lock_guard lock(mutex_);
  ++joined_;
}

void Sha256Pair::Leave() {
  const std::lock_guard lock(mutex_);
  --joined_;
  changed_.notify_all();
}

void Sha256Pair::Update(Sha256Lane& lane, std::string_view bytes) {
  std::unique_lock lock(mutex_);
  if (waiting_ != nullptr) {
    Waiting& other = *std::exchange(waiting_, nullptr);
    lock.unlock();
    Sha256Lane::UpdateBoth(lane, bytes, *other.lane, other.bytes);
    lock.lock();
    other.done = true;
    changed_.notify_all();
    return;
  }
  if (joined_ > 1) {
    Waiting own{&lane, bytes};
    waiting_ = &own;
    changed_.wait_for(lock, kPatience, [&] { return own.done || joined_ < 2; });
    if (waiting_ != &own) {  // taken
      changed_.wait(lock, [&] { return own.done; });
      return;
    }
    waiting_ = nullptr;
  }
  lock.unlock();
  lane.Update(bytes);
}

struct Sha256::State {
  Sha256Pair* pair;  // null: OpenSSL's
  Sha256Lane lane;
  EVP_MD_CTX* context = nullptr;
  bool joined = false;

  explicit State(Sha256Pair* with) : pair(Sha256Lane::Available() ? with : nullptr) {
    if (pair != nullptr) {
      pair->Join();
      joined = true;
    } else {
      context = EVP_MD_CTX_new();
    }
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    Leave();
    EVP_MD_CTX_free(context);
  }
  void Leave() {
    if (std::exchange(joined, false)) pair->Leave();
  }
};

Sha256::Sha256(Sha256Pair* pair) : state_(std::make_unique<State>(pair)) {
  if (state_->pair != nullptr) return;
  // Fails only where the library lacks SHA-256 or memory is out: nothing can go on then.
  if (state_->context == nullptr || EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("the SHA-256 of the OpenSSL library is not available");
  }
}
Sha256::Sha256() : Sha256(nullptr) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::Update(std::string_view bytes) {
  if (state_->pair != nullptr) {
    state_->pair->Update(state_->lane, bytes);
  } else {
    EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
  }
}

std::string Sha256::HexDigest() {
  if (state_->pair != nullptr) {
    state_->Leave();
    const auto digest = state_->lane.Digest();
    return Hex(digest.data(), digest.size());
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_DigestFinal_ex(state_->context, digest.data(), &size);
  return Hex(digest.data(), size);
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
