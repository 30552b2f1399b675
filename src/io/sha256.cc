#include "io/sha256.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "io/file_system.h"
#include "io/input_stream.h"

namespace minslice::io {

namespace {

// Blocks of one text that wait for the other one. Enough for a thread to be away for its turn on the
// processor.
constexpr std::size_t kMostWaiting = 24;

std::string Hex(const unsigned char* bytes, std::size_t size) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text(2 * size, '0');
  for (std::size_t i = 0; i < size; ++i) {
    text[2 * i] = kHex[bytes[i] >> 4];
    text[2 * i + 1] = kHex[bytes[i] & 15];
  }
  return text;
}

}  // namespace

void Sha256Pair::Join(Text& text) {
  const std::lock_guard lock(mutex_);
  texts_.push_back(&text);
}

void Sha256Pair::Leave(Text& text) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !text.busy_; });
  text.waiting_.clear();
  std::erase(texts_, &text);
}

void Sha256Pair::Add(Text& text, Block block, std::string_view bytes) {
  std::unique_lock lock(mutex_);
  text.waiting_.push_back({std::move(block), bytes});
  text.added_ += bytes.size();
  Work(lock, text, texts_.size() > 1 ? kMostWaiting : 0);
}

Block Sha256Pair::Spent(Text& text) {
  const std::lock_guard lock(mutex_);
  if (text.spent_.empty()) return {};
  Block block = std::move(text.spent_.back());
  text.spent_.pop_back();
  return block;
}

void Sha256Pair::Drain(Text& text) {
  std::unique_lock lock(mutex_);
  Work(lock, text, 0);
}

void Sha256Pair::Shorten(Text& text, std::size_t n) {
  Text::Waiting& first = text.waiting_.front();
  first.rest.remove_prefix(n);
  text.busy_ = false;
  if (!first.rest.empty()) return;
  text.spent_.push_back(std::move(first.block));
  text.waiting_.pop_front();
}

// Hashes until no more than `may_wait` blocks wait, and pairs of blocks while this text is ahead.
void Sha256Pair::Work(std::unique_lock<std::mutex>& lock, Text& own, std::size_t may_wait) {
  for (;;) {
    const bool must = own.waiting_.size() > may_wait;
    if (own.busy_) {
      if (!must) return;
      changed_.wait(lock, [&own] { return !own.busy_; });
      continue;
    }
    if (own.waiting_.empty()) return;
    const auto other = std::find_if(texts_.begin(), texts_.end(), [&](const Text* text) {
      return text != &own && !text->busy_ && !text->waiting_.empty() && (must || text->added_ <= own.added_);
    });
    if (other == texts_.end() && !must) return;
    Text* with = other == texts_.end() ? nullptr : *other;
    const std::string_view bytes = own.waiting_.front().rest;
    own.busy_ = true;
    if (with == nullptr) {
      lock.unlock();
      own.lane.Update(bytes);
      lock.lock();
      Shorten(own, bytes.size());
    } else {
      const std::string_view others = with->waiting_.front().rest;
      const std::size_t n = std::min(bytes.size(), others.size());
      with->busy_ = true;
      lock.unlock();
      Sha256Lane::UpdateBoth(own.lane, bytes.substr(0, n), with->lane, others.substr(0, n));
      lock.lock();
      Shorten(own, n);
      Shorten(*with, n);
    }
    changed_.notify_all();
  }
}

struct Sha256::State {
  Sha256Pair* pair;  // null: OpenSSL's
  Sha256Pair::Text text;
  EVP_MD_CTX* context = nullptr;
  bool joined = false;

  explicit State(Sha256Pair* with) : pair(Sha256Lane::Available() ? with : nullptr) {
    if (pair != nullptr) {
      pair->Join(text);
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
    if (std::exchange(joined, false)) pair->Leave(text);
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
    state_->pair->Drain(state_->text);
    state_->text.lane.Update(bytes);
  } else {
    EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
  }
}

Block Sha256::Hand(Block block, std::string_view bytes) {
  if (state_->pair == nullptr) {
    Update(bytes);
    return block;
  }
  state_->pair->Add(state_->text, std::move(block), bytes);
  return state_->pair->Spent(state_->text);
}

std::string Sha256::HexDigest() {
  if (state_->pair != nullptr) {
    state_->pair->Drain(state_->text);
    state_->Leave();
    const auto digest = state_->text.lane.Digest();
    return Hex(digest.data(), digest.size());
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_DigestFinal_ex(state_->context, digest.data(), &size);
  return Hex(digest.data(), size);
}

std::string Sha256Hex(std::string_view bytes) {
  // Of a short text OpenSSL's own bookkeeping costs more than the hash.
  if (Sha256Lane::Available()) {
    Sha256Lane lane;
    lane.Update(bytes);
    const auto digest = lane.Digest();
    return Hex(digest.data(), digest.size());
  }
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
