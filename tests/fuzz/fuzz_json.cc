// Input: any bytes as one JSON text.
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/check.h"
#include "json/canonical.h"
#include "json/json.h"
#include "json/node.h"

namespace minslice {
namespace {

using fuzz::Check;

void RunOne(std::string_view data) {
  const auto node = json::ParseNode(data, {"f", 1, 1});
  if (!node) {
    Check(node.error().diagnostics.size() == 1, "a refused text has one diagnostic");
    Check(node.error().diagnostics[0].where.line >= 1, "a diagnostic has a line");
    return;
  }
  const std::string canonical = json::Canonical(*node);
  const auto again = json::ParseNode(canonical, {});
  Check(again.has_value(), "canonical text is JSON");
  Check(json::Canonical(*again) == canonical, "canonical text is its own canonical text");
  const auto compact = json::ParseNode(json::Compact(*node), {});
  Check(compact.has_value() && json::SameValue(*compact, *node), "compact text keeps the value");
  Check(json::SameValue(*node, *node), "a value is the same as itself");
  json::Compact(json::ToValue(*node));
}

}  // namespace
}  // namespace minslice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  minslice::RunOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
