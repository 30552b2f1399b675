// Keys of the environment, taken out of what servers say before anything reads it: an error that echoes a key
// must not bring it into a log, and a cut in the middle of it must not leave its first half.
#ifndef MINSLICE_RUN_REDACTOR_H_
#define MINSLICE_RUN_REDACTOR_H_

#include <string>
#include <vector>

#include "http/client.h"

namespace minslice::run {

class Redactor {
 public:
  Redactor() = default;
  explicit Redactor(const std::vector<std::string>& secrets);

  // Puts [redacted] in the place of each secret, in any form in which JSON, HTML or a URL may carry it.
  void Clean(std::string& text) const;
  // Body, headers and the transport's error.
  void Clean(http::Response& response) const;

 private:
  std::vector<std::string> forms_;  // the longest first
};

}  // namespace minslice::run

#endif  // MINSLICE_RUN_REDACTOR_H_
