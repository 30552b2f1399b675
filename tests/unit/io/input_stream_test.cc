#include "io/input_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace minslice::io {
namespace {

using testing::HasSubstr;

class InputTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/minslice-input-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string Write(const std::string& name, const std::string& text) const {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  static std::string ErrorOf(const std::string& path) {
    const auto stream = PlainStream::Open(RealFileSystem(), path);
    const auto text = RealFileSystem().ReadFile(path);
    EXPECT_FALSE(stream.has_value());
    EXPECT_FALSE(text.has_value());
    if (stream || text) return "";
    EXPECT_EQ(stream.error().diagnostics[0].ToString(), text.error().diagnostics[0].ToString());
    return text.error().diagnostics[0].ToString();
  }
  std::string folder_;
};

TEST_F(InputTest, WhatMayHaveNoEndIsRefused) {
  EXPECT_EQ(ErrorOf("/dev/zero"), "/dev/zero: is a device, expected a file");
  EXPECT_EQ(ErrorOf("/dev/full"), "/dev/full: is a device, expected a file");
  EXPECT_EQ(ErrorOf(folder_), folder_ + ": is a folder, expected a file");
  const std::string pipe = folder_ + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(ErrorOf(pipe), pipe + ": is a named pipe, expected a file");
  EXPECT_EQ(ErrorOf(folder_ + "/none"), folder_ + "/none: cannot be read: no such file or directory");
}

TEST_F(InputTest, LinesComeWholeFromAnyBlocks) {
  std::string text = "first\n\nthird without an end of its own ";
  text.append(std::size_t{3} << 20U, 'x');
  text += "\nlast";
  for (const bool packed : {false, true}) {
    const std::string path = Write(packed ? "l.zst" : "l", packed ? CompressZstd(text) : text);
    auto stream = PlainStream::Open(RealFileSystem(), path);
    ASSERT_TRUE(stream);
    EXPECT_EQ((*stream)->compressed(), packed);
    Sha256 hash;
    LineSource lines(**stream, path, std::size_t{4} << 20U, &hash);
    std::string joined;
    while (true) {
      const auto line = lines.Next();
      ASSERT_TRUE(line);
      if (!*line) break;
      joined += **line;
      if (lines.terminated()) joined += '\n';
    }
    EXPECT_EQ(joined, text);
    EXPECT_EQ(lines.line(), 4);
    EXPECT_EQ(hash.HexDigest(), Sha256Hex(text));
    EXPECT_EQ(*Sha256OfFile(path), Sha256Hex(text));
    EXPECT_EQ(*ReadPlain(RealFileSystem(), path), text);
    EXPECT_THAT(ReadPlain(RealFileSystem(), path, {.limit = 1000}).error().diagnostics[0].message,
                HasSubstr("not read"));
  }
}

TEST_F(InputTest, ALongLineIsRefusedByItsPlace) {
  const std::string path = Write("l", "ok\n" + std::string(3000, 'x') + "\n");
  auto stream = PlainStream::Open(RealFileSystem(), path);
  LineSource lines(**stream, path, 2000);
  ASSERT_TRUE(lines.Next());
  const auto line = lines.Next();
  ASSERT_FALSE(line);
  EXPECT_THAT(line.error().diagnostics[0].ToString(), HasSubstr("l:2: a line of more than"));
}

TEST_F(InputTest, DamagedAndCutFramesAreToldApart) {
  const std::string packed = CompressZstd(std::string(100000, 'a') + "b");
  auto read = [&](const std::string& bytes) {
    const auto stream = PlainStream::OfText(bytes, "f.zst");
    char block[4096];
    for (;;) {
      const auto n = stream->Read(block, sizeof block);
      if (!n) return n.error().diagnostics[0].ToString();
      if (*n == 0) return std::string(stream->cut() ? "cut" : "whole");
    }
  };
  EXPECT_EQ(read(packed), "whole");
  EXPECT_EQ(read(packed + packed), "whole");
  EXPECT_EQ(read(packed.substr(0, packed.size() - 3)), "cut");
  EXPECT_THAT(read(packed + "no frame at all"), HasSubstr("f.zst: its zstd data are damaged"));
}

}  // namespace
}  // namespace minslice::io
