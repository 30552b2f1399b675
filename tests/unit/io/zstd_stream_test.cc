// Files that are written in pieces: frames, what of them is whole, and what waits without a name.
#include "io/zstd_stream.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "io/scratch_file.h"
#include "io/staged_file.h"

namespace minslice::io {
namespace {

class PiecesTest : public testing::Test {
 protected:
  PiecesTest() {
    char name[] = "/tmp/minslice-pieces-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~PiecesTest() override { std::filesystem::remove_all(folder_); }
  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  static void Put(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  static std::string Get(const std::string& path) { return *RealFileSystem().ReadFile(path); }
  std::string folder_;
};

std::string Text(std::size_t size) {
  std::mt19937 random(4);
  std::string text;
  while (text.size() < size) text += std::to_string(random() % 1000) + (random() % 9 == 0 ? "\n" : " ");
  return text;
}

TEST_F(PiecesTest, AFrameInPiecesHoldsThemAll) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}, std::size_t{300000}}) {
    const std::string text = Text(piece == 1 ? 2000 : 1000000);
    ZstdEncoder encoder;
    std::string packed;
    for (std::size_t at = 0; at < text.size(); at += piece)
      packed += encoder.Add(std::string_view(text).substr(at, piece));
    packed += encoder.End();
    Put(Path("f"), packed);
    EXPECT_LT(packed.size(), text.size());
    EXPECT_EQ(*ReadPlain(RealFileSystem(), Path("f")), text);
  }
}

TEST_F(PiecesTest, WhatOfAFileIsWholeAtEveryCut) {
  const std::string parts[] = {"first line\nsecond", " half\nthird\n", "fourth"};
  const std::string last_lines[] = {"second", "", "fourth"};
  std::string file;
  std::vector<std::size_t> ends;
  for (const std::string& part : parts) {
    file += CompressZstd(part);
    ends.push_back(file.size());
  }
  for (std::size_t cut = 4; cut <= file.size(); ++cut) {
    Put(Path("f"), file.substr(0, cut));
    const auto whole = FindWholeFrames(RealFileSystem(), Path("f"), 1000);
    ASSERT_TRUE(whole) << cut;
    std::size_t n = 0;
    while (n < ends.size() && ends[n] <= cut) ++n;
    EXPECT_EQ(whole->bytes, n == 0 ? 0 : static_cast<std::int64_t>(ends[n - 1])) << cut;
    EXPECT_EQ(whole->first_line, n == 0 ? "" : "first line") << cut;
    EXPECT_EQ(whole->last_line, n == 0 ? "" : last_lines[n - 1]) << cut;
  }
  EXPECT_FALSE(FindWholeFrames(RealFileSystem(), Path("f"), 4));  // a line that is too long
  Put(Path("f"), file + "garbage");
  EXPECT_FALSE(FindWholeFrames(RealFileSystem(), Path("f"), 1000));
}

TEST_F(PiecesTest, AScratchFileGivesBackWhatItTook) {
  auto scratch = ScratchFile::Make(Path("target"));
  ASSERT_TRUE(scratch);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));  // it has no name
  const std::string text = Text(700000);
  for (std::size_t at = 0; at < text.size(); at += 777)
    ASSERT_TRUE(scratch->Append(std::string_view(text).substr(at, 777)));
  std::string back;
  ASSERT_TRUE(scratch->Read([&](std::string_view block) -> Result<void> {
    back += block;
    return {};
  }));
  EXPECT_EQ(back, text);
  const auto nowhere = ScratchFile::Make(Path("no/such/folder/target"));
  ASSERT_FALSE(nowhere);
  EXPECT_NE(nowhere.error().diagnostics[0].ToString().find("no/such/folder/target"), std::string::npos);
}

TEST_F(PiecesTest, AStagedFileInPiecesAppearsWholeOrNotAtAll) {
  Put(Path("f"), "old");
  {
    auto staged = StagedFile::Open(Path("f"));
    ASSERT_TRUE(staged);
    ASSERT_TRUE(staged->Append("new, "));
    EXPECT_EQ(Get(Path("f")), "old");
  }
  EXPECT_EQ(Get(Path("f")), "old");
  auto staged = StagedFile::Open(Path("f"));
  ASSERT_TRUE(staged);
  ASSERT_TRUE(staged->Append("new, "));
  ASSERT_TRUE(staged->Append("in two pieces"));
  ASSERT_TRUE(staged->Commit());
  EXPECT_EQ(Get(Path("f")), "new, in two pieces");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
  EXPECT_FALSE(StagedFile::Open(folder_));
}

}  // namespace
}  // namespace minslice::io
