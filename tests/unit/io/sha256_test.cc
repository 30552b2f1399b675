// SHA-256 of two files at once, against OpenSSL's of each.
#include "io/sha256.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace minslice::io {
namespace {

std::string RandomText(std::mt19937& random, std::size_t most) {
  std::string text(random() % most, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

std::string Hex(Sha256Lane& lane) {
  std::string hex;
  for (const unsigned char byte : lane.Digest()) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

TEST(Sha256, FipsExamples) {
  // FIPS 180-2, appendix B.
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256, TwoLanesGiveWhatOpenSslGives) {
  if (!Sha256Lane::Available()) GTEST_SKIP() << "this processor has no instructions for SHA-256";
  std::mt19937 random(1);
  for (int round = 0; round < 1000; ++round) {
    const std::string a = RandomText(random, 700), b = RandomText(random, 700);
    Sha256Lane of_a, of_b;
    for (std::size_t i = 0, j = 0; i < a.size() || j < b.size();) {
      const std::string_view part_a = std::string_view(a).substr(i, random() % 200),
                             part_b = std::string_view(b).substr(j, random() % 200);
      if (random() % 3 == 0) {
        of_a.Update(part_a);
        of_b.Update(part_b);
      } else {
        Sha256Lane::UpdateBoth(of_a, part_a, of_b, part_b);
      }
      i += part_a.size();
      j += part_b.size();
    }
    ASSERT_EQ(Hex(of_a), Sha256Hex(a));
    ASSERT_EQ(Hex(of_b), Sha256Hex(b));
  }
}

// Two threads with texts of any length, in blocks of any length; one ends long before the other.
TEST(Sha256, ThreadsThatHashTogether) {
  std::mt19937 random(2);
  Sha256Pair pair;
  for (int round = 0; round < 30; ++round) {
    std::vector<std::string> texts = {RandomText(random, 300000), RandomText(random, 3000000)};
    std::vector<std::string> hashes(2);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < 2; ++t) {
      threads.emplace_back([&, t, seed = random()] {
        std::mt19937 own(static_cast<std::uint32_t>(seed));
        Sha256 hash(&pair);
        Block block;
        for (std::size_t at = 0; at < texts[t].size();) {
          const std::string_view part = std::string_view(texts[t]).substr(at, 1 + own() % 100000);
          if (own() % 8 == 0) {
            hash.Update(part);
          } else {
            if (block.capacity < part.size())
              block = {std::make_unique_for_overwrite<char[]>(part.size()), part.size()};
            part.copy(block.bytes.get(), part.size());
            const std::string_view bytes(block.bytes.get(), part.size());
            block = hash.Hand(std::move(block), bytes);
          }
          at += part.size();
        }
        hashes[t] = hash.HexDigest();
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (std::size_t t = 0; t < 2; ++t) ASSERT_EQ(hashes[t], Sha256Hex(texts[t]));
  }
}

}  // namespace
}  // namespace minslice::io
