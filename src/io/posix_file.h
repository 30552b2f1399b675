// What the files of this room share of POSIX: descriptors that close themselves, whole writes, errno in
// words.
#ifndef MINSLICE_IO_POSIX_FILE_H_
#define MINSLICE_IO_POSIX_FILE_H_

#include <string>
#include <string_view>
#include <utility>

#include "minslice/result.h"

namespace minslice::io {

// A missing or unreadable path is the user's to put right; a full disk or a failing one is not.
tl::unexpected<Failure> SystemFailure(const std::string& path, const std::string& what, int error);

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&& other) noexcept : fd_(other.Release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();
  int get() const { return fd_; }
  int Release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_;
};

// 0 or errno.
int WriteAll(int fd, std::string_view bytes);

}  // namespace minslice::io

#endif  // MINSLICE_IO_POSIX_FILE_H_
