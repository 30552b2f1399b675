// Statistics by name: every function of tests/data/golden/stats.json as JSON in, JSON out.
// A function reads the fields of a case's "in" object and gives the fields of its "expect" object; sign and
// table as in the golden file's conventions: n11 both pass, n10 only the incumbent, n01 only the candidate,
// n00 neither.
#ifndef MINSLICE_CLI_STATS_REGISTRY_H_
#define MINSLICE_CLI_STATS_REGISTRY_H_

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "minslice/estimate.h"

namespace minslice::cli {

using StatsFunction = std::function<nlohmann::ordered_json(const nlohmann::json& in)>;

class StatsRegistry {
 public:
  void Add(const std::string& name, StatsFunction function) { functions_[name] = std::move(function); }
  const StatsFunction* Find(const std::string& name) const;
  std::vector<std::string> Names() const;  // ascending

 private:
  std::map<std::string, StatsFunction> functions_;
};

// One Register function a source file stats_functions_<topic>.cc; StatsFunctions() calls them all.
void RegisterBinaryFunctions(
    StatsRegistry& registry);  // McNemar, paired intervals, bootstrap of binary pairs, power
void RegisterGradedFunctions(StatsRegistry& registry);      // t, Wilcoxon, bootstrap of means, clusters
void RegisterSliceFunctions(StatsRegistry& registry);       // adjusted p-values, max-T
void RegisterSequentialFunctions(StatsRegistry& registry);  // e-processes, confidence sequences
void RegisterJudgeFunctions(StatsRegistry& registry);       // correlation, kappa, PPI, shrinkage

// Every function there is.
const StatsRegistry& StatsFunctions();

// A StatsFunction throws this for an input that it cannot use, or where the result does not exist: the text
// says which.
class StatsInputError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Fields of "in". Numbers may be given as "NaN", "Infinity", "-Infinity". A missing or unusable field is a
// StatsInputError that names it.
double NumberField(const nlohmann::json& in, const char* name);
double NumberField(const nlohmann::json& in, const char* name, double fallback);
std::int64_t CountField(const nlohmann::json& in, const char* name);  // an integer, 0 to 1e9
std::int64_t IntegerField(const nlohmann::json& in, const char* name, std::int64_t fallback);
std::string TextField(const nlohmann::json& in, const char* name, const std::string& fallback);
std::vector<double> NumbersField(const nlohmann::json& in, const char* name);
double ToNumber(const nlohmann::json& value, const std::string& what);

// A number, or "NaN", "Infinity", "-Infinity", which JSON has no numbers for.
nlohmann::ordered_json NumberJson(double value);
nlohmann::ordered_json NumbersJson(const std::vector<double>& values);

template <class T>
T ValueOrThrow(Computed<T> computed) {
  if (!computed) throw StatsInputError(computed.error().code + ": " + computed.error().text);
  return *std::move(computed);
}

// Merges data that is given once: a case whose "in" has a "dataset" or "name" takes the arrays that it lacks
// from the first case with the same name that carries them (parameters are never taken over). Works in place
// on an array of cases {"id", "fn", "in"}.
void ResolveDatasets(nlohmann::json& cases);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_STATS_REGISTRY_H_
