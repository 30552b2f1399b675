// Input: a byte that chooses the flags, then the file.
#include <cstdint>

#include "fuzz/import_entry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  minslice::fuzz::CheckImport("jsonl", {reinterpret_cast<const char*>(data), size});
  return 0;
}
