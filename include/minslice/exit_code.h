// Exit codes of the command, stable and documented in docs/commands.md. A crash can never read as a verdict.
#ifndef MINSLICE_EXIT_CODE_H_
#define MINSLICE_EXIT_CODE_H_

namespace minslice {

enum ExitCode : int {
  kExitOk = 0,             // success, or verdict promote
  kExitInternal = 1,       // our failure, or the machine's
  kExitUsage = 2,          // flags, files or data that cannot be used
  kExitHold = 10,          // verdict hold
  kExitInconclusive = 11,  // verdict inconclusive
  kExitBlocked = 12,       // verdict blocked
  kExitInvalid = 13,       // verdict invalid
};

}  // namespace minslice

#endif  // MINSLICE_EXIT_CODE_H_
