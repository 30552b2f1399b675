#include "io/file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "io/clock.h"
#include "io/faulty_file_system.h"
#include "io/sha256.h"

namespace minslice::io {
namespace {

using testing::HasSubstr;

class FileSystemTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/minslice-io-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  static std::string Bytes(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::size_t FilesInFolder() const {
    std::size_t n = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_)) ++n;
    return n;
  }
  std::string folder_;
};

TEST_F(FileSystemTest, WritesAndReadsAnyBytes) {
  const std::string bytes("a\0b\xFF\n", 5);
  ASSERT_TRUE(RealFileSystem().WriteFile(Path("x"), bytes));
  const auto read = RealFileSystem().ReadFile(Path("x"), 64);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, bytes);
  EXPECT_GE(read->capacity(), bytes.size() + 64);
  EXPECT_EQ(FilesInFolder(), 1U);  // no temporary file stays behind
}

// A pipe as the shell opens it for <(...).
TEST_F(FileSystemTest, ReadsAFileWhoseSizeIsNotKnownBeforehand) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const std::string large(300000, 'z');
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    std::ofstream("/dev/fd/" + std::to_string(ends[1])) << large;
    _exit(0);
  }
  close(ends[1]);
  const auto read = RealFileSystem().ReadFile("/dev/fd/" + std::to_string(ends[0]));
  close(ends[0]);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, large);
}

TEST_F(FileSystemTest, MissingFileAndFolderAreTheUsersErrors) {
  const auto missing = RealFileSystem().ReadFile(Path("none"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, Failure::Kind::kInput);
  EXPECT_THAT(missing.error().diagnostics[0].ToString(), HasSubstr("none: cannot be read: no such file"));
  EXPECT_FALSE(RealFileSystem().ReadFile(folder_));
  EXPECT_FALSE(RealFileSystem().WriteFile(Path("no/such/folder"), "x"));
  ASSERT_TRUE(RealFileSystem().MakeDirectories(Path("no/such")));
  EXPECT_TRUE(RealFileSystem().WriteFile(Path("no/such/folder"), "x"));
}

TEST_F(FileSystemTest, ReplacingKeepsASymbolicLink) {
  ASSERT_TRUE(RealFileSystem().WriteFile(Path("real"), "old"));
  std::filesystem::create_symlink(Path("real"), Path("link"));
  ASSERT_TRUE(RealFileSystem().WriteFile(Path("link"), "new"));
  EXPECT_TRUE(std::filesystem::is_symlink(Path("link")));
  EXPECT_EQ(Bytes(Path("real")), "new");
}

TEST_F(FileSystemTest, AppendRefusesExistingMissingAndLockedFiles) {
  {
    auto first = RealFileSystem().OpenAppend(Path("log"), AppendMode::kCreate);
    ASSERT_TRUE(first);
    ASSERT_TRUE((*first)->Append("one\n"));
    const auto second = RealFileSystem().OpenAppend(Path("log"), AppendMode::kContinue);
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().diagnostics[0].message, HasSubstr("being written by another process"));
  }
  const auto again = RealFileSystem().OpenAppend(Path("log"), AppendMode::kCreate);
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().diagnostics[0].message, HasSubstr("already exists"));
  EXPECT_FALSE(RealFileSystem().OpenAppend(Path("none"), AppendMode::kContinue));
  EXPECT_FALSE(RealFileSystem().Exists(Path("none")));
  auto cut = RealFileSystem().OpenAppend(Path("log"), AppendMode::kContinue);
  ASSERT_TRUE(cut);
  ASSERT_TRUE((*cut)->CutTo(2));
  ASSERT_TRUE((*cut)->Append("!"));
  EXPECT_EQ(Bytes(Path("log")), "on!");
  EXPECT_EQ(RealFileSystem().Size(Path("log")).value(), 3);
}

TEST_F(FileSystemTest, AFullDiskLeavesWholeRowsOnly) {
  FaultyFileSystem disk;
  auto file = disk.OpenAppend(Path("log"), AppendMode::kCreate);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->Append("first\n"));
  disk.faults().free_bytes = 3;
  const auto full = (*file)->Append("second\n");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().kind, Failure::Kind::kInternal);
  EXPECT_THAT(full.error().diagnostics[0].message, HasSubstr("no space left"));
  EXPECT_EQ(Bytes(Path("log")), "first\n");
  disk.faults().free_bytes = 100;
  ASSERT_TRUE((*file)->Append("third\n"));  // space was made: the log goes on
  EXPECT_EQ(Bytes(Path("log")), "first\nthird\n");
}

TEST_F(FileSystemTest, ShortAndInterruptedWritesAreFinished) {
  FaultyFileSystem disk;
  auto file = disk.OpenAppend(Path("log"), AppendMode::kCreate);
  ASSERT_TRUE(file);
  disk.faults().largest_write = 2;
  disk.faults().interrupts = 3;
  ASSERT_TRUE((*file)->Append("abcdefg\n"));
  EXPECT_EQ(Bytes(Path("log")), "abcdefg\n");
  EXPECT_EQ(disk.faults().writes, 4);
}

TEST_F(FileSystemTest, AWriteThatCannotBeUndoneEndsTheFile) {
  FaultyFileSystem disk;
  auto file = disk.OpenAppend(Path("log"), AppendMode::kCreate);
  ASSERT_TRUE(file);
  disk.faults().free_bytes = 3;
  disk.faults().truncate_fails = true;
  EXPECT_FALSE((*file)->Append("second\n"));
  disk.faults().free_bytes = 100;
  EXPECT_FALSE((*file)->Append("third\n"));  // would continue a torn row
  EXPECT_EQ(Bytes(Path("log")), "sec");
}

TEST_F(FileSystemTest, SyncReportsAFailingDisk) {
  FaultyFileSystem disk;
  auto file = disk.OpenAppend(Path("log"), AppendMode::kCreate);
  ASSERT_TRUE(file);
  EXPECT_TRUE((*file)->Sync());
  disk.faults().sync_errno = EIO;
  EXPECT_FALSE((*file)->Sync());
}

TEST_F(FileSystemTest, Sha256OfBytesAndFilesAgree) {
  // FIPS 180-2 appendix B.
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const std::string million(1000000, 'a');
  const std::string expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
  ASSERT_TRUE(RealFileSystem().WriteFile(Path("a"), million));
  EXPECT_EQ(Sha256OfFile(Path("a")).value(), expected);
  Sha256 parts;
  parts.Update(std::string_view(million).substr(0, 12345));
  parts.Update(std::string_view(million).substr(12345));
  EXPECT_EQ(parts.HexDigest(), expected);
  EXPECT_FALSE(Sha256OfFile(Path("none")));
}

TEST(Clock, FormatsUtc) {
  // date -u -d @1795230000 +%FT%TZ
  EXPECT_EQ(Clock::Rfc3339(1795230000), "2026-11-21T03:00:00Z");
  EXPECT_EQ(Clock::Rfc3339(951782400), "2000-02-29T00:00:00Z");
  ManualClock clock(1795230000);
  clock.Advance(61.5);
  EXPECT_EQ(clock.NowRfc3339(), "2026-11-21T03:01:01Z");
  EXPECT_DOUBLE_EQ(clock.MonotonicSeconds(), 61.5);
  EXPECT_GE(RealClock().UnixSeconds(), 1700000000);
}

TEST(Paths, FoldersAndRelativePaths) {
  EXPECT_EQ(FolderOf("a/b.yaml"), "a");
  EXPECT_EQ(FolderOf("b.yaml"), ".");
  EXPECT_EQ(JoinPath("a", "c/d"), "a/c/d");
  EXPECT_EQ(JoinPath(".", "c"), "c");
  EXPECT_EQ(JoinPath("a", "/c"), "/c");
}

}  // namespace
}  // namespace minslice::io
