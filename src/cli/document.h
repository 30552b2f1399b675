// A command's JSON document in the other formats of --format, so that each of them has the same content.
#ifndef MINSLICE_CLI_DOCUMENT_H_
#define MINSLICE_CLI_DOCUMENT_H_

#include <ostream>
#include <string>

#include "json/json.h"

namespace minslice::cli {

// format: json | markdown | csv. Markdown and CSV have a fact for every value (the keys of nested objects
// joined by dots) and a table for every list of objects.
void WriteDocument(const json::Value& document, const std::string& format, std::ostream& out);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_DOCUMENT_H_
