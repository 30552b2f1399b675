// A file system that holds one text, under one name or under any, and takes nothing.
#ifndef MINSLICE_TESTS_ONE_FILE_H_
#define MINSLICE_TESTS_ONE_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "io/file_system.h"

namespace minslice {

class OneFile final : public io::FileSystem {
 public:
  explicit OneFile(std::string_view text, std::string_view name = "") : text_(text), name_(name) {}
  Result<std::string> ReadFile(const std::string& path, std::size_t slack) override {
    if (!Exists(path)) return Fail("there is no such file");
    std::string text;
    text.reserve(text_.size() + slack);
    return text.append(text_);
  }
  Result<void> WriteFile(const std::string&, std::string_view) override { return Fail("read only"); }
  Result<std::unique_ptr<io::AppendFile>> OpenAppend(const std::string&, io::AppendMode) override {
    return Fail("read only");
  }
  bool Exists(const std::string& path) override { return name_.empty() || path == name_; }
  Result<std::int64_t> Size(const std::string&) override { return static_cast<std::int64_t>(text_.size()); }
  Result<void> MakeDirectories(const std::string&) override { return Fail("read only"); }

 private:
  std::string_view text_, name_;
};

}  // namespace minslice

#endif  // MINSLICE_TESTS_ONE_FILE_H_
