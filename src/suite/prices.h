// What a token costs, for gateways that do not say it: a table that is built in (configs/prices.yaml) and may
// be extended by one of the user's (docs/formats/prices.md).
#ifndef MINSLICE_SUITE_PRICES_H_
#define MINSLICE_SUITE_PRICES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "minslice/result.h"

namespace minslice::suite {

struct Price {  // USD a million tokens
  double input = 0;
  double output = 0;

  double Of(std::int64_t input_tokens, std::int64_t output_tokens) const {
    return (static_cast<double>(input_tokens) * input + static_cast<double>(output_tokens) * output) * 1e-6;
  }
  friend bool operator==(const Price&, const Price&) = default;
};

struct FoundPrice {
  Price price;
  std::string as_of;  // date of the table that has it
  std::string entry;  // the table's name of the model; empty: the price that is assumed for unknown models
  bool known() const { return !entry.empty(); }
};

class PriceTable {
 public:
  // The table that is built in.
  static PriceTable BuiltIn();
  // The built-in one with the entries of a file over it.
  static Result<PriceTable> WithFile(const std::string& path);
  static Result<PriceTable> Parse(const std::string& text, const std::string& path);

  // By the whole name, then without the provider before the last slash, then without a date at the end;
  // else the price assumed for models that are not listed.
  FoundPrice Find(std::string_view model) const;
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Price price;
    std::string as_of;
  };
  std::map<std::string, Entry, std::less<>> entries_;
  Entry default_;
};

}  // namespace minslice::suite

#endif  // MINSLICE_SUITE_PRICES_H_
