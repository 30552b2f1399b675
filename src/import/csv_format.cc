// A CSV file with a header row, one row a result; fields named by flags.
#include <fmt/format.h>

#include <algorithm>

#include "import/formats.h"
#include "import/row_mapper.h"
#include "io/csv_reader.h"
#include "io/input_stream.h"
#include "io/nearest_name.h"
#include "io/utf8.h"

namespace minslice::import {
namespace {

class CsvPlace final : public RowPlace {
 public:
  CsvPlace(const std::string& path, const std::vector<io::CsvField>& fields,
           const std::vector<std::size_t>& columns)
      : path_(path), fields_(fields), columns_(columns) {}
  SourcePosition OfRow() const override { return {path_, fields_.front().line, 0}; }
  SourcePosition OfField(std::size_t wanted) const override {
    const io::CsvField& field = fields_[columns_[wanted]];
    return {path_, field.line, field.column};
  }
  std::vector<std::string> FieldNames() const override { return {}; }  // the header was checked before

 private:
  const std::string& path_;
  const std::vector<io::CsvField>& fields_;
  const std::vector<std::size_t>& columns_;
};

// The column of each wanted field; what is not there, or there twice, is reported.
std::vector<std::size_t> FindColumns(const std::vector<io::CsvField>& header,
                                     const std::vector<WantedField>& wanted, const std::string& path,
                                     io::Diagnostics& diagnostics) {
  std::vector<std::string> names;
  names.reserve(header.size());
  for (const io::CsvField& field : header) names.emplace_back(field.text);
  std::vector<std::size_t> columns;
  for (const WantedField& field : wanted) {
    const auto found = std::find(names.begin(), names.end(), field.name);
    if (found == names.end()) {
      std::string hint = io::DidYouMean(field.name, names);
      if (names.size() == 1 && names[0].find_first_of(";\t|") != std::string::npos) {
        hint = "; columns are separated by commas";
      }
      diagnostics.Add({path, header.front().line, 0}, fmt::format("the header has no field {} ({}){}",
                                                                  io::Quoted(field.name), field.flag, hint));
      continue;
    }
    const auto column = static_cast<std::size_t>(found - names.begin());
    columns.push_back(column);
    if (const auto again = std::find(found + 1, names.end(), field.name); again != names.end()) {
      const io::CsvField& second = header[static_cast<std::size_t>(again - names.begin())];
      diagnostics.Add(
          {path, second.line, second.column},
          fmt::format("the header has the field {} ({}) twice", io::Quoted(field.name), field.flag));
    }
  }
  return columns;
}

void ReadFile(const std::string& path, std::string_view text, RowMapper& mapper,
              io::Diagnostics& diagnostics) {
  if (const std::size_t bad = io::FirstInvalidUtf8(text); bad != std::string_view::npos) {
    const bool utf16 = text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF");
    diagnostics.Add(io::PositionOfOffset(text, bad, path),
                    utf16 ? "expected UTF-8, found UTF-16" : "expected UTF-8, found a byte that is none");
    return;
  }
  io::CsvReader reader(text, path, diagnostics);
  std::vector<io::CsvField> fields;
  if (!reader.Next(fields)) {
    diagnostics.Add({path, 1, 0}, "expected a header row, found an empty file");
    return;
  }
  const std::size_t width = fields.size();
  const std::vector<std::size_t> columns = FindColumns(fields, mapper.wanted(), path, diagnostics);
  if (columns.size() != mapper.wanted().size()) return;
  std::vector<FieldValue> values(columns.size());
  const std::size_t errors_before = diagnostics.size();
  bool any = false;
  while (reader.Next(fields)) {
    any = true;
    if (fields.size() != width) {
      diagnostics.Add({path, fields.front().line, 0},
                      fmt::format("expected {} fields as in the header, found {}", width, fields.size()));
      continue;
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
      values[i] = {};
      values[i].kind = FieldValue::Kind::kUntyped;
      values[i].text.assign(fields[columns[i]].text);
    }
    mapper.AddRow(values, CsvPlace(path, fields, columns));
  }
  if (!any && diagnostics.size() == errors_before)
    diagnostics.Add({path, 1, 0}, "expected rows after the header, found none");
}

}  // namespace

Result<ImportedRun> ReadCsv(std::span<const std::string> paths, const Options& options,
                            io::FileSystem& files) {
  if (auto checked = CheckFieldOptions(options); !checked) return tl::unexpected(std::move(checked.error()));
  io::Diagnostics diagnostics;
  RunBuilder builder(diagnostics, options.rows);
  RowMapper mapper(options, builder, diagnostics);
  for (const std::string& path : paths) {
    bool cut = false;
    const auto text = io::ReadPlain(files, path, {.cut = &cut});
    if (!text) {
      diagnostics.AddAll(text.error());
    } else if (cut) {
      diagnostics.Add({path}, kCutFrame);
    } else {
      ReadFile(path, *text, mapper, diagnostics);
    }
  }
  mapper.Finish();
  return builder.Build("csv", paths.front(), options);
}

}  // namespace minslice::import
