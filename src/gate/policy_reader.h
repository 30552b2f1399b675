// Reads gates/*.yaml: the long form of methods section 3 and the short gating: form of design.md.
#ifndef MINSLICE_GATE_POLICY_READER_H_
#define MINSLICE_GATE_POLICY_READER_H_

#include <string>

#include "minslice/policy.h"
#include "minslice/result.h"

namespace minslice::gate {

// Every error of the file at once; an unknown key is an error with a did-you-mean, a known key that this
// version does not act on yet is refused too, by name: a policy never means less than it says.
Result<Policy> LoadPolicy(const std::string& path);
// The same from text; `path` names it in messages.
Result<Policy> ParsePolicy(const std::string& text, const std::string& path);

// Canonical JSON of the resolved policy with every default.
std::string ResolvedPolicyJson(const Policy& policy);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_POLICY_READER_H_
