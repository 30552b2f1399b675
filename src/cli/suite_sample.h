#ifndef MINSLICE_CLI_SUITE_SAMPLE_H_
#define MINSLICE_CLI_SUITE_SAMPLE_H_

#include "cli/session.h"

namespace minslice::cli {

// `minslice suite sample`, under the app of `suite`.
void AddSuiteSampleCommand(CLI::App& suite, Session& session);

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_SUITE_SAMPLE_H_
