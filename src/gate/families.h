// Which slices belong together, and the order of tests that follows from it.
#ifndef MINSLICE_GATE_FAMILIES_H_
#define MINSLICE_GATE_FAMILIES_H_

#include <map>
#include <memory>
#include <string>

#include "gate/rules.h"
#include "io/diagnostics.h"
#include "minslice/segment_policy.h"
#include "yaml/yaml.h"

namespace re2 {
class RE2;
}

namespace minslice::gate {

// segments.families of a policy; a file is read relative to `folder`, and its faults are reported at their
// place in it.
FamilyPolicy ReadFamilies(const yaml::Map& segments, const std::string& folder, io::Diagnostics& diagnostics);

// Finds the family of a slice by its name.
class FamilyFinder {
 public:
  explicit FamilyFinder(const FamilyPolicy& policy);  // kept by reference
  ~FamilyFinder();

  // Empty: none. In a file the exact name goes before patterns, a longer pattern before a shorter one. A
  // regular expression gives its first group, or without groups what stands before its first match.
  std::string Of(const std::string& dimension, const std::string& value) const;

 private:
  const FamilyPolicy& policy_;
  std::unique_ptr<re2::RE2> pattern_;
  std::map<std::string, std::string> by_name_;
};

// Fills in RuleValue::family.
void NameFamilies(const FamilyPolicy& policy, RuleInput& input);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_FAMILIES_H_
