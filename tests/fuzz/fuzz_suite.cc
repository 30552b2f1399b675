// Input: suite.yaml, a line "====", then cases.jsonl. No other file exists.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/check.h"
#include "io/file_system.h"
#include "suite/suite.h"

namespace minslice {
namespace {

using fuzz::Check;

class TwoFiles final : public io::FileSystem {
 public:
  TwoFiles(std::string yaml, std::string cases) : yaml_(std::move(yaml)), cases_(std::move(cases)) {}
  Result<std::string> ReadFile(const std::string& path, std::size_t) override {
    if (path == "suite.yaml") return yaml_;
    if (path == "cases.jsonl") return cases_;
    return FailAt({path, 0, 0}, "cannot be read");
  }
  Result<void> WriteFile(const std::string&, std::string_view) override { return FailInternal("read only"); }
  Result<std::unique_ptr<io::AppendFile>> OpenAppend(const std::string&, io::AppendMode) override {
    return FailInternal("read only");
  }
  bool Exists(const std::string& path) override { return path == "suite.yaml" || path == "cases.jsonl"; }
  Result<std::int64_t> Size(const std::string&) override { return FailInternal("not asked for"); }
  Result<void> MakeDirectories(const std::string&) override { return FailInternal("read only"); }

 private:
  std::string yaml_, cases_;
};

void RunOne(std::string_view data) {
  static constexpr std::string_view kMark = "====\n";
  const std::size_t mark = data.find(kMark);
  const std::string yaml(data.substr(0, mark));
  const std::string cases(mark == std::string_view::npos ? "" : data.substr(mark + kMark.size()));
  TwoFiles files(yaml, cases);
  const auto suite = suite::LoadSuite("suite.yaml", files);
  if (!suite) {
    Check(!suite.error().diagnostics.empty(), "a refused suite has a diagnostic");
    Check(suite.error().diagnostics.size() <= 51, "no more diagnostics than a person reads");
    return;
  }
  Check(!suite->cases.empty(), "a suite has cases");
  Check(suite->sha256.size() == 64, "a suite has a digest");
  for (const Case& c : suite->cases) {
    Check(suite::PromptSha256(c.messages_json, c.tools_json) == c.prompt_sha256,
          "the prompt's digest is that of its texts");
    for (const std::string& dimension : suite->segments) {
      Check(std::any_of(c.segments.begin(), c.segments.end(),
                        [&](const Segment& segment) { return segment.dimension == dimension; }),
            "every case carries the segments that the suite requires");
    }
  }
  // A byte order mark may stand before the first line only.
  if (cases.empty() || cases.compare(0, 3, "\xEF\xBB\xBF") == 0) return;
  std::string reversed;
  for (std::size_t end = cases.size(); end > 0;) {
    const std::size_t before = cases.rfind('\n', end - 1);
    const std::size_t start = before == std::string::npos ? 0 : before + 1;
    reversed += cases.substr(start, end - start) + '\n';
    end = before == std::string::npos ? 0 : before;
  }
  TwoFiles other(yaml, reversed);
  const auto same = suite::LoadSuite("suite.yaml", other);
  Check(same && same->sha256 == suite->sha256, "the order of lines is not part of the digest");
}

}  // namespace
}  // namespace minslice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  minslice::RunOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
