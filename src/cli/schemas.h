// The JSON Schemas of docs/schemas, which CMake embeds.
#ifndef MINSLICE_CLI_SCHEMAS_H_
#define MINSLICE_CLI_SCHEMAS_H_

#include <string_view>

namespace minslice::cli {

// The text of "suite.schema.json" and the like; empty where there is none of that name.
std::string_view SchemaFile(std::string_view file_name);

inline constexpr const char* kSchemaNames[] = {"suite", "case", "policy", "log", "verdict", "counts"};

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_SCHEMAS_H_
