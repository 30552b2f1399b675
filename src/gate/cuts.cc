#include "gate/cuts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "io/nearest_name.h"

namespace minslice::gate {
namespace {

std::optional<double> Number(const std::string& text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || at != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

Dimension Bin(const Dimension& raw, const std::vector<double>& edges, std::vector<std::string>& warnings) {
  Dimension binned;
  binned.name = raw.name;
  binned.values = BinNames(edges);
  std::vector<std::uint32_t> bin_of_value;
  for (const std::string& value : raw.values) {
    const std::optional<double> number = Number(value);
    bin_of_value.push_back(number ? static_cast<std::uint32_t>(
                                        std::lower_bound(edges.begin(), edges.end(), *number) - edges.begin())
                                  : kNoValue);
  }
  std::int64_t no_number = 0;
  std::uint32_t example = kNoValue;
  binned.value_of_case.reserve(raw.value_of_case.size());
  for (const std::uint32_t value : raw.value_of_case) {
    const std::uint32_t bin = value == kNoValue ? kNoValue : bin_of_value[value];
    if (bin == kNoValue && value != kNoValue) {
      ++no_number;
      example = std::min(example, value);
    }
    binned.value_of_case.push_back(bin);
  }
  if (no_number > 0) {
    warnings.push_back(fmt::format("{} cases carry a {} that is no number ({}), so it is in no bin",
                                   no_number, raw.name, io::Quoted(raw.values[example])));
  }
  return binned;
}

// "customer=acme", "doc_length<=512". A value that could be read as the sign between two parts is quoted.
std::string Part(const Dimension& dimension, const std::string& name, bool binned) {
  if (binned) return dimension.name + name;
  const bool odd = name.empty() || name.find_first_of("&=\"") != std::string::npos;
  return dimension.name + "=" +
         (odd ? nlohmann::json(name).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) : name);
}

// Crosses what is there with one dimension more; only the cells that occur, in the order of their parts.
void Join(const Dimension& next, bool binned, Dimension& cross) {
  const std::uint64_t width = next.values.size();
  std::vector<std::uint64_t> cells;
  const auto cell_of = [&](std::size_t i) { return cross.value_of_case[i] * width + next.value_of_case[i]; };
  const auto carried = [&](std::size_t i) {
    return cross.value_of_case[i] != kNoValue && next.value_of_case[i] != kNoValue;
  };
  for (std::size_t i = 0; i < cross.value_of_case.size(); ++i) {
    if (carried(i)) cells.push_back(cell_of(i));
  }
  std::sort(cells.begin(), cells.end());
  cells.erase(std::unique(cells.begin(), cells.end()), cells.end());
  for (std::size_t i = 0; i < cross.value_of_case.size(); ++i) {
    cross.value_of_case[i] =
        carried(i) ? static_cast<std::uint32_t>(std::lower_bound(cells.begin(), cells.end(), cell_of(i)) -
                                                cells.begin())
                   : kNoValue;
  }
  std::vector<std::string> values;
  values.reserve(cells.size());
  for (const std::uint64_t cell : cells) {
    values.push_back(cross.values[cell / width] + kCrossSign + Part(next, next.values[cell % width], binned));
  }
  cross.values = std::move(values);
}

}  // namespace

std::vector<std::string> BinNames(std::span<const double> edges) {
  std::vector<std::string> names;
  if (edges.empty()) return names;
  names.push_back(fmt::format("<={}", edges.front()));
  for (std::size_t i = 1; i < edges.size(); ++i)
    names.push_back(fmt::format(">{} to {}", edges[i - 1], edges[i]));
  names.push_back(fmt::format(">{}", edges.back()));
  return names;
}

bool HasCuts(const SegmentPolicy& policy) {
  return std::any_of(
      policy.dimensions.begin(), policy.dimensions.end(),
      [](const PolicyDimension& dimension) { return !dimension.bins.empty() || !dimension.cross.empty(); });
}

Cuts CutDimensions(const SegmentPolicy& policy, std::span<const Dimension> dimensions) {
  Cuts cuts;
  cuts.dimensions.reserve(dimensions.size() + policy.dimensions.size());  // crosses point into it
  std::map<std::string, bool> binned;
  for (const Dimension& raw : dimensions) {
    const PolicyDimension* bins = nullptr;
    for (const PolicyDimension& named : policy.dimensions) {
      if (named.key == raw.name && !named.bins.empty()) bins = &named;
    }
    binned[raw.name] = bins != nullptr;
    cuts.dimensions.push_back(bins == nullptr ? raw : Bin(raw, bins->bins, cuts.warnings));
  }
  const std::size_t own = cuts.dimensions.size();
  for (const PolicyDimension& named : policy.dimensions) {
    if (named.cross.empty()) continue;
    std::vector<const Dimension*> parts;
    for (const std::string& key : named.cross) {
      for (std::size_t d = 0; d < own; ++d) {
        if (cuts.dimensions[d].name == key) parts.push_back(&cuts.dimensions[d]);
      }
    }
    if (parts.size() != named.cross.size()) continue;  // a dimension that no case carries: said elsewhere
    Dimension cross = *parts.front();
    for (std::string& name : cross.values) name = Part(*parts.front(), name, binned[parts.front()->name]);
    for (std::size_t k = 1; k < parts.size(); ++k) Join(*parts[k], binned[parts[k]->name], cross);
    cross.name = named.key;
    cuts.dimensions.push_back(std::move(cross));
  }
  std::sort(cuts.dimensions.begin(), cuts.dimensions.end(),
            [](const Dimension& a, const Dimension& b) { return a.name < b.name; });
  return cuts;
}

CutTable::CutTable(const SegmentPolicy& policy, const PairedTable& table) : table_(table) {
  if (!HasCuts(policy)) return;
  cut_ = table;
  Cuts cuts = CutDimensions(policy, table.dimensions);
  cut_->dimensions = std::move(cuts.dimensions);
  warnings_ = std::move(cuts.warnings);
}

}  // namespace minslice::gate
