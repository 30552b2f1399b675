// SHA-256 as lower-case hex: the name of a log, a suite, a prompt.
#ifndef MINSLICE_IO_SHA256_H_
#define MINSLICE_IO_SHA256_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "io/sha256_lanes.h"
#include "minslice/result.h"

namespace minslice::io {

// A piece of memory that is filled, handed on and filled again.
struct Block {
  std::unique_ptr<char[]> bytes;
  std::size_t capacity = 0;
};

// Threads that hash a text each, together: the blocks of two texts are hashed in turn, step by step, which
// costs little more than those of one where the processor has instructions for it. Whose text is further on
// does the work of both; blocks wait until then, up to a bound, and nobody waits for the other.
class Sha256Pair {
 public:
  // One text. Between Join and Leave; Add and Drain by the thread that joined.
  class Text {
   public:
    Sha256Lane lane;

   private:
    friend class Sha256Pair;
    struct Waiting {
      Block block;
      std::string_view rest;  // of the block, not yet hashed
    };
    std::deque<Waiting> waiting_;
    std::vector<Block> spent_;
    std::uint64_t added_ = 0;
    bool busy_ = false;  // a thread is at the first blocks that wait
  };

  void Join(Text& text);
  void Leave(Text& text);  // what waits is forgotten
  void Add(Text& text, Block block, std::string_view bytes);
  Block Spent(Text& text);  // one that was added and is hashed; without bytes: there is none
  void Drain(Text& text);   // returns when nothing waits

 private:
  void Work(std::unique_lock<std::mutex>& lock, Text& own, std::size_t may_wait);
  static void Shorten(Text& text, std::size_t n);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Text*> texts_;
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
  // The same for bytes of a block that is no longer needed, sooner or later. Gives a block to be filled, or
  // one without bytes.
  Block Hand(Block block, std::string_view bytes);
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
