#include "io/posix_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace minslice::io {

tl::unexpected<Failure> SystemFailure(const std::string& path, const std::string& what, int error) {
  std::string text = std::strerror(error);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  const bool machine = error == ENOSPC || error == EDQUOT || error == EIO || error == EFBIG ||
                       error == EMFILE || error == ENFILE || error == ENOMEM;
  return tl::unexpected<Failure>(
      Failure{machine ? Failure::Kind::kInternal : Failure::Kind::kInput, {{{path}, what + ": " + text}}});
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}

int WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

}  // namespace minslice::io
