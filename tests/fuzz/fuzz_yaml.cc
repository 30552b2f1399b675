// Input: any bytes as one YAML document; every value of it is asked for by every type.
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/check.h"
#include "yaml/yaml.h"

namespace minslice {
namespace {

using fuzz::Check;

// The budget is for aliases: a small text may name a tree without end.
void Walk(const yaml::Node& node, int& budget) {
  if (--budget < 0) return;
  node.Describe();
  node.String();
  node.Int({.min = 0, .max = 10});
  node.Double();
  node.Bool();
  if (node.kind() == yaml::Kind::kList) {
    for (const yaml::Node& item : node.Items()) Walk(item, budget);
  }
  if (node.kind() == yaml::Kind::kMap) {
    const yaml::Map map = node.AsMap();
    for (const std::string& key : map.Keys()) Walk(map.Get(key), budget);
    const std::size_t before = node.AsMap().Keys().size();
    Check(map.Keys().size() == before, "reading a map changes nothing");
    map.Finish();
  }
}

void RunOne(std::string_view data) {
  io::Diagnostics diagnostics;
  const yaml::Node root = yaml::ParseNode(data, "f", diagnostics);
  if (!root.present()) return;
  Check(root.where().file == "f", "a node knows its file");
  int budget = 2000;
  Walk(root, budget);
  if (!diagnostics.empty()) Check(!diagnostics.ToFailure(5).diagnostics.empty(), "errors become a failure");
}

}  // namespace
}  // namespace minslice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  minslice::RunOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
