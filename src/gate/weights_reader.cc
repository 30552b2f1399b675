// traffic.csv: a header, then a row for each slice of one dimension, or for each case.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <vector>

#include "gate/traffic_weights.h"
#include "io/csv_reader.h"
#include "io/file_system.h"
#include "io/nearest_name.h"
#include "io/sha256.h"
#include "io/utf8.h"

namespace minslice::gate {
namespace {

struct Columns {
  std::optional<std::size_t> name, weight, dimension;
  bool by_case = false;
};

Columns FindColumns(const std::vector<io::CsvField>& header, const std::string& path,
                    io::Diagnostics& diagnostics) {
  Columns columns;
  const std::vector<std::string> known = {"value", "weight", "dimension", "case_id"};
  for (std::size_t i = 0; i < header.size(); ++i) {
    const std::string text(header[i].text);
    std::optional<std::size_t>* column = text == "weight"                       ? &columns.weight
                                         : text == "dimension"                  ? &columns.dimension
                                         : text == "value" || text == "case_id" ? &columns.name
                                                                                : nullptr;
    if (column == nullptr || *column) {
      diagnostics.Add({path, header[i].line, header[i].column},
                      column == nullptr
                          ? "unknown column " + io::Quoted(text) + io::DidYouMean(text, known)
                          : "a second column for what is weighted or its weight: " + io::Quoted(text));
      continue;
    }
    *column = i;
    columns.by_case = columns.by_case || text == "case_id";
  }
  if (!columns.name || !columns.weight) {
    diagnostics.Add({path, 1, 1},
                    "the header needs value,weight (and dimension where the policy gates several), or "
                    "case_id,weight");
  }
  return columns;
}

std::optional<double> Weight(std::string_view text) {
  double weight = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
  if (error != std::errc() || at != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(weight) || weight < 0) return std::nullopt;
  return weight;
}

void ReadRows(const std::string& text, const std::string& path, io::Diagnostics& diagnostics,
              TrafficWeights& weights) {
  if (const std::size_t bad = io::FirstInvalidUtf8(text); bad != std::string::npos) {
    diagnostics.Add(io::PositionOfOffset(text, bad, path), "expected UTF-8, found a byte that is none");
    return;
  }
  io::CsvReader reader(text, path, diagnostics);
  std::vector<io::CsvField> fields;
  if (!reader.Next(fields)) {
    diagnostics.Add({path, 1, 1}, "expected a header row (value,weight), found an empty file");
    return;
  }
  const std::size_t width = fields.size();
  const Columns columns = FindColumns(fields, path, diagnostics);
  if (!columns.name || !columns.weight) return;
  weights.by_case = columns.by_case;
  std::map<std::string, int> line_of;
  double total = 0;
  int line = fields.front().line;
  while (reader.Next(fields)) {
    line = fields.front().line;
    if (fields.size() != width) {
      diagnostics.Add({path, line, 1},
                      fmt::format("expected {} fields as in the header, found {}", width, fields.size()));
      continue;
    }
    const io::CsvField& name = fields[*columns.name];
    const io::CsvField& field = fields[*columns.weight];
    const std::optional<double> weight = Weight(field.text);
    if (!weight) {
      diagnostics.Add({path, field.line, field.column},
                      "expected a weight, a number of at least 0; found " + io::Quoted(field.text));
      continue;
    }
    if (columns.dimension) {
      const io::CsvField& dimension = fields[*columns.dimension];
      if (columns.by_case) {
        diagnostics.Add({path, dimension.line, dimension.column}, "weights by case have no dimension");
        return;
      }
      if (weights.dimension.empty()) weights.dimension = std::string(dimension.text);
      if (weights.dimension != dimension.text) {
        diagnostics.Add({path, dimension.line, dimension.column},
                        fmt::format("weights are for the slices of one dimension: found {} after {}",
                                    io::Quoted(dimension.text), io::Quoted(weights.dimension)));
        continue;
      }
    }
    const auto [known, is_new] = line_of.emplace(std::string(name.text), name.line);
    if (!is_new) {
      diagnostics.Add({path, name.line, name.column}, fmt::format("{} has a weight already, in line {}",
                                                                  io::Quoted(name.text), known->second));
      continue;
    }
    weights.rows.emplace_back(std::string(name.text), *weight);
    total += *weight;
  }
  if (total <= 0 && diagnostics.empty())
    diagnostics.Add({path, line, 1}, "the weights sum to 0: nothing is weighted");
}

}  // namespace

TrafficWeights ReadWeights(const yaml::Map& root, const std::string& folder, const SegmentPolicy& segments,
                           io::Diagnostics& diagnostics) {
  TrafficWeights weights;
  weights.file = root.GetString("weights", "");
  if (weights.file.empty()) return weights;
  const std::string path = io::JoinPath(folder, weights.file);
  const Result<std::string> text = io::RealFileSystem().ReadFile(path);
  if (!text) {
    root.Error("weights", text.error().diagnostics.front().ToString());
    return weights;
  }
  weights.sha256 = io::Sha256Hex(*text);
  const std::size_t before = diagnostics.size();
  ReadRows(*text, path, diagnostics, weights);
  if (diagnostics.size() > before) return weights;
  if (weights.by_case || !weights.dimension.empty()) return weights;
  // A file without the column is about the one dimension that there is.
  std::vector<std::string> gated;
  for (const PolicyDimension& dimension : segments.dimensions) gated.push_back(dimension.key);
  if (gated.size() == 1) {
    weights.dimension = gated.front();
  } else {
    root.Error("weights", weights.file + " has no column dimension, and the policy names " +
                              (gated.empty() ? "no dimension" : "several") +
                              ": say whose slices are weighted, e.g. dimension,value,weight");
  }
  return weights;
}

}  // namespace minslice::gate
