// What the readers of a policy's parts share.
#ifndef MINSLICE_GATE_POLICY_FIELDS_H_
#define MINSLICE_GATE_POLICY_FIELDS_H_

#include <string>

#include "yaml/yaml.h"

namespace minslice::gate {

// A fraction in (low, high), both excluded.
double OpenFraction(const yaml::Map& map, const char* key, double fallback, double low, double high,
                    const char* meaning);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_POLICY_FIELDS_H_
