#include "json/json.h"

#include <charconv>

#include "io/file_system.h"
#include "io/utf8.h"

namespace minslice::json {

Value ToValue(const Node& node) {
  switch (node.type) {
    case Node::Type::kNull:
      return nullptr;
    case Node::Type::kBool:
      return node.boolean;
    case Node::Type::kString:
      return node.text;
    case Node::Type::kNumber: {
      const char* end = node.text.data() + node.text.size();
      std::int64_t integer = 0;
      if (const auto r = std::from_chars(node.text.data(), end, integer);
          r.ec == std::errc() && r.ptr == end) {
        return integer;
      }
      std::uint64_t natural = 0;
      if (const auto r = std::from_chars(node.text.data(), end, natural);
          r.ec == std::errc() && r.ptr == end) {
        return natural;
      }
      if (const auto value = node.Double()) return *value;
      return nullptr;  // beyond a double's range: nothing that stands for it
    }
    case Node::Type::kArray: {
      Value array = Value::array();
      for (const Node& item : node.items) array.push_back(ToValue(item));
      return array;
    }
    case Node::Type::kObject: {
      Value object = Value::object();
      auto& members = object.get_ref<Value::object_t&>();
      // Keys are distinct already: append without the search that operator[] makes.
      for (const Member& member : node.members)
        members.Container::emplace_back(member.key, ToValue(member.value));
      return object;
    }
  }
  return nullptr;
}

Result<Value> Parse(std::string_view text, const std::string& path) {
  const auto node = ParseNode(io::SkipByteOrderMark(text), {path, 1, 1});
  if (!node) return tl::unexpected(node.error());
  return ToValue(*node);
}

Result<Value> ReadFile(const std::string& path) {
  const auto text = io::RealFileSystem().ReadFile(path);
  if (!text) return tl::unexpected(text.error());
  return Parse(*text, path);
}

std::string Compact(const Value& value) {
  return value.dump(-1, ' ', false, Value::error_handler_t::replace);
}

std::string Pretty(const Value& value) {
  return value.dump(2, ' ', true, Value::error_handler_t::replace) + "\n";
}

}  // namespace minslice::json
