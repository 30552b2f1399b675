// --store: where the store lies. Passwords come from the environment and are never shown.
#ifndef MINSLICE_STORE_ADDRESS_H_
#define MINSLICE_STORE_ADDRESS_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "minslice/result.h"

namespace minslice::store {

struct Address {
  std::string file;                                          // of sqlite:FILE; empty: PostgreSQL
  std::vector<std::pair<std::string, std::string>> options;  // libpq's connection keywords
  std::string shown;                                         // what messages may name
  std::vector<std::string> secrets;                          // to be taken out of what a server says

  bool is_sqlite() const { return !file.empty(); }
};

// Replaces ${NAME}; `what` names the part in the message.
using Expand = std::function<Result<std::string>(const std::string& text, const std::string& what)>;

// "sqlite:FILE" or "postgres://[USER[:${NAME}]@][HOST][:PORT][/DATABASE][?KEYWORD=VALUE&...]", each part of
// which may hold ${NAME}, or the whole of which is one. A password that stands in the text itself is refused:
// every user of the machine can read a command line.
Result<Address> ReadAddress(const std::string& text, const Expand& expand);

}  // namespace minslice::store

#endif  // MINSLICE_STORE_ADDRESS_H_
