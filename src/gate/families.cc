#include "gate/families.h"

#include <re2/re2.h>

#include <string_view>
#include <utility>

#include "gate/slice_names.h"
#include "io/file_system.h"
#include "io/nearest_name.h"

namespace minslice::gate {
namespace {

re2::RE2::Options Quiet() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  return options;
}

// families: {payments: [refund_flow, "payments/*"], ...}; one name in two families would have two answers.
void ReadMembers(const yaml::Map& map, const std::string& path, io::Diagnostics& diagnostics,
                 FamilyPolicy& policy) {
  const Result<std::string> text = io::RealFileSystem().ReadFile(path);
  if (!text) {
    map.Error("file", text.error().diagnostics.front().ToString());
    return;
  }
  const yaml::Map root = yaml::ParseMap(*text, path, diagnostics);
  if (!root.present()) return;
  if (const std::int64_t version = root.GetInt("version", 1); version != 1)
    root.Error("version", "only version 1 of a families file is known");
  const yaml::Map families = root.GetMap("families");
  if (!families.present()) root.Error("families", "expected families: {name: [slice, ...], ...}");
  std::map<std::string, std::string> family_of;
  for (const std::string& name : families.Keys()) {
    std::vector<std::string> members;
    for (const yaml::Node& item : families.GetList(name)) {
      std::string member = item.String().value_or("");
      if (member.empty()) continue;
      const auto [known, is_new] = family_of.try_emplace(member, name);
      if (!is_new) {
        item.Error(io::Quoted(member) + " is in the family " + io::Quoted(known->second) + " already");
        continue;
      }
      members.push_back(std::move(member));
    }
    policy.members.emplace_back(name, std::move(members));
  }
  families.Finish();
  root.Finish();
}

}  // namespace

FamilyPolicy ReadFamilies(const yaml::Map& segments, const std::string& folder,
                          io::Diagnostics& diagnostics) {
  FamilyPolicy policy;
  const yaml::Map map = segments.GetMap("families");
  if (!map.present()) return policy;
  policy.method = map.GetChoice("method", policy.method, {"hierarchical", "none"});
  policy.dimension = map.GetString("dimension", "");
  policy.file = map.GetString("file", "");
  policy.pattern = map.GetString("pattern", "");
  if (policy.file.empty() == policy.pattern.empty()) {
    segments.Error(
        "families",
        "families needs either file (a YAML file of names) or pattern (a regular expression over the "
        "slice's name)");
  }
  if (!policy.pattern.empty()) {
    const re2::RE2 pattern(policy.pattern, Quiet());
    if (!pattern.ok())
      map.Error("pattern", "this is no regular expression (RE2): " + pattern.error());
    else if (pattern.NumberOfCapturingGroups() > 1)
      map.Error("pattern", "the pattern has more than one group; make the others (?:...)");
  }
  map.Finish();
  if (!policy.file.empty()) ReadMembers(map, io::JoinPath(folder, policy.file), diagnostics, policy);
  return policy;
}

FamilyFinder::FamilyFinder(const FamilyPolicy& policy) : policy_(policy) {
  if (!policy.pattern.empty()) pattern_ = std::make_unique<re2::RE2>(policy.pattern, Quiet());
  for (const auto& [family, members] : policy.members) {
    for (const std::string& member : members) by_name_.emplace(member, family);
  }
}

FamilyFinder::~FamilyFinder() = default;

std::string FamilyFinder::Of(const std::string& dimension, const std::string& value) const {
  if (!policy_.dimension.empty() && policy_.dimension != dimension) return "";
  if (pattern_ != nullptr) {
    if (!pattern_->ok()) return "";
    const re2::StringPiece text(value);
    re2::StringPiece found[2];
    const bool group = pattern_->NumberOfCapturingGroups() > 0;
    if (!pattern_->Match(text, 0, value.size(), re2::RE2::UNANCHORED, found, group ? 2 : 1)) return "";
    if (group) return found[1].data() == nullptr ? "" : std::string(found[1]);
    return value.substr(0, static_cast<std::size_t>(found[0].data() - value.data()));
  }
  if (const auto exact = by_name_.find(value); exact != by_name_.end()) return exact->second;
  std::string family;
  std::size_t longest = 0;
  for (const auto& [name, members] : policy_.members) {
    for (const std::string& member : members) {
      if (member.size() <= longest || member.find('*') == std::string::npos) continue;
      if (!MatchesPattern(member, value)) continue;
      longest = member.size();
      family = name;
    }
  }
  return family;
}

void NameFamilies(const FamilyPolicy& policy, RuleInput& input) {
  if (!policy.present()) return;
  const FamilyFinder finder(policy);
  for (RuleDimension& dimension : input.dimensions) {
    for (RuleValue& value : dimension.values) {
      if (!value.no_value) value.family = finder.Of(dimension.name, value.value);
    }
  }
}

}  // namespace minslice::gate
