#include "gate/policy_fields.h"

#include <nlohmann/json.hpp>

namespace minslice::gate {

double OpenFraction(const yaml::Map& map, const char* key, double fallback, double low, double high,
                    const char* meaning) {
  const double value = map.GetDouble(key, fallback);
  if (value > low && value < high) return value;
  std::string text = std::string(meaning) + " must lie between " + nlohmann::json(low).dump() + " and " +
                     nlohmann::json(high).dump() + ", both excluded; found " + nlohmann::json(value).dump();
  if (value >= 1 && value <= 100) text += " (fractions, not points: 2 points are 0.02)";
  map.Error(key, text);
  return fallback;
}

}  // namespace minslice::gate
