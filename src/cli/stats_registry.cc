#include "cli/stats_registry.h"

#include <cmath>
#include <limits>

namespace minslice::cli {
namespace {

// The name under which a case shares its data, or empty.
std::string DatasetOf(const nlohmann::json& in) {
  for (const char* key : {"dataset", "name"}) {
    const auto found = in.find(key);
    if (found != in.end() && found->is_string()) return found->get<std::string>();
  }
  return {};
}

const nlohmann::json& Field(const nlohmann::json& in, const char* name) {
  const auto found = in.find(name);
  if (found == in.end()) throw StatsInputError(std::string("the input has no field '") + name + "'");
  return *found;
}

}  // namespace

const StatsFunction* StatsRegistry::Find(const std::string& name) const {
  const auto found = functions_.find(name);
  return found == functions_.end() ? nullptr : &found->second;
}

std::vector<std::string> StatsRegistry::Names() const {
  std::vector<std::string> names;
  names.reserve(functions_.size());
  for (const auto& [name, function] : functions_) names.push_back(name);
  return names;
}

const StatsRegistry& StatsFunctions() {
  static const StatsRegistry registry = [] {
    StatsRegistry made;
    RegisterBinaryFunctions(made);
    RegisterGradedFunctions(made);
    RegisterSliceFunctions(made);
    RegisterSequentialFunctions(made);
    RegisterJudgeFunctions(made);
    return made;
  }();
  return registry;
}

double ToNumber(const nlohmann::json& value, const std::string& what) {
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (text == "Infinity") return std::numeric_limits<double>::infinity();
    if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  }
  throw StatsInputError("expected a number for " + what + ", found " + value.dump());
}

double NumberField(const nlohmann::json& in, const char* name) {
  return ToNumber(Field(in, name), std::string("'") + name + "'");
}

double NumberField(const nlohmann::json& in, const char* name, double fallback) {
  return in.contains(name) ? NumberField(in, name) : fallback;
}

std::int64_t CountField(const nlohmann::json& in, const char* name) {
  const nlohmann::json& value = Field(in, name);
  const double number = ToNumber(value, std::string("'") + name + "'");
  if (!(number >= 0 && number <= 1e9) || number != std::floor(number)) {
    throw StatsInputError(std::string("expected an integer from 0 to 1000000000 for '") + name + "', found " +
                          value.dump());
  }
  return static_cast<std::int64_t>(number);
}

std::int64_t IntegerField(const nlohmann::json& in, const char* name, std::int64_t fallback) {
  const auto found = in.find(name);
  if (found == in.end()) return fallback;
  const double number = ToNumber(*found, std::string("'") + name + "'");
  if (!(std::abs(number) <= 9e15) || number != std::floor(number)) {
    throw StatsInputError(std::string("expected an integer for '") + name + "', found " + found->dump());
  }
  return static_cast<std::int64_t>(number);
}

std::string TextField(const nlohmann::json& in, const char* name, const std::string& fallback) {
  const auto found = in.find(name);
  if (found == in.end()) return fallback;
  if (!found->is_string()) {
    throw StatsInputError(std::string("expected text for '") + name + "', found " + found->dump());
  }
  return found->get<std::string>();
}

std::vector<double> NumbersField(const nlohmann::json& in, const char* name) {
  const nlohmann::json& value = Field(in, name);
  if (!value.is_array()) {
    throw StatsInputError(std::string("expected an array of numbers for '") + name + "', found " +
                          value.dump());
  }
  std::vector<double> numbers;
  numbers.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    numbers.push_back(ToNumber(value[i], std::string("'") + name + "[" + std::to_string(i) + "]'"));
  }
  return numbers;
}

nlohmann::ordered_json NumberJson(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

nlohmann::ordered_json NumbersJson(const std::vector<double>& values) {
  nlohmann::ordered_json array = nlohmann::ordered_json::array();
  for (const double value : values) array.push_back(NumberJson(value));
  return array;
}

void ResolveDatasets(nlohmann::json& cases) {
  std::map<std::string, nlohmann::json> arrays_of;  // by dataset: field -> array
  for (const nlohmann::json& item : cases) {
    if (!item.is_object() || !item.contains("in") || !item["in"].is_object()) continue;
    const nlohmann::json& in = item["in"];
    const std::string name = DatasetOf(in);
    if (name.empty()) continue;
    nlohmann::json& arrays = arrays_of[name];
    for (const auto& [key, value] : in.items()) {
      if (value.is_array() && !arrays.contains(key)) arrays[key] = value;
    }
  }
  for (nlohmann::json& item : cases) {
    if (!item.is_object() || !item.contains("in") || !item["in"].is_object()) continue;
    nlohmann::json& in = item["in"];
    const std::string name = DatasetOf(in);
    const auto found = arrays_of.find(name);
    if (name.empty() || found == arrays_of.end()) continue;
    for (const auto& [key, value] : found->second.items()) {
      if (!in.contains(key)) in[key] = value;
    }
  }
}

}  // namespace minslice::cli
