// A row of PostgreSQL's COPY in text format.
#ifndef MINSLICE_STORE_COPY_TEXT_H_
#define MINSLICE_STORE_COPY_TEXT_H_

#include <span>
#include <string>

#include "store/database.h"

namespace minslice::store {

// Of a value that is there.
std::string PlainText(const Value& value);
void AppendCopyLine(std::span<const Value> row, std::string& text);

}  // namespace minslice::store

#endif  // MINSLICE_STORE_COPY_TEXT_H_
