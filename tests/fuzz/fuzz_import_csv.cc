// Input: a byte that chooses the flags, then the file.
#include <cstdint>
#include <string>
#include <vector>

#include "fuzz/check.h"
#include "fuzz/import_entry.h"
#include "io/csv_reader.h"

namespace minslice {
namespace {

using Rows = std::vector<std::vector<std::string>>;

Rows ReadRows(std::string_view text, io::Diagnostics& diagnostics) {
  io::CsvReader reader(text, "file", diagnostics);
  Rows rows;
  std::vector<io::CsvField> fields;
  while (reader.Next(fields)) {
    auto& row = rows.emplace_back();
    for (const io::CsvField& field : fields) row.emplace_back(field.text);
  }
  return rows;
}

// What was read, written with every field in quotes, reads as the same.
void CheckRoundTrip(std::string_view text) {
  io::Diagnostics diagnostics;
  const Rows rows = ReadRows(text, diagnostics);
  if (!diagnostics.empty()) return;
  std::string written;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      written += i > 0 ? ",\"" : "\"";
      for (const char c : row[i]) written.append(c == '"' ? 2 : 1, c);
      written += '"';
    }
    written += "\r\n";
  }
  fuzz::Check(ReadRows(written, diagnostics) == rows && diagnostics.empty(),
              "rows written in quotes read back");
}

}  // namespace
}  // namespace minslice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  minslice::CheckRoundTrip(text);
  minslice::fuzz::CheckImport("csv", text);
  return 0;
}
