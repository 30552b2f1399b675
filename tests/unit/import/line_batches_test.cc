#include "import/line_batches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

namespace minslice::import {
namespace {

constexpr std::size_t kLongest = std::size_t{3} << 20U;

std::string Lines(std::size_t n, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < n; ++i)
    text += std::string(i * 7919 % most, static_cast<char>('a' + i % 26)) + '\n';
  return text;
}

struct Taken {
  std::string text;
  std::int64_t lines = 0;
  bool terminated = true;
  std::string error;
};

Taken TakeAll(const std::string& text, std::size_t threads, std::int64_t stop_at = -1) {
  Taken taken;
  std::atomic<int> taking = 0;
  std::atomic<std::int64_t> read = 0;
  BatchWork work;
  work.read = [&](LineBatch& batch) { read += static_cast<std::int64_t>(batch.lines.size()); };
  work.take = [&](LineBatch& batch) {
    EXPECT_EQ(++taking, 1) << "one at a time";
    EXPECT_EQ(batch.first_line, taken.lines + 1) << "in order";
    for (const std::string_view line : batch.lines) {
      taken.text.append(line).append(1, '\n');
      ++taken.lines;
    }
    taken.terminated = batch.terminated;
    EXPECT_GE(read.load(), taken.lines);
    --taking;
    return stop_at < 0 || taken.lines < stop_at;
  };
  const auto stream = io::PlainStream::OfText(text, "file");
  const auto done = InBatches(*stream, "file", kLongest, threads, work);
  if (!done) taken.error = done.error().diagnostics.front().ToString();
  return taken;
}

TEST(LineBatches, GiveEachLineOnceInOrderAtAnyNumberOfThreads) {
  for (const std::string& text :
       {std::string(), std::string("a\n"), Lines(300, 20), Lines(40000, 300), Lines(40, 2000000)}) {
    for (const std::size_t threads : {1, 2, 5}) {
      const Taken taken = TakeAll(text, threads);
      EXPECT_EQ(taken.error, "");
      EXPECT_TRUE(taken.text == text) << text.size() << " bytes, " << threads << " threads";
      EXPECT_TRUE(taken.terminated);
      if (text.empty()) continue;
      const Taken cut = TakeAll(text + "rest", threads);
      EXPECT_TRUE(cut.text == text + "rest\n");
      EXPECT_FALSE(cut.terminated);
    }
  }
}

TEST(LineBatches, ALineThatIsTooLongFailsBehindTheLinesBeforeIt) {
  for (const std::size_t threads : {1, 3}) {
    const std::string before = Lines(9000, 300);
    const Taken taken = TakeAll(before + std::string(kLongest + 1, 'x') + "\nlast\n", threads);
    EXPECT_TRUE(taken.text == before);
    EXPECT_EQ(taken.error, "file:9001: a line of more than 3 MiB: not read");
    EXPECT_EQ(TakeAll(std::string(kLongest + 1, 'x'), threads).error,
              "file:1: a line of more than 3 MiB: not read");
    EXPECT_EQ(TakeAll(std::string(kLongest, 'x'), threads).error, "");
  }
}

TEST(LineBatches, StopWhenAsked) {
  for (const std::size_t threads : {1, 4}) {
    const Taken taken = TakeAll(Lines(200000, 100) + std::string(kLongest + 1, 'x'), threads, 1);
    EXPECT_LT(taken.lines, 200000);
    EXPECT_EQ(taken.error, "") << "of lines that nobody asked for";
  }
}

TEST(LineBatches, AnExceptionOfAnyThreadReachesTheCaller) {
  const std::string text = Lines(60000, 300);
  for (const bool in_read : {true, false}) {
    std::atomic<int> batches = 0;
    BatchWork work;
    const auto third = [&] {
      if (++batches == 3) throw std::runtime_error("third");
    };
    work.read = [&](LineBatch&) {
      if (in_read) third();
    };
    work.take = [&](LineBatch&) {
      if (!in_read) third();
      return true;
    };
    const auto stream = io::PlainStream::OfText(text, "file");
    EXPECT_THROW(static_cast<void>(InBatches(*stream, "file", kLongest, 3, work)), std::runtime_error);
  }
}

}  // namespace
}  // namespace minslice::import
