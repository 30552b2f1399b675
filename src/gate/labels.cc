#include "gate/labels.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "io/diagnostics.h"
#include "io/nearest_name.h"
#include "io/sha256.h"

namespace minslice::gate {

Result<Labels> ParseLabels(const std::string& text, const std::string& path) {
  Labels labels;
  labels.path = path;
  labels.sha256 = io::Sha256Hex(text);
  io::Diagnostics diagnostics;
  int number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) end = text.size();
    ++number;
    const std::string_view row(text.data() + begin, end - begin);
    begin = end + 1;
    if (row.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const auto json = nlohmann::json::parse(row, nullptr, false);
    const auto fault = [&](const std::string& what) { diagnostics.Add({path, number, 1}, what); };
    if (!json.is_object() || !json.contains("case_id") || !json["case_id"].is_string()) {
      fault("expected an object with case_id, incumbent and candidate");
      continue;
    }
    Label label;
    bool good = true;
    for (const auto& [key, value] :
         {std::pair("incumbent", &label.incumbent), std::pair("candidate", &label.candidate)}) {
      const auto found = json.find(key);
      if (found != json.end() && found->is_boolean()) {
        *value = found->get<bool>() ? 1 : 0;
      } else if (found != json.end() && found->is_number() && std::isfinite(found->get<double>())) {
        *value = found->get<double>();
      } else {
        fault(fmt::format("expected a number at {}: the label of the {}'s answer", key, key));
        good = false;
      }
    }
    if (!good) continue;
    const auto id = json["case_id"].get<std::string>();
    if (!labels.by_case.emplace(id, label).second)
      fault(fmt::format("case {} is labelled twice", io::Quoted(id)));
  }
  if (diagnostics.empty() && labels.by_case.empty()) diagnostics.Add({path, 1, 1}, "holds no label");
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  return labels;
}

}  // namespace minslice::gate
