// The cases of a suite, read again from their files whenever one is asked for. What is held of a case is
// where its line stands and two hashes: 32 bytes and a place in a table, however long its prompt.
#ifndef MINSLICE_SUITE_CASE_FILES_H_
#define MINSLICE_SUITE_CASE_FILES_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/diagnostics.h"
#include "io/file_system.h"
#include "io/sha256.h"
#include "suite/case_reader.h"
#include "suite/case_source.h"

namespace minslice::suite {

class CaseFiles final : public CaseSource {
 public:
  explicit CaseFiles(CaseRules rules, io::FileSystem& files = io::RealFileSystem())
      : rules_(std::move(rules)), files_(files) {}

  // One file after the other, because ids are unique across them. Every whole case is handed to `keep`, and
  // is one of the source's where it says so; what is wrong with the others goes to the diagnostics. The
  // failure is that the file cannot be read.
  Result<void> Add(const std::string& path, io::Diagnostics& diagnostics,
                   const std::function<bool(Case&& c)>& keep);
  // SHA-256 over the canonical cases, ascending by id, each followed by a newline, the ones that are not kept
  // included. Once, after the last Add and before the source is used.
  Result<std::string> Finish();

  std::size_t size() const override { return lines_.size(); }
  Result<Case> At(std::size_t index) override;
  std::optional<std::size_t> Find(std::string_view id) override;

 private:
  struct Line {
    std::int64_t offset = 0;
    std::uint32_t length = 0;
    std::uint32_t number = 0;  // in its file, from 1
    std::uint64_t hash = 0;    // of its bytes
    std::uint64_t id_hash = 0;
  };
  struct File {
    std::string path;
    std::unique_ptr<io::RandomFile> bytes;
    std::size_t begin = 0;  // index of its first line
  };

  void Take(const File& file, std::string_view content, const Line& place, io::Diagnostics& diagnostics,
            const std::function<bool(Case&& c)>& keep);
  Result<CaseLine> Read(const Line& line, const File& file);
  const File& FileOf(std::size_t index) const;
  std::string_view IdOf(std::size_t index) const;  // until Finish
  // The place in the table of the id, or of nothing yet: `same` says whether a line of the same hash is it.
  template <class Same>
  std::size_t Slot(std::uint64_t id_hash, const Same& same) const;
  void Rehash(std::size_t slots);
  void KeepOnly();

  CaseRules rules_;
  io::FileSystem& files_;
  std::vector<File> sources_;
  std::vector<Line> lines_;
  std::vector<std::uint32_t> table_;  // index + 1 by id; 0: free
  bool ambiguous_ = false;            // two ids have the same hash
  std::string scratch_;

  // Until Finish.
  std::string ids_;
  std::vector<std::uint64_t> id_ends_;
  std::vector<bool> kept_;
  bool ascending_ = true;  // ids so far: the digest needs no second reading
  io::Sha256 hash_;
};

}  // namespace minslice::suite

#endif  // MINSLICE_SUITE_CASE_FILES_H_
