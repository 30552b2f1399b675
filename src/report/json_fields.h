// Fields of verdict.json, written and read: null for what could not be computed, text always valid UTF-8,
// errors with the path of the field.
#ifndef MINSLICE_REPORT_JSON_FIELDS_H_
#define MINSLICE_REPORT_JSON_FIELDS_H_

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "io/diagnostics.h"
#include "minslice/verdict.h"
#include "report/escape.h"

namespace minslice::report {

using Json = nlohmann::ordered_json;

inline Json Value(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

template <class T>
Json Value(const std::optional<T>& value) {
  if (!value) return nullptr;
  if constexpr (std::is_same_v<T, double>) {
    return Value(*value);
  } else {
    return *value;
  }
}

inline Json Texts(const std::vector<std::string>& texts) {
  Json list = Json::array();
  for (const std::string& text : texts) list.push_back(ValidUtf8(text));
  return list;
}

// Reads fields of an object. Absent and null fields keep the default; a field of another
// type is an error that names its path. Errors are collected.
class Reader {
 public:
  Reader(const Json& json, std::string path, io::Diagnostics& diagnostics, const std::string& file)
      : json_(&json), path_(std::move(path)), diagnostics_(&diagnostics), file_(&file) {
    if (!json.is_object()) {
      Error("", "an object");
      static const Json kEmpty = Json::object();
      json_ = &kEmpty;
    }
  }

  const Json* Find(const char* key) const {
    const auto it = json_->find(key);
    return it == json_->end() || it->is_null() ? nullptr : &*it;
  }
  void Error(const std::string& key, const std::string& expected) const {
    const std::string where = path_.empty() ? key : key.empty() ? path_ : path_ + "." + key;
    diagnostics_->Add({*file_, 0, 0}, "expected " + expected + " at " + (where.empty() ? "the top" : where));
  }
  void Require(const char* key) const {
    if (Find(key) == nullptr) Error(key, "a value");
  }

  void Get(const char* key, std::string& value) const {
    if (const Json* json = Find(key)) {
      if (json->is_string()) {
        value = json->get<std::string>();
      } else {
        Error(key, "text");
      }
    }
  }
  void Get(const char* key, bool& value) const {
    if (const Json* json = Find(key)) {
      if (json->is_boolean()) {
        value = json->get<bool>();
      } else {
        Error(key, "true or false");
      }
    }
  }
  void Get(const char* key, double& value) const {
    if (const Json* json = Find(key)) {
      if (json->is_number()) {
        value = json->get<double>();
      } else {
        Error(key, "a number");
      }
    }
  }
  template <class Integer>
    requires(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>)
  void Get(const char* key, Integer& value) const {
    if (const Json* json = Find(key)) {
      if (json->is_number_unsigned()) {
        const auto n = json->get<std::uint64_t>();
        if (std::in_range<Integer>(n)) {
          value = static_cast<Integer>(n);
          return;
        }
      } else if (json->is_number_integer()) {
        const auto n = json->get<std::int64_t>();
        if (std::in_range<Integer>(n)) {
          value = static_cast<Integer>(n);
          return;
        }
      }
      Error(key, "an integer");
    }
  }
  template <class T>
  void Get(const char* key, std::optional<T>& value) const {
    if (Find(key) == nullptr) return;
    T read{};
    Get(key, read);
    value = read;
  }
  void Get(const char* key, std::vector<std::string>& value) const {
    const Json* json = Find(key);
    if (json == nullptr) return;
    if (!json->is_array()) return Error(key, "a list of texts");
    value.clear();
    value.reserve(json->size());
    for (const Json& item : *json) {
      if (!item.is_string()) return Error(key, "a list of texts");
      value.push_back(item.get<std::string>());
    }
  }
  void GetDecision(const char* key, std::optional<Decision>& value) const {
    std::string name;
    Get(key, name);
    if (name.empty()) return;
    for (const Decision decision : {Decision::kPromote, Decision::kHold, Decision::kInconclusive,
                                    Decision::kBlocked, Decision::kInvalid}) {
      if (name == DecisionName(decision)) value = decision;
    }
    if (!value) Error(key, "promote, hold, inconclusive, blocked or invalid");
  }
  // [low, high], either may be null.
  void GetPair(const char* key, std::optional<double>& low, std::optional<double>& high) const {
    const Json* json = Find(key);
    if (json == nullptr) return;
    const auto fits = [](const Json& item) { return item.is_number() || item.is_null(); };
    if (!json->is_array() || json->size() != 2 || !fits((*json)[0]) || !fits((*json)[1])) {
      return Error(key, "two numbers");
    }
    if ((*json)[0].is_number()) low = (*json)[0].get<double>();
    if ((*json)[1].is_number()) high = (*json)[1].get<double>();
  }
  template <class F>
  void Object(const char* key, F&& read) const {
    if (const Json* json = Find(key)) read(Reader(*json, Join(key), *diagnostics_, *file_));
  }
  template <class F>
  void List(const char* key, F&& read) const {
    const Json* json = Find(key);
    if (json == nullptr) return;
    if (!json->is_array()) return Error(key, "a list");
    std::size_t i = 0;
    for (const Json& item : *json)
      read(Reader(item, Join(key) + "[" + std::to_string(i++) + "]", *diagnostics_, *file_));
  }
  const Json& json() const { return *json_; }

 private:
  std::string Join(const char* key) const { return path_.empty() ? key : path_ + "." + key; }

  const Json* json_;
  std::string path_;
  io::Diagnostics* diagnostics_;
  const std::string* file_;
};

// One list of fields serves for writing and reading: a function template that calls visit(key, field) for
// each, and visit.Pair(key, low, high) for two numbers in one array.
class FieldWriter {
 public:
  explicit FieldWriter(Json& json) : json_(json) {}
  template <class T>
  void operator()(const char* key, const T& value) const {
    if constexpr (std::is_same_v<T, std::string>) {
      json_[key] = ValidUtf8(value);
    } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
      json_[key] = Texts(value);
    } else if constexpr (std::is_integral_v<T>) {
      json_[key] = value;
    } else {
      json_[key] = Value(value);
    }
  }
  void Pair(const char* key, const std::optional<double>& low, const std::optional<double>& high) const {
    json_[key] = Json::array({Value(low), Value(high)});
  }

 private:
  Json& json_;
};

class FieldReader {
 public:
  explicit FieldReader(const Reader& reader) : reader_(reader) {}
  template <class T>
  void operator()(const char* key, T& value) const {
    reader_.Get(key, value);
  }
  void Pair(const char* key, std::optional<double>& low, std::optional<double>& high) const {
    reader_.GetPair(key, low, high);
  }

 private:
  const Reader& reader_;
};

}  // namespace minslice::report

#endif  // MINSLICE_REPORT_JSON_FIELDS_H_
